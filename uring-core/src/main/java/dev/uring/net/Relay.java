package dev.uring.net;

import dev.uring.base.ForwardException;

/**
 * Two connections joined: what arrives at one is forwarded to the other, in both directions.
 *
 * <h2>Shapes and units</h2>
 *
 * Two {@link Forward}s. An end of input is passed on, and the other direction goes on: a peer that
 * has finished sending still gets its answer. When both directions have ended, both connections are
 * closed in order. When one fails, both are reset, so that neither peer takes half a message for
 * the whole.
 *
 * <h2>Ownership</h2>
 *
 * While it runs, both inputs are the relay's. It ends both connections unless it is stopped.
 *
 * <h2>Threading and cancellation</h2>
 *
 * Both connections live on one worker, and every method belongs to its thread.
 *
 * <h2>Errors</h2>
 *
 * {@link ForwardException} to the listener, as {@link Forward} explains.
 */
public final class Relay {
  private static final int DIRECTIONS = 2;

  private final Connection first;
  private final Connection second;
  private final RelayListener listener;
  private final Forward there;
  private final Forward back;
  private int endedCount;
  private boolean isStopped;
  private ForwardException failure;

  private Relay(Connection first, Connection second, RelayListener listener) {
    this.first = first;
    this.second = second;
    this.listener = listener;
    this.there = first.forwardTo(second, this::ended);
    try {
      this.back = second.forwardTo(first, this::ended);
    } catch (RuntimeException refused) {
      isStopped = true;
      there.stop();
      throw refused;
    }
  }

  /**
   * Joins two connections of one worker.
   *
   * @param first one of them
   * @param second the other
   * @param listener hears of the end
   * @return the relay, which runs
   */
  public static Relay start(Connection first, Connection second, RelayListener listener) {
    return new Relay(first, second, listener);
  }

  /**
   * Bytes taken from the first connection so far.
   *
   * @return bytes
   */
  public long bytesFromFirst() {
    return there.bytes();
  }

  /**
   * Bytes taken from the second connection so far.
   *
   * @return bytes
   */
  public long bytesFromSecond() {
    return back.bytes();
  }

  /**
   * Takes the two apart as they stand, and leaves them to the program. What is taken from one is
   * still sent to the other. Does nothing after the end.
   */
  public void stop() {
    isStopped = true;
    there.stop();
    back.stop();
  }

  private void ended(Forward direction, ForwardException why) {
    endedCount++;
    if (why != null && failure == null && !isStopped) {
      failure = why;
      first.abort();
      second.abort();
    }
    if (endedCount == DIRECTIONS) {
      if (failure == null && !isStopped) {
        first.close();
        second.close();
      }
      listener.onRelayEnd(this, failure);
    }
  }
}

package dev.uring.client.session;

import dev.uring.bytes.ByteView;
import dev.uring.codec.DecodeStatus;
import java.util.List;
import java.util.function.Consumer;

/**
 * A session of a protocol that answers in the order of the requests. A subclass has the decoder.
 *
 * <h2>Threading and cancellation</h2>
 *
 * One thread. Allocates nothing once the queue of requests has grown, if the decoder does not.
 *
 * <h2>Errors</h2>
 *
 * {@link #errorText()} after what the decoder calls bad, and after a reply that nobody waits for.
 *
 * @param <R> what a reply is read with
 */
public abstract class InOrderSession<R> implements ProtocolSession<R> {
  private final String protocol;
  private final ReplyRing<R> ring;
  private boolean isStopped;
  private String errorText;

  /**
   * A session for a new connection.
   *
   * @param protocol what the protocol is called in faults
   * @param repliesMax most replies that may be waited for at once
   */
  protected InOrderSession(String protocol, int repliesMax) {
    this.protocol = protocol;
    this.ring = new ReplyRing<>(repliesMax);
  }

  /**
   * Looks for the next whole reply, which {@link #reply()} is if there is one.
   *
   * @param bytes the unconsumed bytes; after {@code NEED_MORE} the same ones followed by more
   * @param from where they begin
   * @return {@code DONE}, {@code NEED_MORE}, or {@code BAD} with a {@link #decoderFault()}
   */
  protected abstract DecodeStatus decode(ByteView bytes, int from);

  /**
   * How far the last {@link #decode} moved its input.
   *
   * @return bytes from {@code from} on that are not shown again, whatever the answer was
   */
  protected abstract int consumedBytes();

  /**
   * The reply found last.
   *
   * @return borrowed until the next {@link #decode}
   */
  protected abstract R reply();

  /**
   * What the decoder calls bad.
   *
   * @return the fault, its numbers and where it stands
   */
  protected abstract String decoderFault();

  /** Frees the decoder's memory. */
  protected abstract void closeDecoder();

  /**
   * Whether a reply answers nothing, because the server speaks without being asked.
   *
   * @param reply the reply found last
   * @return {@code true} if it goes to {@link #pushed} and not to a request
   */
  protected boolean isPush(R reply) {
    return false;
  }

  /**
   * The server has said something without being asked.
   *
   * @param reply borrowed for the call
   */
  protected void pushed(R reply) {}

  @Override
  public final boolean hasRoom(int replies) {
    return ring.hasRoom(replies);
  }

  @Override
  public final int repliesExpected() {
    return ring.expected();
  }

  @Override
  public final long repliesTotal() {
    return ring.total();
  }

  @Override
  public final void sent(Pending<R> pending) {
    ring.add(pending);
  }

  @Override
  public final int received(ByteView bytes) {
    int at = 0;
    while (!isStopped && errorText == null && at < bytes.size()) {
      DecodeStatus status = decode(bytes, at);
      at += consumedBytes();
      if (status == DecodeStatus.NEED_MORE) {
        break;
      }
      if (status == DecodeStatus.BAD) {
        errorText = decoderFault();
      } else {
        dispatch(reply());
      }
    }
    return at;
  }

  @Override
  public final String errorText() {
    return errorText;
  }

  @Override
  public final void stop() {
    isStopped = true;
  }

  /**
   * A request that waits.
   *
   * @param index from 0, the oldest: the next reply is its
   * @return the request
   */
  public final Pending<R> pending(int index) {
    return ring.get(index);
  }

  @Override
  public final int pendingCount() {
    return ring.count();
  }

  @Override
  public final void forEachPending(Consumer<? super Pending<R>> visitor) {
    for (int i = 0; i < ring.count(); i++) {
      visitor.accept(ring.get(i));
    }
  }

  @Override
  public final List<Pending<R>> end() {
    stop();
    closeDecoder();
    return ring.clear();
  }

  private void dispatch(R reply) {
    if (isPush(reply)) {
      pushed(reply);
    } else if (!ring.answer(reply)) {
      errorText = protocol + ": a reply came that answers no command";
    }
  }
}

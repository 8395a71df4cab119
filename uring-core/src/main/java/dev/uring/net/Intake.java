package dev.uring.net;

import dev.uring.base.ForwardException;
import dev.uring.bytes.ByteView;

/**
 * Takes what a connection receives, in its handler's place.
 *
 * <h2>Shapes and units</h2>
 *
 * Bytes in order, first what is unconsumed. {@link #take} says how many it took; the rest is
 * offered again when more arrives or after {@link #resumeInput}.
 *
 * <h2>Ownership</h2>
 *
 * Views are borrowed for the call. An intake that wants to use the bytes longer without a copy
 * retains the receive buffer they lie in.
 *
 * <h2>Threading and cancellation</h2>
 *
 * Everything belongs to the connection's worker. From {@link #attach} to {@link #detach} the
 * handler is not offered input; afterwards it is offered whatever was not taken.
 */
public abstract class Intake {
  private Connection connection;

  /** For subclasses. */
  protected Intake() {}

  /**
   * Takes the input of a connection from now on.
   *
   * @param source the connection
   * @throws IllegalStateException another intake has it
   */
  protected final void attach(Connection source) {
    if (source.outgoing() != null) {
      throw new IllegalStateException("the input of " + source
          + " is being forwarded already.\n  Bytes have one order: wait for that end first.");
    }
    // Asked while the kernel knows: a failure shall name the one that was lost.
    source.remoteAddress();
    connection = source;
    source.forwardsTo(this);
  }

  /** Gives the input back to the handler. Does nothing when it has it already. */
  protected final void detach() {
    if (connection != null && connection.outgoing() == this) {
      connection.forwardsTo(null);
    }
  }

  /** Stops receiving; what is under way still comes. {@link #isHeld} must be true from before. */
  protected final void holdInput() {
    connection.holdInput();
  }

  /** Receives again, and offers what was left; {@link #isHeld} must be false from before. */
  protected final void resumeInput() {
    connection.releaseInput();
  }

  /**
   * Arrivals smaller than this are cheaper to copy than to hold a receive buffer for.
   *
   * @return {@code RuntimeConfig.retainBytesMin}
   */
  protected final int retainBytesMin() {
    return connection.limits.retainBytesMin();
  }

  /**
   * Says that the connection ended it.
   *
   * @param takenBytes bytes taken before
   * @param what what happened to the connection
   * @param cause why, or null
   * @return an exception that names the connection
   */
  protected final ForwardException sourceFailure(long takenBytes, String what, Throwable cause) {
    return new ForwardException(
        ForwardException.Side.SOURCE, takenBytes, "(" + connection.describe() + ") " + what, cause);
  }

  /**
   * Whether the connection is to stop receiving although nobody paused it.
   *
   * @return {@code true} while it is held back
   */
  protected abstract boolean isHeld();

  /**
   * Takes what it may of the unconsumed bytes.
   *
   * @param unconsumed borrowed for the call, not empty
   * @param bufferId the receive buffer they lie in, or {@code NO_BUFFER}
   * @return how many bytes it took, from the front
   */
  protected abstract int take(ByteView unconsumed, int bufferId);

  /**
   * The peer has finished sending and every byte is taken.
   *
   * @return whether the end is taken too, and not offered to the handler afterwards
   */
  protected abstract boolean inputEnded();

  /**
   * The program ended the connection in order.
   *
   * @param operation with what
   */
  protected abstract void sourceClosed(String operation);

  /**
   * The connection is gone.
   *
   * @param cause why, or null when it was closed in order
   */
  protected abstract void sourceGone(Throwable cause);
}

package dev.uring.net;

import dev.uring.base.ForwardException;
import dev.uring.base.ForwardException.Side;
import dev.uring.base.PoolExhaustedException;
import dev.uring.bytes.ByteView;
import java.util.Objects;

/**
 * Bytes of one connection on their way to another, untouched: the receive buffers that the kernel
 * filled are queued for sending as they are, and go back when they are sent.
 *
 * <h2>Shapes and units</h2>
 *
 * Everything unconsumed and everything that arrives, in order, up to a limit of bytes or to the end
 * of input. Without a limit the end of input is forwarded too: the target sends a FIN behind the
 * last byte. The forwarding is over when the target's kernel has taken its last byte.
 *
 * <h2>Ownership</h2>
 *
 * The connections stay the program's. While it runs, the source's input is the forwarding's: its
 * handler is not offered bytes, and the end that is forwarded is not offered afterwards either.
 * Anybody may go on writing to the target; bytes written in between go in between.
 *
 * <p>Arrivals below {@code retainBytesMin} are copied, which is cheaper than holding a buffer for
 * them. The others hold theirs. Bounds: when {@code sendHighWaterBytes} are unsent at the target
 * the source stops receiving, until they have fallen to {@code sendLowWaterBytes}; and all
 * connections of a worker together hold half of its receive buffers at most, beyond which bytes are
 * copied. So a stuck target holds back its source and starves nobody else.
 *
 * <h2>Threading and cancellation</h2>
 *
 * Both connections live on one worker, and every method belongs to its thread. {@link #stop} ends
 * it as it stands.
 *
 * <h2>Errors</h2>
 *
 * {@link ForwardException} to the listener when a connection is lost or closed here, or when the
 * input ends before the limit; it names the side. The other connection is left as it is, for the
 * program to close or reset.
 */
public final class Forward extends Intake {
  /** No limit: to the end of input. */
  public static final long UNLIMITED = Long.MAX_VALUE;

  private enum State {
    RUNNING,
    /** The last byte is queued; the target's kernel has not taken it yet. */
    DRAINING,
    /** Decided; the listener is about to hear. */
    ENDED
  }

  private final Connection source;
  private final Connection target;
  private final long limit;
  private final ForwardListener listener;
  private final long resumeAtBytes;
  private final long holdAtBytes;

  private State state = State.RUNNING;
  private long bytes;
  private boolean isHeld;
  // How many bytes the target has sent in all when the last one forwarded is gone.
  private long drainedAt;
  private ForwardException failure;

  private Forward(
      Connection source,
      Connection target,
      long limit,
      NetLimits limits,
      ForwardListener listener) {
    this.source = source;
    this.target = target;
    this.limit = limit;
    this.listener = listener;
    this.holdAtBytes = limits.sendHighWaterBytes();
    this.resumeAtBytes = Math.min(limits.sendLowWaterBytes(), holdAtBytes - 1);
  }

  static Forward start(
      Connection source,
      Connection target,
      long limit,
      NetLimits limits,
      ForwardListener listener) {
    Objects.requireNonNull(listener, "listener");
    if (limit < 0) {
      throw new IllegalArgumentException("forward of " + limit + " bytes");
    }
    if (source.worker() != target.worker()) {
      throw new IllegalArgumentException("forward from "
          + source
          + " to "
          + target
          + ": they live on different workers.\n  Open the one on the worker of the other:"
          + " runtime.connect(source.worker(), …).");
    }
    if (source.outgoing() != null || target.incoming() != null) {
      throw new IllegalStateException("forward from "
          + source
          + " to "
          + target
          + ": "
          + (source.outgoing() != null ? "the source" : "the target")
          + " takes part in another one.\n  Bytes have one order: wait for the other's end first.");
    }
    Forward forward = new Forward(source, target, limit, limits, listener);
    // Asked while the kernel knows: a failure shall name the one that was lost.
    target.remoteAddress();
    forward.attach(source);
    target.forwardedFrom(forward);
    if (!source.isOpen()) {
      forward.fail(Side.SOURCE, "was not open any more", null);
    } else if (!target.mayWrite()) {
      forward.fail(Side.TARGET, "was not open for writing any more", null);
    } else if (limit == 0) {
      forward.finish();
    }
    return forward;
  }

  /**
   * Bytes taken from the source so far. Once the listener has heard of an end without a failure,
   * each of them is with the target's kernel.
   *
   * @return bytes
   */
  public long bytes() {
    return bytes;
  }

  /**
   * Where the bytes come from.
   *
   * @return the source
   */
  public Connection source() {
    return source;
  }

  /**
   * Where the bytes go.
   *
   * @return the target
   */
  public Connection target() {
    return target;
  }

  /**
   * Whether the end is decided.
   *
   * @return {@code true} from then on; the listener hears of it in this turn or the next
   */
  public boolean isEnded() {
    return state == State.ENDED;
  }

  /**
   * Ends it as it stands: what is taken from the source is sent, the rest stays with the source, no
   * FIN follows. Both connections are free at once; the listener hears, of an end without a
   * failure, in this turn or the next. Does nothing after the end.
   */
  public void stop() {
    source.worker().checkCurrent();
    end(null);
    detachBoth();
  }

  private void detachBoth() {
    detach();
    if (target.incoming() == this) {
      target.forwardedFrom(null);
    }
  }

  private void tellEnd() {
    detachBoth();
    try {
      listener.onForwardEnd(this, failure);
    } catch (Throwable thrown) {
      source.fail(thrown);
    }
  }

  @Override
  protected boolean isHeld() {
    return isHeld;
  }

  @Override
  protected int take(ByteView unconsumed, int bufferId) {
    if (state != State.RUNNING) {
      return 0;
    }
    // More than there is room for comes only when the kernel had it on its way before it heard of
    // the hold, or when others fill the target's queue: the rest waits in the source.
    long most = Math.min(limit - bytes, target.outputRoomBytes());
    int count = (int) Math.min(unconsumed.size(), most);
    if (count > 0 && !queue(unconsumed, count, bufferId)) {
      return 0;
    }
    bytes += count;
    if (bytes == limit) {
      finish();
    } else if (!isHeld && target.unsentBytes() >= holdAtBytes) {
      isHeld = true;
      holdInput();
    }
    return count;
  }

  private boolean queue(ByteView unconsumed, int count, int bufferId) {
    try {
      target.writeReceived(unconsumed, count, bufferId);
      return true;
    } catch (PoolExhaustedException exhausted) {
      // It has reset the target and so ended this; the source is not to blame.
      return false;
    }
  }

  @Override
  protected boolean inputEnded() {
    if (state != State.RUNNING) {
      return false;
    }
    if (limit != UNLIMITED) {
      fail(Side.SOURCE, "finished before the limit of " + limit + " bytes", null);
      return false;
    }
    // First the state: the FIN is this forwarding's own, not somebody ending its target.
    finish();
    target.shutdownOutput();
    return true;
  }

  /** The target's kernel has taken bytes. */
  void targetSent() {
    if (state == State.DRAINING) {
      if (target.sentBytesTotal() >= drainedAt) {
        end(null);
      }
    } else if (isHeld && target.unsentBytes() <= resumeAtBytes) {
      isHeld = false;
      resumeInput();
    }
  }

  @Override
  protected void sourceClosed(String operation) {
    sideClosed(Side.SOURCE, operation);
  }

  @Override
  protected void sourceGone(Throwable cause) {
    sideReleased(Side.SOURCE, cause);
  }

  /** The program ended a side in order; what is queued at the target is still sent. */
  void sideClosed(Side side, String operation) {
    if (state == State.RUNNING) {
      fail(side, "was ended by this side's " + operation, null);
    }
  }

  /** A side is gone, in whatever way. */
  void sideReleased(Side side, Throwable cause) {
    // Once everything is queued the source's fate does not matter.
    if (state == State.RUNNING || state == State.DRAINING && side == Side.TARGET) {
      fail(side, cause == null ? "was closed" : "was lost", cause);
    }
  }

  private void finish() {
    state = State.DRAINING;
    isHeld = false;
    drainedAt = target.sentBytesTotal() + target.unsentBytes();
    targetSent();
  }

  private void fail(Side side, String what, Throwable cause) {
    Connection ended = side == Side.SOURCE ? source : target;
    end(new ForwardException(side, bytes, "(" + ended.describe() + ") " + what, cause));
  }

  // The listener is called from the loop's top level, because what ends a forwarding may be a call
  // of its handler. Until then both connections stay taken.
  private void end(ForwardException why) {
    if (state != State.ENDED) {
      state = State.ENDED;
      failure = why;
      isHeld = false;
      source.worker().execute(this::tellEnd);
    }
  }
}

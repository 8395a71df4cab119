package dev.uring.base;

/**
 * Bytes could not be forwarded to the end: one of the two connections ended before.
 *
 * <p>What was forwarded before is not taken back: {@link #forwardedBytes()} of them were taken from
 * the source. When the target is lost, those it had not sent are lost with it.
 */
public final class ForwardException extends UringException {
  private static final long serialVersionUID = 1L;

  /** Which connection ended the forwarding. */
  public enum Side {
    /** The one the bytes come from. */
    SOURCE,
    /** The one the bytes go to. */
    TARGET
  }

  /** The connection that ended. */
  private final Side side;

  /** Bytes taken from the source before. */
  private final long forwardedBytes;

  /**
   * A forwarding that did not reach its end.
   *
   * @param side the connection that ended
   * @param forwardedBytes bytes taken from the source before
   * @param what what happened to that connection, with its name
   * @param cause why it ended, or null when there is no more to say
   */
  public ForwardException(Side side, long forwardedBytes, String what, Throwable cause) {
    super(
        "forwarding ended after "
            + forwardedBytes
            + " bytes: "
            + (side == Side.SOURCE ? "the source " : "the target ")
            + what
            + "."
            + (cause == null ? "" : "\n  Cause: " + cause.getMessage()),
        cause);
    this.side = side;
    this.forwardedBytes = forwardedBytes;
  }

  /**
   * The connection that ended; the other one may still be used.
   *
   * @return source or target
   */
  public Side side() {
    return side;
  }

  /**
   * What was taken from the source.
   *
   * @return bytes
   */
  public long forwardedBytes() {
    return forwardedBytes;
  }
}

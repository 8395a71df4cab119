package dev.uring.driver;

/** A receive whose arrivals the kernel may stamp; see {@link Driver#receiveStamped}. */
public abstract class ReceiveOperation extends Operation {
  /** Says that the kernel did not tell when an arrival came. */
  public static final long NO_STAMP = 0;

  // Of the present asking and the present answer.
  int stampBytes;
  long stampNanos = NO_STAMP;

  /** For subclasses. */
  protected ReceiveOperation() {}

  /**
   * How many bytes of the kernel's own lie in a buffer in front of what was received.
   *
   * @return bytes; the same for every answer of an asking, 0 for one without stamps
   */
  protected final int stampBytes() {
    return stampBytes;
  }

  /**
   * When the kernel took the last of the present arrival's bytes from the network.
   *
   * @return nanoseconds since 1970 by the kernel's clock of the day, or {@link #NO_STAMP}
   */
  protected final long stampNanos() {
    return stampNanos;
  }
}

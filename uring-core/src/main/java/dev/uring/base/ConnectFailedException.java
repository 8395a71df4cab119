package dev.uring.base;

/** A connection could not be opened. */
public final class ConnectFailedException extends UringException {
  private static final long serialVersionUID = 1L;

  /** The positive error number of the kernel; 0 when this side gave up. */
  private final int errno;

  /**
   * A failed attempt.
   *
   * @param message to where, why, and what to do
   * @param errno the positive error number, or 0 when this side gave up
   */
  public ConnectFailedException(String message, int errno) {
    super(message);
    this.errno = errno;
  }

  /**
   * The kernel's reason.
   *
   * @return the positive error number, for example 111 (ECONNREFUSED); 0 after a timeout or a
   *     cancellation
   */
  public int errno() {
    return errno;
  }
}

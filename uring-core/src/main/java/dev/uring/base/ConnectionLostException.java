package dev.uring.base;

/**
 * The connection ended otherwise than by both sides closing it in order: reset by the peer, timed
 * out by the kernel, or aborted here.
 */
public final class ConnectionLostException extends UringException {
  private static final long serialVersionUID = 1L;

  /** The positive error number the kernel reported; 0 when this side aborted. */
  private final int errno;

  /**
   * A lost connection.
   *
   * @param message what happened and to which peer
   * @param errno the positive error number, or 0 when this side aborted
   */
  public ConnectionLostException(String message, int errno) {
    super(message);
    this.errno = errno;
  }

  /**
   * A connection lost with the worker it lived on.
   *
   * @param message what happened
   * @param errno the positive error number, or 0 when there is none
   * @param cause what broke the worker, or null when it was stopped
   */
  public ConnectionLostException(String message, int errno, Throwable cause) {
    super(message, cause);
    this.errno = errno;
  }

  /**
   * The kernel's reason.
   *
   * @return the positive error number, for example 104 (ECONNRESET); 0 when this side aborted
   */
  public int errno() {
    return errno;
  }
}

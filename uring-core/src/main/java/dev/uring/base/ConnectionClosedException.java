package dev.uring.base;

/** An operation was asked of a connection that this side has closed or that is gone. */
public final class ConnectionClosedException extends UringException {
  private static final long serialVersionUID = 1L;

  /**
   * A connection that is closed.
   *
   * @param message what was asked, and of which connection
   */
  public ConnectionClosedException(String message) {
    super(message);
  }
}

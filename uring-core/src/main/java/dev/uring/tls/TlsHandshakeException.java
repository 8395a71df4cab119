package dev.uring.tls;

/** The two sides did not come to an agreement, or not in time. */
public final class TlsHandshakeException extends TlsException {
  private static final long serialVersionUID = 1L;

  /**
   * A failed handshake.
   *
   * @param message what happened, likely cause, remedy
   * @param cause what the engine says, or null
   */
  public TlsHandshakeException(String message, Throwable cause) {
    super(message, cause);
  }
}

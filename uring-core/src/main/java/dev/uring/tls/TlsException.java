package dev.uring.tls;

import dev.uring.base.UringException;

/**
 * TLS ended a connection: a handshake that did not succeed, a record that is none, a stream that
 * was cut off. The message names the connection, what happened, the likely cause and the remedy.
 */
public class TlsException extends UringException {
  private static final long serialVersionUID = 1L;

  /**
   * An error.
   *
   * @param message what happened, likely cause, remedy
   * @param cause what the engine says, or null
   */
  public TlsException(String message, Throwable cause) {
    super(message, cause);
  }
}

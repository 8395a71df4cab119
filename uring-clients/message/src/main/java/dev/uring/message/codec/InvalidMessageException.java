package dev.uring.message.codec;

import dev.uring.base.UringException;

/** A message that may not be sent. It stays the program's, and has the {@link #status()} too. */
public final class InvalidMessageException extends UringException {
  private static final long serialVersionUID = 1L;

  /** What is wrong. */
  private final MessageStatus status;

  /**
   * A message that was refused.
   *
   * @param status what is wrong
   * @param message which message, why, and what to do
   */
  public InvalidMessageException(MessageStatus status, String message) {
    super(message);
    this.status = status;
  }

  /**
   * What is wrong.
   *
   * @return never {@link MessageStatus#SUCCESS}
   */
  public MessageStatus status() {
    return status;
  }
}

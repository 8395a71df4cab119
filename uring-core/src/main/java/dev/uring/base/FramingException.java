package dev.uring.base;

/**
 * A peer sent something that no message of the expected form begins with, or one above its limit.
 */
public final class FramingException extends UringException {
  private static final long serialVersionUID = 1L;

  /**
   * A message that is refused.
   *
   * @param message what was found, the limit it breaks, likely cause, remedy
   */
  public FramingException(String message) {
    super(message);
  }
}

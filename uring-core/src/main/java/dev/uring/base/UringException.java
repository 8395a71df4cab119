package dev.uring.base;

/**
 * The root of what this library throws by itself. The message says what happened, the values with
 * their units, the likely cause and the remedy; kinds carry the same values as fields.
 */
public class UringException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /**
   * An error with nothing beneath it.
   *
   * @param message what happened, values with units, likely cause, remedy
   */
  public UringException(String message) {
    super(message);
  }

  /**
   * An error caused by another.
   *
   * @param message what happened, values with units, likely cause, remedy
   * @param cause the error beneath
   */
  public UringException(String message, Throwable cause) {
    super(message, cause);
  }
}

package dev.uring.redis.codec;

/** An error stood where a value was to be read, inside a larger reply. */
public final class ErrorReplyException extends RuntimeException {
  private static final long serialVersionUID = 1;

  private final String text;

  /**
   * An error of the server.
   *
   * @param text what the server says: code, blank and message
   */
  public ErrorReplyException(String text) {
    super("the server answers with an error inside a reply: " + text);
    this.text = text;
  }

  /**
   * What the server says.
   *
   * @return code, blank and message
   */
  public String text() {
    return text;
  }
}

package dev.uring.ping.codec;

/**
 * An answer.
 *
 * @param errorText what the server says is wrong; {@code null} for a pong
 */
public record Pong(String errorText) {
  /** The answer to nearly every request, made once. */
  static final Pong GOOD = new Pong(null);

  /**
   * Whether the server is well.
   *
   * @return {@code false} for an error
   */
  public boolean isGood() {
    return errorText == null;
  }
}

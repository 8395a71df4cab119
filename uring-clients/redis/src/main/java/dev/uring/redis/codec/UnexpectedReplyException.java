package dev.uring.redis.codec;

/** A reply has another type than its reader can use. The connection and other replies are whole. */
public final class UnexpectedReplyException extends RuntimeException {
  private static final long serialVersionUID = 1;

  /**
   * Says what was met.
   *
   * @param expected what the reader can use
   * @param actual what came, with a part of its content
   */
  public UnexpectedReplyException(String expected, String actual) {
    super("expected "
        + expected
        + ", but the server answered "
        + actual
        + ".\n  Likely cause: the command's options change its reply, or the server is newer than"
        + " the command's table. Read it with another Reply, for instance Reply.ANY.");
  }
}

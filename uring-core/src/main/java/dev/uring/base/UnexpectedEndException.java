package dev.uring.base;

/** A peer finished sending in the middle of a message. (Between two, it is an ordinary end.) */
public final class UnexpectedEndException extends UringException {
  private static final long serialVersionUID = 1L;

  /** Bytes of the message that had arrived. */
  private final long receivedBytes;

  /** Bytes that it has at least. */
  private final long expectedBytes;

  /**
   * A message without its end.
   *
   * @param connection what identifies the connection in the message
   * @param receivedBytes bytes of it that had arrived
   * @param expectedBytes bytes that it has at least, as far as its beginning says
   */
  public UnexpectedEndException(String connection, long receivedBytes, long expectedBytes) {
    super("the peer finished in the middle of a message: received="
        + receivedBytes
        + " bytes, expected at least "
        + expectedBytes
        + " bytes ("
        + connection
        + ").\n  Likely cause: the peer gave up or crashed; or it writes another format.");
    this.receivedBytes = receivedBytes;
    this.expectedBytes = expectedBytes;
  }

  /**
   * What there is of the message; it is still in the connection.
   *
   * @return bytes
   */
  public long receivedBytes() {
    return receivedBytes;
  }

  /**
   * How many bytes the message has at least.
   *
   * @return bytes
   */
  public long expectedBytes() {
    return expectedBytes;
  }
}

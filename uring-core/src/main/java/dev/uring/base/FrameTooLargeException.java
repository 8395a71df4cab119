package dev.uring.base;

/** A peer sent more bytes of one unfinished message than a connection may hold. */
public final class FrameTooLargeException extends UringException {
  private static final long serialVersionUID = 1L;

  /** The most unconsumed bytes one connection may hold. */
  private final int frameBytesMax;

  /**
   * A message that outgrew its connection.
   *
   * @param connection what identifies the connection in the message
   * @param unconsumedBytes bytes that would have to be held
   * @param frameBytesMax the configured limit
   */
  public FrameTooLargeException(String connection, long unconsumedBytes, int frameBytesMax) {
    super("unconsumed input of "
        + unconsumedBytes
        + " bytes exceeds frameBytesMax="
        + frameBytesMax
        + " bytes ("
        + connection
        + ").\n  Likely cause: the parser waits for the end of a message that is larger than the"
        + " limit. Raise RuntimeConfig.frameBytesMax, or consume the message in parts.");
    this.frameBytesMax = frameBytesMax;
  }

  /**
   * The limit that was reached.
   *
   * @return bytes
   */
  public int frameBytesMax() {
    return frameBytesMax;
  }
}

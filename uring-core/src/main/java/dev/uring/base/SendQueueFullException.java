package dev.uring.base;

/** A program queued more output on one connection than the connection may hold. */
public final class SendQueueFullException extends UringException {
  private static final long serialVersionUID = 1L;

  /** The most unsent bytes one connection may hold. */
  private final long sendQueueBytesMax;

  /**
   * A send queue that is full.
   *
   * @param connection what identifies the connection in the message
   * @param unsentBytes bytes queued and not yet taken by the kernel
   * @param sendQueueBytesMax the configured limit
   */
  public SendQueueFullException(String connection, long unsentBytes, long sendQueueBytesMax) {
    super("send queue of "
        + unsentBytes
        + " bytes exceeds sendQueueBytesMax="
        + sendQueueBytesMax
        + " bytes ("
        + connection
        + ").\n  Likely cause: the peer reads slower than the program writes, and the program"
        + " writes without waiting. Use the suspending send, or requestWritable, or raise"
        + " RuntimeConfig.sendQueueBytesMax.");
    this.sendQueueBytesMax = sendQueueBytesMax;
  }

  /**
   * The limit that was reached.
   *
   * @return bytes
   */
  public long sendQueueBytesMax() {
    return sendQueueBytesMax;
  }
}

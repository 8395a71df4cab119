package dev.uring.base;

/** A worker's block pool has no memory left for another block. */
public final class PoolExhaustedException extends UringException {
  private static final long serialVersionUID = 1L;

  /** The most bytes the pool may take from the system. */
  private final long blockPoolBytesMax;

  /**
   * A pool at its limit.
   *
   * @param wantedBytes size of the block that was asked for
   * @param takenBytes bytes the pool has taken from the system
   * @param blockPoolBytesMax the configured limit
   */
  public PoolExhaustedException(long wantedBytes, long takenBytes, long blockPoolBytesMax) {
    super("block pool exhausted: wanted="
        + wantedBytes
        + " bytes, taken="
        + takenBytes
        + " bytes, blockPoolBytesMax="
        + blockPoolBytesMax
        + " bytes.\n  Likely cause: many connections hold unsent output or unfinished input at"
        + " once. Raise RuntimeConfig.blockPoolBytesMax, or lower sendQueueBytesMax and"
        + " frameBytesMax.");
    this.blockPoolBytesMax = blockPoolBytesMax;
  }

  /**
   * The limit that was reached.
   *
   * @return bytes
   */
  public long blockPoolBytesMax() {
    return blockPoolBytesMax;
  }
}

package dev.uring.base;

/** More blocking calls wait for a thread than may wait. */
public final class BlockingPoolFullException extends UringException {
  private static final long serialVersionUID = 1L;

  /** The most calls that may wait. */
  private final int blockingQueueMax;

  /**
   * A pool that is full.
   *
   * @param threadsMax threads of the pool, all busy
   * @param waiting calls that wait for one of them
   * @param blockingQueueMax the configured limit
   */
  public BlockingPoolFullException(int threadsMax, int waiting, int blockingQueueMax) {
    super(
        "blocking pool is full: threads busy="
            + threadsMax
            + ", waiting="
            + waiting
            + ", blockingQueueMax="
            + blockingQueueMax
            + ".\n  Likely cause: what the calls wait for has slowed down or hangs. Give it a time limit,"
            + " or raise RuntimeConfig.blockingThreadsMax, or wait for earlier calls before making more.");
    this.blockingQueueMax = blockingQueueMax;
  }

  /**
   * The limit that was reached.
   *
   * @return calls
   */
  public int blockingQueueMax() {
    return blockingQueueMax;
  }
}

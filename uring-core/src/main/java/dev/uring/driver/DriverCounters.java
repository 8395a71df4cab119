package dev.uring.driver;

/**
 * What a driver counts. Plain fields: written by one thread, read by others as a snapshot that may
 * lag but never tears on a 64-bit machine.
 */
public final class DriverCounters {
  /** Times the kernel was entered. */
  public long enters;

  /** Operations handed to the kernel. */
  public long submitted;

  /** Completions delivered. */
  public long completed;

  /** Completions dropped because their slot had a new generation. */
  public long stale;

  /** Times a receive found no free buffer. */
  public long buffersExhausted;

  /**
   * Times the kernel was left with completions that did not fit into the queue. It raises a flag
   * and gives no number; none of them is lost.
   */
  public long overflowedEnters;

  /** Completions lost because the kernel had no memory to keep them; 0 in a healthy system. */
  public long completionsDropped;

  /** Wakes asked for by other threads. */
  public long wakes;

  /** Counters at zero. */
  public DriverCounters() {}
}

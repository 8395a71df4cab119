package dev.uring.worker;

import dev.uring.base.TimeSource;
import java.util.concurrent.ThreadFactory;

/**
 * The limits of a worker's loop, as {@code RuntimeConfig} names and explains them, and what it runs
 * on.
 *
 * @param mailboxCapacity most messages from other threads waiting; a power of two
 * @param tasksPerTurnMax most tasks run between two looks at the kernel
 * @param spinNanos how long to look for work before sleeping; 0 to sleep at once
 * @param slowTurnNanos from how long on a turn counts as slow; {@link Long#MAX_VALUE} for never
 * @param time what its timers are counted by
 * @param threads makes its thread
 */
public record WorkerOptions(
    int mailboxCapacity,
    int tasksPerTurnMax,
    long spinNanos,
    long slowTurnNanos,
    TimeSource time,
    ThreadFactory threads) {

  /**
   * Limits of a worker on this machine.
   *
   * @param mailboxCapacity most messages from other threads waiting; a power of two
   * @param tasksPerTurnMax most tasks run between two looks at the kernel
   * @param spinNanos how long to look for work before sleeping; 0 to sleep at once
   * @param slowTurnNanos from how long on a turn counts as slow; {@link Long#MAX_VALUE} for never
   */
  public WorkerOptions(
      int mailboxCapacity, int tasksPerTurnMax, long spinNanos, long slowTurnNanos) {
    this(
        mailboxCapacity, tasksPerTurnMax, spinNanos, slowTurnNanos, TimeSource.SYSTEM, Thread::new);
  }
}

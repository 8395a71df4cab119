package dev.uring.worker;

/**
 * The limits of a worker's loop, as {@code RuntimeConfig} names and explains them.
 *
 * @param mailboxCapacity most messages from other threads waiting; a power of two
 * @param tasksPerTurnMax most tasks run between two looks at the kernel
 * @param spinNanos how long to look for work before sleeping; 0 to sleep at once
 * @param slowTurnNanos from how long on a turn counts as slow; {@link Long#MAX_VALUE} for never
 */
public record WorkerOptions(
    int mailboxCapacity, int tasksPerTurnMax, long spinNanos, long slowTurnNanos) {}

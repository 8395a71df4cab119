package dev.uring.metrics;

/**
 * What one scheduling group has had of a worker.
 *
 * @param name the group's name
 * @param shares its shares
 * @param tasksWaiting tasks in its queue now
 * @param tasksRun tasks run while it had to share the worker; for groups other than the default one
 *     these are all
 * @param usedNanos how long those took, in nanoseconds
 */
public record GroupSnapshot(
    String name, int shares, int tasksWaiting, long tasksRun, long usedNanos) {}

package dev.uring.worker;

import dev.uring.metrics.GroupSnapshot;
import java.util.ArrayDeque;

/**
 * The tasks of one scheduling group on one worker, and the time they have had.
 *
 * <p><i>Thread:</i> the worker's, except {@link #snapshot}.
 */
final class GroupQueue {
  final SchedulingGroup group;
  final ArrayDeque<Runnable> tasks;

  // Time used, divided by the shares: the group in which it is least runs next.
  long virtualNanos;
  private long usedNanos;
  private long tasksRun;

  GroupQueue(SchedulingGroup group, ArrayDeque<Runnable> tasks) {
    this.group = group;
    this.tasks = tasks;
  }

  void ran(long nanos, int tasksCount) {
    usedNanos += nanos;
    tasksRun += tasksCount;
    virtualNanos += nanos * SchedulingGroup.DEFAULT_SHARES / group.shares();
  }

  GroupSnapshot snapshot() {
    return new GroupSnapshot(group.name(), group.shares(), tasks.size(), tasksRun, usedNanos);
  }
}

package dev.uring.worker;

import dev.uring.base.TimeSource;
import dev.uring.metrics.GroupSnapshot;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * The tasks of one worker: a queue for those of the default group, and one for each group that has
 * any.
 *
 * <p>As long as no other group has tasks, which in most programs is always, a turn takes the
 * default queue's tasks one after the other: no clock is read and nothing is compared.
 *
 * <p>With several groups the one that has had the least time for its shares runs next, for a slice
 * of {@link #SLICE_NANOS}, and the turn ends after {@link #TURN_NANOS}, so that the kernel is asked
 * again. A group that had no tasks for a while goes on from where the others are: it has not saved
 * up time, or it would keep the worker to itself for as long as it was away.
 *
 * <p>Not bounded by a number of its own: every task here stands for a live coroutine, connection or
 * timer, each of which has at most one task waiting.
 *
 * <p><i>Invariant:</i> {@code groupTasks} is the number of tasks in all queues but the default one.
 * <i>Thread:</i> the worker's, except {@link #snapshot}.
 */
final class RunQueues {
  // Long enough that looking for the next group is not felt, short enough that a turn serves
  // several groups.
  static final long SLICE_NANOS = TimeUnit.MICROSECONDS.toNanos(100);

  // How long I/O waits while groups contend; one slice is added at most.
  static final long TURN_NANOS = TimeUnit.MICROSECONDS.toNanos(500);

  private final TimeSource time;
  private final ArrayDeque<Runnable> main = new ArrayDeque<>();
  private final GroupQueue defaults = new GroupQueue(SchedulingGroup.DEFAULT, main);

  // Copied when it changes, so that a snapshot may read it: every group met and not replaced.
  private volatile GroupQueue[] groups = {defaults};
  private int groupTasks;

  // Where the group that ran last is on the common axis; only grows.
  private long virtualNow;

  /** Runs a task and catches what it throws. */
  @FunctionalInterface
  interface TaskRunner {
    void run(Runnable task);
  }

  RunQueues(TimeSource time) {
    this.time = time;
  }

  boolean isEmpty() {
    return groupTasks == 0 && main.isEmpty();
  }

  int size() {
    return main.size() + groupTasks;
  }

  void add(Runnable task) {
    if (groupTasks > 0 && main.isEmpty()) {
      catchUp(defaults);
    }
    main.add(task);
  }

  void add(SchedulingGroup group, Runnable task) {
    if (group == SchedulingGroup.DEFAULT) {
      add(task);
      return;
    }
    GroupQueue queue = queueOf(group);
    if (queue == defaults) {
      add(task);
      return;
    }
    if (queue.tasks.isEmpty()) {
      catchUp(queue);
    }
    if (groupTasks == 0) {
      // The default group was alone, on nobody's account, until now.
      catchUp(defaults);
    }
    queue.tasks.add(task);
    groupTasks++;
  }

  /** Runs what a turn may run. */
  void runTurn(TaskRunner runner, int tasksMax) {
    if (groupTasks == 0) {
      // A snapshot of the queue: a task that adds itself again runs in the next turn, after the
      // kernel has been asked.
      for (int left = Math.min(main.size(), tasksMax); left > 0; left--) {
        runner.run(main.poll());
      }
    } else {
      runShared(runner, tasksMax);
    }
  }

  List<GroupSnapshot> snapshot() {
    GroupQueue[] met = groups;
    List<GroupSnapshot> all = new ArrayList<>(met.length);
    for (GroupQueue queue : met) {
      all.add(queue.snapshot());
    }
    return all;
  }

  private void runShared(TaskRunner runner, int tasksMax) {
    long began = time.nanoTime();
    long now = began;
    int left = tasksMax;
    while (left > 0 && now - began < TURN_NANOS && !isEmpty()) {
      GroupQueue queue = next();
      virtualNow = Math.max(virtualNow, queue.virtualNanos);
      long sliceBegan = now;
      int ran = 0;
      do {
        Runnable task = queue.tasks.poll();
        if (queue != defaults) {
          groupTasks--;
        }
        runner.run(task);
        ran++;
        now = time.nanoTime();
      } while (ran < left && now - sliceBegan < SLICE_NANOS && !queue.tasks.isEmpty());
      queue.ran(now - sliceBegan, ran);
      left -= ran;
    }
  }

  private GroupQueue next() {
    GroupQueue least = null;
    for (GroupQueue queue : groups) {
      if (!queue.tasks.isEmpty() && (least == null || queue.virtualNanos < least.virtualNanos)) {
        least = queue;
      }
    }
    return least;
  }

  private void catchUp(GroupQueue queue) {
    queue.virtualNanos = Math.max(queue.virtualNanos, virtualNow);
  }

  private GroupQueue queueOf(SchedulingGroup group) {
    GroupQueue[] met = groups;
    for (GroupQueue queue : met) {
      if (queue.group == group) {
        return queue;
      }
    }
    return newQueue(group, met);
  }

  private GroupQueue newQueue(SchedulingGroup group, GroupQueue[] met) {
    int place = met.length < SchedulingGroup.GROUPS_PER_WORKER_MAX ? met.length : idle(met);
    if (place < 0) {
      return defaults;
    }
    GroupQueue queue = new GroupQueue(group, new ArrayDeque<>());
    GroupQueue[] changed = Arrays.copyOf(met, Math.max(met.length, place + 1));
    changed[place] = queue;
    groups = changed;
    return queue;
  }

  // The default queue, at 0, stays.
  private static int idle(GroupQueue[] met) {
    for (int place = 1; place < met.length; place++) {
      if (met[place].tasks.isEmpty()) {
        return place;
      }
    }
    return -1;
  }
}

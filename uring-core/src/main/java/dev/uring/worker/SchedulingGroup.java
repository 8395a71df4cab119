package dev.uring.worker;

/**
 * A class of tasks that gets its share of every worker's time.
 *
 * <h2>Shapes and units</h2>
 *
 * While several groups have tasks on a worker, each gets time in proportion to its shares: a group
 * with 300 shares runs three times as long as one with 100, whatever the tasks of each take. A
 * group that is alone gets everything; time that it did not use is not saved up. Tasks without a
 * group are in {@link #DEFAULT}, with {@value #DEFAULT_SHARES} shares. What the kernel's answers
 * and timers call directly (connection handlers, coroutines without a group) is no task: it runs
 * before the tasks of its turn and on nobody's account.
 *
 * <h2>Ownership</h2>
 *
 * Nobody's. A worker keeps a queue for a group it has met, {@value #GROUPS_PER_WORKER_MAX} at most;
 * the queue of a group without tasks makes room for a new one, and when all have tasks those of a
 * further group run in the default group. Make groups once, not for each request.
 *
 * <h2>Threading and cancellation</h2>
 *
 * Immutable; two groups are the same only when they are the same object. Tasks are not interrupted:
 * a share is kept to between tasks, so no better than the longest of them.
 *
 * <h2>Errors</h2>
 *
 * {@link IllegalArgumentException} shares out of bounds.
 *
 * <h2>Source</h2>
 *
 * Weighted virtual time as in Linux's former CFS and in Seastar's CPU scheduler.
 */
public final class SchedulingGroup {
  /** Shares of {@link #DEFAULT}. */
  public static final int DEFAULT_SHARES = 100;

  /** The least and the most shares: a range of 1 to 10000 is finer than tasks can be cut. */
  public static final int SHARES_MIN = 1;

  /** See {@link #SHARES_MIN}. */
  public static final int SHARES_MAX = 10_000;

  /** Most groups with tasks on one worker: the next to run is found by looking at each. */
  public static final int GROUPS_PER_WORKER_MAX = 64;

  /** The group of every task that names none. */
  public static final SchedulingGroup DEFAULT = new SchedulingGroup("default", DEFAULT_SHARES);

  private final String name;
  private final int shares;

  /**
   * A group.
   *
   * @param name for people and metrics
   * @param shares from {@value #SHARES_MIN} to {@value #SHARES_MAX}, against
   *     {@value #DEFAULT_SHARES} of the default group
   */
  public SchedulingGroup(String name, int shares) {
    if (shares < SHARES_MIN || shares > SHARES_MAX) {
      throw new IllegalArgumentException("shares="
          + shares
          + " of scheduling group \""
          + name
          + "\" must be from "
          + SHARES_MIN
          + " to "
          + SHARES_MAX
          + "; the default group has "
          + DEFAULT_SHARES);
    }
    this.name = name;
    this.shares = shares;
  }

  /**
   * Its name.
   *
   * @return the name
   */
  public String name() {
    return name;
  }

  /**
   * Its part of the time, relative to the other groups' shares.
   *
   * @return the shares
   */
  public int shares() {
    return shares;
  }

  @Override
  public String toString() {
    return "SchedulingGroup(" + name + ", shares=" + shares + ")";
  }
}

package dev.uring.worker;

/**
 * Something that happens at a time, once for each arming.
 *
 * <h2>Ownership</h2>
 *
 * The timer is itself the node in its worker's wheel, so arming allocates nothing and one object
 * serves any number of armings in turn.
 *
 * <h2>Threading and cancellation</h2>
 *
 * Armed, disarmed and fired on one worker's thread only. Disarming a timer that is not armed does
 * nothing.
 */
public abstract class Timer {
  // Invariant: in a wheel's list exactly when level >= 0; previous is null for the list's head.
  Timer previous;
  Timer next;
  long deadlineTick;
  int level = -1;
  int slotIndex;

  /** For subclasses. */
  protected Timer() {}

  /**
   * Called on the worker's thread, at the top level of its loop, never before the deadline. The
   * timer is disarmed already and may be armed again here.
   */
  protected abstract void fire();

  /**
   * Whether the timer waits for its deadline.
   *
   * @return {@code true} from arming until it fires or is disarmed
   */
  public final boolean isArmed() {
    return level >= 0;
  }
}

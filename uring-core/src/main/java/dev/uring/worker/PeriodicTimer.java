package dev.uring.worker;

/**
 * Something that happens again and again.
 *
 * <h2>Shapes and units</h2>
 *
 * The moments are fixed when it is started: one period after the start, two periods, and so on. A
 * call that comes late, because the worker was busy, does not move those that follow it, so there
 * is no drift. Moments that pass while the worker is busy are not made up for: the next call is at
 * the next moment that is still ahead, and {@link #missedCount} says how many there were.
 *
 * <h2>Threading and cancellation</h2>
 *
 * Everything on its worker's thread. {@link #cancel} may be called in the action itself.
 *
 * <h2>Errors</h2>
 *
 * What the action throws is logged and counted as {@code failures}; the timer goes on.
 */
public final class PeriodicTimer {
  private final Worker worker;
  private final long periodNanos;
  private final Runnable action;
  private final Timer timer = new Moment();
  private long nextNanos;
  private long missedCount;
  private boolean isCancelled;

  PeriodicTimer(Worker worker, long periodNanos, Runnable action) {
    this.worker = worker;
    this.periodNanos = periodNanos;
    this.action = action;
    this.nextNanos = worker.clockNanos();
    armNext(nextNanos);
  }

  /** Ends it; idempotent. */
  public void cancel() {
    worker.checkCurrent();
    isCancelled = true;
    worker.disarm(timer);
  }

  /**
   * Moments that passed without a call.
   *
   * @return a count
   */
  public long missedCount() {
    return missedCount;
  }

  private void armNext(long now) {
    nextNanos += periodNanos;
    long late = now - nextNanos;
    if (late >= 0) {
      long missed = late / periodNanos + 1;
      missedCount += missed;
      nextNanos += missed * periodNanos;
    }
    worker.arm(timer, nextNanos - now);
  }

  private final class Moment extends Timer {
    @Override
    protected void fire() {
      try {
        action.run();
      } finally {
        if (!isCancelled) {
          armNext(worker.clockNanos());
        }
      }
    }
  }
}

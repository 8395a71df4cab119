package dev.uring.metrics.jfr;

import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;
import jdk.jfr.Timespan;

/** A turn of a worker's loop took longer than {@code slowTurnThreshold}; reported at its end. */
@Name("dev.uring.SlowTurn")
@Label("Slow Turn")
@Category("Uring")
@Description("A turn of a worker's loop took longer than slowTurnThreshold; reported at its end")
@StackTrace(false)
public final class SlowTurnEvent extends Event {
  private static final SlowTurnEvent TYPE = new SlowTurnEvent();

  @Label("Worker")
  int worker;

  @Label("Took")
  @Timespan(Timespan.NANOSECONDS)
  long took;

  private SlowTurnEvent() {}

  /**
   * Reports one, if a recording wants it.
   *
   * @param worker index of the worker
   * @param tookNanos how long the turn took
   */
  public static void report(int worker, long tookNanos) {
    if (TYPE.isEnabled()) {
      SlowTurnEvent event = new SlowTurnEvent();
      event.worker = worker;
      event.took = tookNanos;
      event.commit();
    }
  }
}

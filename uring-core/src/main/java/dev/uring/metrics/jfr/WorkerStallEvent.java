package dev.uring.metrics.jfr;

import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;
import jdk.jfr.Timespan;

/**
 * A turn of a worker's loop takes longer than {@code stallThreshold}. Reported while it lasts, by
 * the thread that watches; so the worker's stack is a field and not the event's own.
 */
@Name("dev.uring.WorkerStall")
@Label("Worker Stall")
@Category("Uring")
@Description("A turn of a worker's loop takes longer than stallThreshold; reported while it lasts")
@StackTrace(false)
public final class WorkerStallEvent extends Event {
  private static final WorkerStallEvent TYPE = new WorkerStallEvent();

  @Label("Worker")
  int worker;

  @Label("Has Taken")
  @Timespan(Timespan.NANOSECONDS)
  long hasTaken;

  @Label("Worker's Stack")
  String workerStack;

  private WorkerStallEvent() {}

  /**
   * Reports one, if a recording wants it.
   *
   * @param worker index of the worker
   * @param hasTakenNanos how long the turn has taken so far
   * @param workerStack where the worker is, a line for each frame
   */
  public static void report(int worker, long hasTakenNanos, String workerStack) {
    if (TYPE.isEnabled()) {
      WorkerStallEvent event = new WorkerStallEvent();
      event.worker = worker;
      event.hasTaken = hasTakenNanos;
      event.workerStack = workerStack;
      event.commit();
    }
  }
}

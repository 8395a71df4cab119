package dev.uring.metrics.jfr;

import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;

/** A worker could not accept, for want of a descriptor or memory, and pauses for a moment. */
@Name("dev.uring.AcceptFailed")
@Label("Accept Failed")
@Category("Uring")
@Description("A worker could not accept, for want of a descriptor or memory, and pauses")
@StackTrace(false)
public final class AcceptFailedEvent extends Event {
  private static final AcceptFailedEvent TYPE = new AcceptFailedEvent();

  @Label("Worker")
  int worker;

  @Label("Error")
  String error;

  private AcceptFailedEvent() {}

  /** Loads this class while that is possible: where it is needed, no descriptor is left for it. */
  public static void load() {
    // Being called is all it takes.
  }

  /**
   * Reports one, if a recording wants it.
   *
   * @param worker index of the worker
   * @param error the kernel's reason
   */
  public static void report(int worker, String error) {
    if (TYPE.isEnabled()) {
      AcceptFailedEvent event = new AcceptFailedEvent();
      event.worker = worker;
      event.error = error;
      event.commit();
    }
  }
}

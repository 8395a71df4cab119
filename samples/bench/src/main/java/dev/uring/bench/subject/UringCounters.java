package dev.uring.bench.subject;

import dev.uring.UringRuntime;
import dev.uring.metrics.WorkerSnapshot;
import java.util.Map;

/**
 * What our own subjects tell beside their allocation: how well they batch their work for the
 * kernel.
 */
public final class UringCounters {
  private UringCounters() {}

  /**
   * Reads the counters of all workers.
   *
   * @param runtime the subject's
   * @return {@code sqes} handed to the kernel and {@code enters} into it, since the start
   */
  public static Map<String, Long> of(UringRuntime runtime) {
    long sqes = 0;
    long enters = 0;
    for (WorkerSnapshot snapshot : runtime.snapshots()) {
      sqes += snapshot.submitted();
      enters += snapshot.enters();
    }
    return Map.of("sqes", sqes, "enters", enters);
  }
}

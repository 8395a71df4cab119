package dev.uring.bench.subject;

import java.util.concurrent.Future;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/** Subject {@code jdk-scheduled}: ScheduledThreadPoolExecutor with one thread. */
final class JdkTimers implements TimerFacility {
  private final ScheduledThreadPoolExecutor executor = new ScheduledThreadPoolExecutor(1);
  private Future<?>[] futures = {};
  private TimerBatch batch;

  JdkTimers() {
    // Else cancelled timers stay in the heap until they are due, a minute later.
    executor.setRemoveOnCancelPolicy(true);
    executor.prestartCoreThread();
  }

  @Override
  public String settings() {
    return "ScheduledThreadPoolExecutor, one thread, removeOnCancel";
  }

  @Override
  public void armAll(TimerBatch newBatch) {
    batch = newBatch;
    futures = new Future<?>[batch.count()];
    for (int i = 0; i < futures.length; i++) {
      int index = i;
      futures[i] = executor.schedule(
          () -> newBatch.fired(index), newBatch.delayNanos(i), TimeUnit.NANOSECONDS);
    }
  }

  @Override
  public int cancelAll() {
    int cancelled = 0;
    for (int i = 0; i < futures.length; i++) {
      cancelled += futures[batch.shuffled(i)].cancel(false) ? 1 : 0;
    }
    futures = new Future<?>[0];
    return cancelled;
  }
}

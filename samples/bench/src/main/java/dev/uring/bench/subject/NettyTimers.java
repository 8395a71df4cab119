package dev.uring.bench.subject;

import io.netty.util.HashedWheelTimer;
import io.netty.util.Timeout;
import java.util.concurrent.TimeUnit;

/**
 * Subject {@code netty-wheel}: Netty's HashedWheelTimer, used from another thread as it is made
 * for.
 */
final class NettyTimers implements TimerFacility {
  private static final int TICK_MILLIS = 1;

  // A minute in one round: no bucket holds timers of several rounds, which is the best case.
  private static final int WHEEL_TICKS = 1 << 16;

  private final HashedWheelTimer timer =
      new HashedWheelTimer(TICK_MILLIS, TimeUnit.MILLISECONDS, WHEEL_TICKS);
  private Timeout[] timeouts = {};
  private TimerBatch batch;

  NettyTimers() {
    timer.start();
  }

  @Override
  public String settings() {
    return "HashedWheelTimer, ticks of 1 ms (its default is 100 ms), 65536 ticks in its wheel";
  }

  @Override
  public void armAll(TimerBatch newBatch) {
    batch = newBatch;
    timeouts = new Timeout[batch.count()];
    for (int i = 0; i < timeouts.length; i++) {
      int index = i;
      timeouts[i] = timer.newTimeout(
          ignored -> newBatch.fired(index), newBatch.delayNanos(i), TimeUnit.NANOSECONDS);
    }
  }

  @Override
  public int cancelAll() throws InterruptedException {
    int cancelled = 0;
    for (int i = 0; i < timeouts.length; i++) {
      cancelled += timeouts[batch.shuffled(i)].cancel() ? 1 : 0;
    }
    timeouts = new Timeout[0];
    // The timer's thread takes them out at its next tick, and that is part of the price.
    while (timer.pendingTimeouts() > 0) {
      Thread.sleep(TICK_MILLIS);
    }
    return cancelled;
  }
}

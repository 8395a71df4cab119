package dev.uring.bench.subject;

import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * Timers that are armed together, when each is due, and how late each was.
 *
 * <p>Threads: filled before it is armed; {@link #fired} is called on one thread.
 */
final class TimerBatch {
  private static final long NOT_FIRED = Long.MIN_VALUE;

  // Steps through all indexes of a batch in an order that no facility likes: prime, and so without
  // a common factor with any count below it.
  private static final long STRIDE = 7_368_787;

  private static final long SETTLE_SECONDS = 20;

  private final long[] dueNanos;
  private final long[] lateNanos;
  private final CountDownLatch allFired = new CountDownLatch(1);
  private final long spinNanos;
  private volatile boolean isRepeating;
  private int firedCount;
  private int surplusCount;

  /**
   * A batch.
   *
   * @param count how many timers
   * @param leadNanos from now to the first that may be due
   * @param spanNanos from that to the last
   * @param seed of the random moments between
   * @param spinNanos CPU to burn for each, for the self-check
   */
  TimerBatch(int count, long leadNanos, long spanNanos, long seed, long spinNanos) {
    this.dueNanos = new long[count];
    this.lateNanos = new long[count];
    this.spinNanos = spinNanos;
    SplittableRandom random = new SplittableRandom(seed);
    long first = System.nanoTime() + leadNanos;
    for (int i = 0; i < count; i++) {
      dueNanos[i] = first + random.nextLong(spanNanos);
    }
    Arrays.fill(lateNanos, NOT_FIRED);
  }

  int count() {
    return dueNanos.length;
  }

  /** How long it is until timer {@code i} is due. */
  long delayNanos(int i) {
    Spin.nanos(spinNanos);
    return dueNanos[i] - System.nanoTime();
  }

  /** The index to cancel in step {@code i}: every index once. */
  int shuffled(int i) {
    return (int) (i * STRIDE % dueNanos.length);
  }

  void fired(int i) {
    if (isRepeating) {
      isRepeating = false;
      fired(i);
    }
    if (lateNanos[i] != NOT_FIRED) {
      surplusCount++;
      return;
    }
    lateNanos[i] = System.nanoTime() - dueNanos[i];
    if (++firedCount == dueNanos.length) {
      allFired.countDown();
    }
  }

  /** From now on the first that fires does so twice: a fault for the self-check. */
  void fireAgain() {
    isRepeating = true;
  }

  /**
   * Waits for every timer, then looks for one that was early or fired twice.
   *
   * @return how late each was, in nanoseconds, sorted
   */
  long[] latenessOfAll() throws InterruptedException {
    long spanNanos = Arrays.stream(dueNanos).max().orElse(0) - System.nanoTime();
    long limitNanos = Math.max(spanNanos, 0) + TimeUnit.SECONDS.toNanos(SETTLE_SECONDS);
    if (!allFired.await(limitNanos, TimeUnit.NANOSECONDS)) {
      throw new IllegalArgumentException("of " + count() + " timers " + firedCount + " fired");
    }
    long[] sorted = lateNanos.clone();
    Arrays.sort(sorted);
    if (sorted[0] < 0) {
      throw new IllegalArgumentException("a timer fired " + -sorted[0] + " ns early");
    }
    if (surplusCount > 0) {
      throw new IllegalArgumentException(surplusCount + " timers fired more than once");
    }
    return sorted;
  }
}

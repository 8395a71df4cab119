package dev.uring.bench.subject;

/** Burns a known amount of CPU. */
final class Spin {
  private Spin() {}

  /**
   * Keeps the CPU busy.
   *
   * <p>By the clock, not by a counted loop: the host's speed changes while we run. A preemption
   * inside one spin is lost, but spins are microseconds and preemptions milliseconds apart.
   *
   * @param nanos for how long; nothing is done for 0
   */
  static void nanos(long nanos) {
    if (nanos == 0) {
      return;
    }
    long until = System.nanoTime() + nanos;
    while (System.nanoTime() - until < 0) {
      Thread.onSpinWait();
    }
  }
}

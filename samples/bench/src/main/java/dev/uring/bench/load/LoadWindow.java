package dev.uring.bench.load;

import org.HdrHistogram.Histogram;

/** What one {@code RUN} counts: replies, latencies, and the clock they share. One thread. */
final class LoadWindow {
  private static final long LATENCY_NANOS_MAX = 600_000_000_000L;

  // Two digits, as precise as the C generator's 128 steps for each power of two.
  private final Histogram latencies = newHistogram();
  private long nowNanos;
  private long ops;
  private int outstanding;
  private boolean going;

  static Histogram newHistogram() {
    return new Histogram(LATENCY_NANOS_MAX, 2);
  }

  void start() {
    latencies.reset();
    ops = 0;
    outstanding = 0;
    tick();
  }

  void tick() {
    nowNanos = System.nanoTime();
  }

  void keepGoing(boolean value) {
    going = value;
  }

  boolean going() {
    return going;
  }

  long nowNanos() {
    return nowNanos;
  }

  long ops() {
    return ops;
  }

  int outstanding() {
    return outstanding;
  }

  Histogram latencies() {
    return latencies;
  }

  void sent(int requests) {
    outstanding += requests;
  }

  void replied(int requests, long sinceNanos) {
    ops += requests;
    outstanding -= requests;
    latencies.recordValueWithCount(Math.min(nowNanos - sinceNanos, LATENCY_NANOS_MAX), requests);
  }
}

package dev.uring.metrics;

/**
 * Counts values by their order of magnitude: bucket {@code i} holds those from 2^(i-1) to 2^i - 1.
 *
 * <p>Recording is one shift and three adds on memory that stays in cache, and allocates nothing, so
 * it is done in every turn of a worker's loop. A quantile read from it is right within a factor of
 * two: enough to see that something takes milliseconds instead of microseconds.
 *
 * <p><i>Rejected:</i> HdrHistogram. Two digits of precision cost 20 KiB for each worker, more than
 * the cache can spare for a figure that nobody reads to two digits.
 *
 * <p><i>Thread:</i> one writes, others read through {@link #snapshot}, which may lag.
 */
public final class LogHistogram {
  /** How many buckets there are; the last one also holds everything above it (9 minutes of ns). */
  public static final int BUCKETS = 40;

  private final long[] counts = new long[BUCKETS];
  private long sum;
  private long max;

  /** A histogram without values. */
  public LogHistogram() {}

  /**
   * Counts a value.
   *
   * @param value at least 0; a negative one counts as 0
   */
  public void record(long value) {
    long counted = Math.max(value, 0);
    counts[bucketOf(counted)]++;
    sum += counted;
    if (counted > max) {
      max = counted;
    }
  }

  /**
   * The largest value so far.
   *
   * @return 0 without values
   */
  public long max() {
    return max;
  }

  /**
   * Copies what was counted. Any thread; nothing stops for it.
   *
   * @return a copy, in which the latest values may be missing
   */
  public HistogramSnapshot snapshot() {
    return new HistogramSnapshot(counts.clone(), sum, max);
  }

  static int bucketOf(long value) {
    return Math.min(Long.SIZE - Long.numberOfLeadingZeros(value), BUCKETS - 1);
  }
}

package dev.uring.metrics;

/**
 * A copy of a {@link LogHistogram}: how many values of each order of magnitude there were.
 *
 * <h2>Shapes and units</h2>
 *
 * The unit is that of the values. Bucket {@code i} holds the values from {@code 2^(i-1)} to
 * {@code 2^i - 1}, bucket 0 the zeros, the last bucket everything that is larger.
 *
 * <h2>Threading and cancellation</h2>
 *
 * Immutable.
 */
public final class HistogramSnapshot {
  private final long[] counts;
  private final long count;
  private final long sum;
  private final long max;

  HistogramSnapshot(long[] counts, long sum, long max) {
    this.counts = counts;
    long all = 0;
    for (long each : counts) {
      all += each;
    }
    this.count = all;
    this.sum = sum;
    this.max = max;
  }

  /**
   * How many values were counted.
   *
   * @return a count
   */
  public long count() {
    return count;
  }

  /**
   * All values together.
   *
   * @return their sum
   */
  public long sum() {
    return sum;
  }

  /**
   * The largest value.
   *
   * @return 0 without values
   */
  public long max() {
    return max;
  }

  /**
   * How many values are below a bound, counted in whole buckets.
   *
   * @param bound exclusive; exact for powers of two, else the next lower one is taken
   * @return a count
   */
  public long countBelow(long bound) {
    long below = 0;
    int buckets = bound <= 0 ? 0 : LogHistogram.bucketOf(bound);
    for (int bucket = 0; bucket < buckets; bucket++) {
      below += counts[bucket];
    }
    return below;
  }

  /**
   * A value that the given part of all values does not exceed.
   *
   * @param part from 0 to 1; 0.99 for the 99th percentile
   * @return an upper bound, at most twice the exact quantile and never above {@link #max()}; 0
   *     without values
   */
  public long quantile(double part) {
    if (!(part >= 0 && part <= 1)) {
      throw new IllegalArgumentException("quantile of part=" + part + ", must be from 0 to 1");
    }
    long wanted = Math.max((long) Math.ceil(part * count), 1);
    long seen = 0;
    for (int bucket = 0; bucket < counts.length - 1; bucket++) {
      seen += counts[bucket];
      if (seen >= wanted) {
        return Math.min((1L << bucket) - 1, max);
      }
    }
    return max;
  }

  @Override
  public String toString() {
    return "Histogram(count="
        + count
        + ", p50<="
        + quantile(0.5)
        + ", p99<="
        + quantile(0.99)
        + ", max="
        + max
        + ")";
  }
}

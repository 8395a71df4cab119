package dev.uring.bench.file;

/**
 * What one run has done: reads, wrong ones, and how long each took. One thread at a time.
 *
 * <p>The histogram is log-linear with 32 steps for each power of two, as in the C reference.
 */
public final class FileTally {
  private static final int SUB_BUCKET_BITS = 5;
  private static final int SUB_BUCKETS = 1 << SUB_BUCKET_BITS;

  private final long[] histogram = new long[Long.SIZE << SUB_BUCKET_BITS];
  private long ops;
  private long wrong;

  /** Nothing yet. */
  public FileTally() {}

  /**
   * Counts a read.
   *
   * @param nanos how long it took
   * @param isRight whether it brought the block that was asked for
   */
  public void add(long nanos, boolean isRight) {
    ops++;
    if (!isRight) {
      wrong++;
    }
    histogram[bucketOf(Math.max(nanos, 0))]++;
  }

  /**
   * Adds what another has counted.
   *
   * @param other of another thread, which counts no more
   */
  public void add(FileTally other) {
    ops += other.ops;
    wrong += other.wrong;
    for (int bucket = 0; bucket < histogram.length; bucket++) {
      histogram[bucket] += other.histogram[bucket];
    }
  }

  String json(long nanos) {
    StringBuilder json = new StringBuilder(
        "{\"ops\":" + ops + ",\"nanos\":" + nanos + ",\"wrong\":" + wrong + ",\"histogram\":[");
    String separator = "";
    for (int bucket = 0; bucket < histogram.length; bucket++) {
      if (histogram[bucket] != 0) {
        json.append(separator).append('[').append(valueOf(bucket)).append(',');
        json.append(histogram[bucket]).append(']');
        separator = ",";
      }
    }
    return json.append("]}").toString();
  }

  private static int bucketOf(long value) {
    if (value < SUB_BUCKETS) {
      return (int) value;
    }
    int shift = Long.SIZE - 1 - Long.numberOfLeadingZeros(value) - SUB_BUCKET_BITS;
    return (shift + 1 << SUB_BUCKET_BITS) + (int) (value >>> shift & SUB_BUCKETS - 1);
  }

  private static long valueOf(int bucket) {
    if (bucket < SUB_BUCKETS) {
      return bucket;
    }
    int shift = (bucket >> SUB_BUCKET_BITS) - 1;
    return (long) (SUB_BUCKETS + (bucket & SUB_BUCKETS - 1)) << shift;
  }
}

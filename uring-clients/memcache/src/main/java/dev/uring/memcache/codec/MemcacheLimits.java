package dev.uring.memcache.codec;

/**
 * How much one peer may make the other side hold while it reads.
 *
 * <h2>Shapes and units</h2>
 *
 * Sizes are bytes.
 *
 * <h2>Ownership</h2>
 *
 * A limit reserves nothing: memory is taken as bytes arrive, never as they are announced.
 *
 * <h2>Errors</h2>
 *
 * {@link IllegalArgumentException} for a value outside its bound. What happens beyond a limit says
 * the decoder.
 *
 * @param lineBytesMax longest line without its end
 * @param valueBytesMax longest value
 * @param gatherBytesMin a value known to be longer than this moves into the decoder's own memory
 *     instead of waiting in the connection; keep it below the connection's frame bound
 */
public record MemcacheLimits(int lineBytesMax, int valueBytesMax, int gatherBytesMin) {
  /** 64 KiB: the longest lines are a {@code get} of many keys and what {@code me} prints. */
  public static final int LINE_BYTES_MAX = 64 << 10;

  /** 1 GiB: the largest item that {@code memcached -I} can be told to take. */
  public static final int VALUE_BYTES_MAX = 1 << 30;

  /** 64 KiB: two receive buffers; what is smaller is not worth a block of its own. */
  public static final int GATHER_BYTES_MIN = 64 << 10;

  private static final MemcacheLimits DEFAULTS =
      new MemcacheLimits(LINE_BYTES_MAX, VALUE_BYTES_MAX, GATHER_BYTES_MIN);

  /** Checks every limit. */
  public MemcacheLimits {
    check("lineBytesMax", lineBytesMax, 512, 1 << 24);
    check("valueBytesMax", valueBytesMax, 0, VALUE_BYTES_MAX);
    check("gatherBytesMin", gatherBytesMin, 0, VALUE_BYTES_MAX);
  }

  /**
   * The limits above.
   *
   * @return always the same object
   */
  public static MemcacheLimits defaults() {
    return DEFAULTS;
  }

  /**
   * The same limits but one.
   *
   * @param bytes longest value
   * @return new limits
   */
  public MemcacheLimits withValueBytesMax(int bytes) {
    return new MemcacheLimits(lineBytesMax, bytes, gatherBytesMin);
  }

  /**
   * The same limits but one.
   *
   * @param bytes when to move a value into the decoder's own memory
   * @return new limits
   */
  public MemcacheLimits withGatherBytesMin(int bytes) {
    return new MemcacheLimits(lineBytesMax, valueBytesMax, bytes);
  }

  private static void check(String name, int value, int min, int max) {
    if (value < min || value > max) {
      throw new IllegalArgumentException(name
          + "="
          + value
          + " is outside "
          + min
          + ".."
          + max
          + ": choose a value in this range, or take MemcacheLimits.defaults()");
    }
  }
}

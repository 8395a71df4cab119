package dev.uring.momento.codec;

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
 * @param messageBytesMax longest message without its length
 * @param gatherBytesMin a message longer than this moves into the decoder's own memory instead of
 *     waiting in the connection; keep it below the connection's frame bound
 */
public record MomentoLimits(int messageBytesMax, int gatherBytesMin) {
  /** 16 MiB: the service takes values of 5 MiB at most, and more only by agreement. */
  public static final int MESSAGE_BYTES_MAX = 16 << 20;

  /** 64 KiB: two receive buffers; what is smaller is not worth a block of its own. */
  public static final int GATHER_BYTES_MIN = 64 << 10;

  private static final int BYTES_BOUND = 1 << 30;

  private static final MomentoLimits DEFAULTS =
      new MomentoLimits(MESSAGE_BYTES_MAX, GATHER_BYTES_MIN);

  /** Checks every limit. */
  public MomentoLimits {
    check("messageBytesMax", messageBytesMax, 64);
    check("gatherBytesMin", gatherBytesMin, 0);
  }

  /**
   * The limits above.
   *
   * @return always the same object
   */
  public static MomentoLimits defaults() {
    return DEFAULTS;
  }

  /**
   * The same limits but one.
   *
   * @param bytes longest message
   * @return new limits
   */
  public MomentoLimits withMessageBytesMax(int bytes) {
    return new MomentoLimits(bytes, gatherBytesMin);
  }

  /**
   * The same limits but one.
   *
   * @param bytes when to move a message into the decoder's own memory
   * @return new limits
   */
  public MomentoLimits withGatherBytesMin(int bytes) {
    return new MomentoLimits(messageBytesMax, bytes);
  }

  private static void check(String name, int value, int min) {
    if (value < min || value > BYTES_BOUND) {
      throw new IllegalArgumentException(name
          + "="
          + value
          + " is outside "
          + min
          + ".."
          + BYTES_BOUND
          + ": choose a value in this range, or take MomentoLimits.defaults()");
    }
  }
}

package dev.uring.redis.codec;

/**
 * How much one peer may make a server hold while it reads a request.
 *
 * <h2>Shapes and units</h2>
 *
 * All in bytes, but for {@code argumentsMax}. A request beyond a limit is
 * {@link dev.uring.codec.DecodeStatus#BAD}, with Redis's own text where Redis has the limit too.
 *
 * <h2>Ownership</h2>
 *
 * A limit reserves nothing: memory is taken as bytes arrive, so the cost of a high limit is paid
 * only by a peer that really sends that much.
 *
 * <h2>Errors</h2>
 *
 * {@link IllegalArgumentException} for a value outside its bound; it names the value, the bound and
 * what to do.
 *
 * <h2>Source</h2>
 *
 * Redis {@code server.h} (PROTO_INLINE_MAX_SIZE) and {@code proto-max-bulk-len},
 * {@code client-query-buffer-limit} of {@code redis.conf}.
 *
 * @param inlineBytesMax longest inline command, and longest length line of a multibulk request
 * @param argumentsMax most arguments of one request, the command's name included
 * @param bulkBytesMax longest argument; at least 128, for shorter ones are not checked one by one
 * @param requestBytesMax longest request as it stands on the wire
 * @param gatherBytesMin a request known to be longer than this moves into the decoder's own memory
 *     instead of waiting in the connection; keep it below the connection's frame bound
 */
public record RespLimits(
    int inlineBytesMax,
    int argumentsMax,
    int bulkBytesMax,
    int requestBytesMax,
    int gatherBytesMin) {

  /** 64 KiB, as Redis. */
  public static final int INLINE_BYTES_MAX = 64 << 10;

  /**
   * 1024 × 1024, as Redis up to 6.2. Redis 7 allows 2^31 - 1, which is no bound: the positions of
   * that many arguments are 16 GiB.
   */
  public static final int ARGUMENTS_MAX = 1 << 20;

  /** 512 MiB, as Redis. */
  public static final int BULK_BYTES_MAX = 512 << 20;

  /** 1 GiB, as Redis's query buffer; positions are ints, so no request may reach 2 GiB. */
  public static final int REQUEST_BYTES_MAX = 1 << 30;

  /**
   * 1 MiB: below, the runtime's pooled buffers hold an unfinished request at no cost of ours;
   * above, copying the bytes takes so long (100 µs and more) that getting memory for them is lost
   * in it.
   */
  public static final int GATHER_BYTES_MIN = 1 << 20;

  private static final RespLimits DEFAULTS = new RespLimits(
      INLINE_BYTES_MAX, ARGUMENTS_MAX, BULK_BYTES_MAX, REQUEST_BYTES_MAX, GATHER_BYTES_MIN);

  /** Checks every limit. */
  public RespLimits {
    check("inlineBytesMax", inlineBytesMax, 32, 1 << 24);
    check("argumentsMax", argumentsMax, 1, 1 << 27);
    check("bulkBytesMax", bulkBytesMax, 128, 1 << 29);
    check("requestBytesMax", requestBytesMax, 128, 1 << 30);
    check("gatherBytesMin", gatherBytesMin, 0, 1 << 30);
  }

  /**
   * Redis's own limits.
   *
   * @return 64 KiB inline, 2^20 arguments, 512 MiB an argument, 1 GiB a request
   */
  public static RespLimits defaults() {
    return DEFAULTS;
  }

  /**
   * The same limits but one.
   *
   * @param bytes when to move a request into the decoder's own memory
   * @return new limits
   */
  public RespLimits withGatherBytesMin(int bytes) {
    return new RespLimits(inlineBytesMax, argumentsMax, bulkBytesMax, requestBytesMax, bytes);
  }

  /**
   * The same limits but one.
   *
   * @param bytes longest argument
   * @return new limits
   */
  public RespLimits withBulkBytesMax(int bytes) {
    return new RespLimits(inlineBytesMax, argumentsMax, bytes, requestBytesMax, gatherBytesMin);
  }

  private static void check(String name, int value, int min, int max) {
    LimitRange.check(RespLimits.class, name, value, min, max);
  }
}

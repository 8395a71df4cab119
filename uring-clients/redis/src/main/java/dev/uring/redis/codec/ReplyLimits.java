package dev.uring.redis.codec;

/**
 * How much one server may make a client hold while it reads a reply.
 *
 * <h2>Shapes and units</h2>
 *
 * Sizes are bytes. A reply beyond a limit is {@link dev.uring.codec.DecodeStatus#BAD}: the
 * connection cannot be used any more.
 *
 * <h2>Ownership</h2>
 *
 * A limit reserves nothing: memory is taken as bytes arrive, never as they are announced.
 *
 * <h2>Errors</h2>
 *
 * {@link IllegalArgumentException} for a value outside its bound.
 *
 * @param depthMax how many aggregates may stand inside one another
 * @param valuesMax most values of one reply, those of inner aggregates included; each costs 12
 *     bytes while the reply is read
 * @param bulkBytesMax longest string
 * @param lineBytesMax longest simple string, simple error or number
 * @param replyBytesMax longest reply as it stands on the wire
 * @param gatherBytesMin a reply known to be longer than this moves into the decoder's own memory
 *     instead of waiting in the connection; keep it below the connection's frame bound
 */
public record ReplyLimits(
    int depthMax,
    int valuesMax,
    int bulkBytesMax,
    int lineBytesMax,
    int replyBytesMax,
    int gatherBytesMin) {

  /** 32: Redis's own deepest replies (COMMAND DOCS, CLUSTER SHARDS) stay below 10. */
  public static final int DEPTH_MAX = 32;

  /** 2^24: a KEYS of sixteen million; 192 MiB while it is read. */
  public static final int VALUES_MAX = 1 << 24;

  /** 512 MiB, as Redis. */
  public static final int BULK_BYTES_MAX = 512 << 20;

  /** 64 KiB: Redis's inline bound; its errors quote arguments of up to 128 bytes. */
  public static final int LINE_BYTES_MAX = 64 << 10;

  /** 1 GiB; positions are ints, so no reply may reach 2 GiB. */
  public static final int REPLY_BYTES_MAX = 1 << 30;

  /**
   * 32 KiB, a receive buffer of the default size: a longer reply comes in pieces in any case. Here
   * they go into memory that is kept from reply to reply; in the connection they would move each
   * time that they outgrow a block.
   */
  public static final int GATHER_BYTES_MIN = 32 << 10;

  private static final ReplyLimits DEFAULTS = new ReplyLimits(
      DEPTH_MAX, VALUES_MAX, BULK_BYTES_MAX, LINE_BYTES_MAX, REPLY_BYTES_MAX, GATHER_BYTES_MIN);

  /** Checks every limit. */
  public ReplyLimits {
    check("depthMax", depthMax, 1, 1 << 10);
    check("valuesMax", valuesMax, 1, 1 << 28);
    check("bulkBytesMax", bulkBytesMax, 1, 1 << 29);
    check("lineBytesMax", lineBytesMax, 32, 1 << 24);
    check("replyBytesMax", replyBytesMax, 32, 1 << 30);
    check("gatherBytesMin", gatherBytesMin, 0, 1 << 30);
  }

  /**
   * The limits above.
   *
   * @return always the same object
   */
  public static ReplyLimits defaults() {
    return DEFAULTS;
  }

  /**
   * The same limits but one.
   *
   * @param bytes when to move a reply into the decoder's own memory
   * @return new limits
   */
  public ReplyLimits withGatherBytesMin(int bytes) {
    return new ReplyLimits(depthMax, valuesMax, bulkBytesMax, lineBytesMax, replyBytesMax, bytes);
  }

  private static void check(String name, int value, int min, int max) {
    LimitRange.check(ReplyLimits.class, name, value, min, max);
  }
}

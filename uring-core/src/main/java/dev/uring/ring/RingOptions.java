package dev.uring.ring;

import dev.uring.abi.IoUring;
import java.util.Collections;
import java.util.EnumSet;
import java.util.Set;

/**
 * Sizes of a ring, and what it shall do without.
 *
 * <h2>Shapes and units</h2>
 *
 * Sizes are entries; the kernel rounds them up to powers of two and lowers what exceeds its own
 * limits.
 *
 * @param sqEntries submission queue: SQEs that can be queued between two enters. Default 1024.
 *     Costs 64 bytes each: the default is 64 KiB and stays in the second-level cache. A turn that
 *     queues more pays one more enter per 1024 SQEs, which is why larger buys nothing.
 * @param cqEntries completion queue: CQEs that can wait to be reaped. Default 4096. Costs 16 bytes
 *     each (64 KiB). Multishot operations complete without new SQEs, so the CQ must not be sized by
 *     the SQ: at least four times it. A full CQ loses nothing, but the kernel then allocates for
 *     each completion and the ring needs another enter.
 * @param avoided features not to use although the kernel has them; for tests and for measuring them
 */
public record RingOptions(int sqEntries, int cqEntries, Set<RingFeature> avoided) {

  /** Default of {@link #sqEntries}. */
  public static final int SQ_ENTRIES_DEFAULT = 1024;

  /** Default ratio of {@link #cqEntries} to {@link #sqEntries}. */
  public static final int CQ_ENTRIES_PER_SQ_ENTRY = 4;

  /** Checks the bounds: SQ 1..32768, CQ from the SQ's size to 65536. */
  public RingOptions {
    if (sqEntries < 1 || sqEntries > IoUring.SQ_ENTRIES_MAX) {
      throw new IllegalArgumentException(
          "sqEntries=%d is outside 1..%d (kernel limit IORING_MAX_ENTRIES)"
              .formatted(sqEntries, IoUring.SQ_ENTRIES_MAX));
    }
    if (cqEntries < sqEntries || cqEntries > IoUring.CQ_ENTRIES_MAX) {
      throw new IllegalArgumentException(
          "cqEntries=%d is outside sqEntries..%d (sqEntries=%d); use at least %d times sqEntries"
              .formatted(cqEntries, IoUring.CQ_ENTRIES_MAX, sqEntries, CQ_ENTRIES_PER_SQ_ENTRY));
    }
    EnumSet<RingFeature> copy = EnumSet.noneOf(RingFeature.class);
    copy.addAll(avoided);
    avoided = Collections.unmodifiableSet(copy);
  }

  /** Returns the default sizes: 1024 SQEs, 4096 CQEs. */
  public static RingOptions defaults() {
    return ofSqEntries(SQ_ENTRIES_DEFAULT);
  }

  /**
   * Returns options with {@code sqEntries} and four times as many CQEs, or the kernel's limit if
   * that is less.
   */
  public static RingOptions ofSqEntries(int sqEntries) {
    // A size out of bounds is left for the constructor to refuse; the long keeps it from wrapping
    // on the way there.
    long cqEntries = Math.min((long) sqEntries * CQ_ENTRIES_PER_SQ_ENTRY, IoUring.CQ_ENTRIES_MAX);
    return new RingOptions(sqEntries, (int) cqEntries, Set.of());
  }

  /** Returns a copy with another completion queue size. */
  public RingOptions withCqEntries(int entries) {
    return new RingOptions(sqEntries, entries, avoided);
  }

  /** Returns a copy that does without {@code feature}. */
  public RingOptions without(RingFeature feature) {
    EnumSet<RingFeature> more = EnumSet.of(feature);
    more.addAll(avoided);
    return new RingOptions(sqEntries, cqEntries, more);
  }

  /** Tells whether {@code feature} may be used. */
  public boolean allows(RingFeature feature) {
    return !avoided.contains(feature);
  }
}

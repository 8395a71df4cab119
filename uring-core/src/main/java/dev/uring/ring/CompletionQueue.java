package dev.uring.ring;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.uring.abi.IoUring;
import dev.uring.abi.Layouts;
import java.lang.foreign.MemorySegment;

/**
 * The queue of completed operations.
 *
 * <h2>Shapes and units</h2>
 *
 * {@link #ready} looks once how many CQEs there are; {@link #userData}, {@link #result} and
 * {@link #flags} read the {@code i}-th of them, 0 being the oldest; {@link #advance} gives
 * {@code n} of them back.
 *
 * <pre>{@code
 * int ready = cq.ready();
 * for (int i = 0; i < ready; i++) {
 *   handle(cq.userData(i), cq.result(i), cq.flags(i));
 * }
 * cq.advance(ready);
 * }</pre>
 *
 * <h2>Ownership</h2>
 *
 * CQEs 0 until {@code ready} are ours until {@link #advance}. Handlers may submit; they must not
 * advance or enter.
 *
 * <h2>Threading and cancellation</h2>
 *
 * Owner thread only.
 *
 * <h2>Source</h2>
 *
 * io_uring_for_each_cqe(3), io_uring_cq_advance(3).
 */
public final class CompletionQueue {

  private final MemorySegment ring;
  private final long kHeadOffset;
  private final long kTailOffset;
  private final long kOverflowOffset;
  private final long cqesOffset;
  private final int cqeBytes;
  private final int mask;
  private final int capacity;

  private int head;
  private long reaped;

  CompletionQueue(MemorySegment ring, MemorySegment params) {
    this.ring = ring;
    this.kHeadOffset = params.get(JAVA_INT, Layouts.PARAMS_CQ_HEAD);
    this.kTailOffset = params.get(JAVA_INT, Layouts.PARAMS_CQ_TAIL);
    this.kOverflowOffset = params.get(JAVA_INT, Layouts.PARAMS_CQ_OVERFLOW);
    this.cqesOffset = params.get(JAVA_INT, Layouts.PARAMS_CQ_CQES);
    this.cqeBytes = RingSetup.cqeBytes(params);
    this.mask = ring.get(JAVA_INT, params.get(JAVA_INT, Layouts.PARAMS_CQ_RING_MASK));
    this.capacity = ring.get(JAVA_INT, params.get(JAVA_INT, Layouts.PARAMS_CQ_RING_ENTRIES));
  }

  /** Returns how many CQEs can be read; one look at the shared tail. */
  public int ready() {
    // Acquire: pairs with the kernel's release after it filled the CQEs; their fields may be read
    // plainly below.
    return SharedWords.getAcquire(ring, kTailOffset) - head;
  }

  /** Returns the {@code user_data} of CQE {@code i}. */
  public long userData(int i) {
    return ring.get(JAVA_LONG, at(i) + Layouts.CQE_USER_DATA);
  }

  /** Returns the result of CQE {@code i}: zero or more, or minus an error number. */
  public int result(int i) {
    return ring.get(JAVA_INT, at(i) + Layouts.CQE_RES);
  }

  /**
   * Returns the {@code IORING_CQE_F_*} flags of CQE {@code i}; the upper half holds a buffer id if
   * F_BUFFER is set.
   */
  public int flags(int i) {
    return ring.get(JAVA_INT, at(i) + Layouts.CQE_FLAGS);
  }

  /** Gives the oldest {@code n} CQEs back to the kernel. */
  public void advance(int n) {
    head += n;
    reaped += n;
    // Release: our reads of these CQEs must be over before the kernel may overwrite them.
    SharedWords.setRelease(ring, kHeadOffset, head);
  }

  /** Returns the number of CQEs that fit. */
  public int capacity() {
    return capacity;
  }

  /**
   * Returns the buffer id in {@code flags}; meaningful only if {@link IoUring#IORING_CQE_F_BUFFER}
   * is set.
   */
  public static int bufferId(int flags) {
    return flags >>> IoUring.IORING_CQE_BUFFER_SHIFT;
  }

  /**
   * Returns how many completions the kernel had to drop because it had no memory to keep them.
   *
   * <p>Always 0 in a healthy system: a full queue alone drops nothing (IORING_FEAT_NODROP).
   */
  public int dropped() {
    return SharedWords.getOpaque(ring, kOverflowOffset);
  }

  long reaped() {
    return reaped;
  }

  private long at(int i) {
    return cqesOffset + (long) (head + i & mask) * cqeBytes;
  }
}

package dev.uring.ring;

import static java.lang.foreign.ValueLayout.JAVA_INT;

import dev.uring.abi.IoUring;
import dev.uring.abi.Layouts;
import java.lang.foreign.MemorySegment;

/**
 * The queue of operations to submit.
 *
 * <h2>Shapes and units</h2>
 *
 * {@link #next} gives out slots one by one; the kernel sees none of them until {@link Ring#enter}
 * publishes them all at once. Entries: {@link #capacity}, a power of two.
 *
 * <h2>Ownership</h2>
 *
 * The one {@link Sqe} is reused: {@link #next} moves it. It belongs to the caller until the next
 * call of {@link #next} or {@link Ring#enter}.
 *
 * <h2>Threading and cancellation</h2>
 *
 * Owner thread only.
 *
 * <h2>Source</h2>
 *
 * io_uring_get_sqe(3), io_uring_sq_space_left(3), io_uring_sq_ready(3).
 */
public final class SubmissionQueue {

  private final MemorySegment ring;
  private final long kHeadOffset;
  private final long kTailOffset;
  private final long kFlagsOffset;
  private final int sqeBytes;
  private final int mask;
  private final int capacity;
  private final Sqe sqe;

  // Invariant: head <= tail <= head + capacity, as unsigned differences; both count up forever and
  // wrap.
  private int head;
  private int tail;

  SubmissionQueue(MemorySegment ring, MemorySegment sqes, MemorySegment params, boolean indexed) {
    this.ring = ring;
    this.kHeadOffset = params.get(JAVA_INT, Layouts.PARAMS_SQ_HEAD);
    this.kTailOffset = params.get(JAVA_INT, Layouts.PARAMS_SQ_TAIL);
    this.kFlagsOffset = params.get(JAVA_INT, Layouts.PARAMS_SQ_FLAGS);
    this.sqeBytes = RingSetup.sqeBytes(params);
    this.mask = ring.get(JAVA_INT, params.get(JAVA_INT, Layouts.PARAMS_SQ_RING_MASK));
    this.capacity = ring.get(JAVA_INT, params.get(JAVA_INT, Layouts.PARAMS_SQ_RING_ENTRIES));
    this.sqe = new Sqe(sqes, sqeBytes);
    if (indexed) {
      mapIndicesToThemselves(params.get(JAVA_INT, Layouts.PARAMS_SQ_ARRAY));
    }
  }

  // Kernels before 6.6 find SQEs through an index array. We use slots in ring order, so it never
  // changes.
  private void mapIndicesToThemselves(long arrayOffset) {
    for (int i = 0; i < capacity; i++) {
      ring.set(JAVA_INT, arrayOffset + (long) i * Integer.BYTES, i);
    }
  }

  /**
   * Returns the SQE of the next free slot, zeroed; {@code null} when the queue is full.
   *
   * <p>Full is not an error: the owner enters the kernel, which empties the queue, and asks again.
   */
  public Sqe next() {
    if (tail - head == capacity) {
      return null;
    }
    sqe.moveTo((long) (tail & mask) * sqeBytes);
    tail++;
    return sqe;
  }

  /** Returns the number of slots {@link #next} can give before it returns {@code null}. */
  public int free() {
    return capacity - (tail - head);
  }

  /** Returns the number of SQEs that the kernel has not taken yet. */
  public int pending() {
    return tail - head;
  }

  /** Returns the number of slots. */
  public int capacity() {
    return capacity;
  }

  /** Makes every queued SQE visible to the kernel; returns how many it has yet to take. */
  int publish() {
    // Release: the kernel acquires the tail and may read the SQEs as soon as it sees it.
    SharedWords.setRelease(ring, kTailOffset, tail);
    return tail - head;
  }

  /** Learns how many SQEs the last enter took, and returns that number. */
  int refresh() {
    // No acquire: the kernel only frees slots through its head, it never writes SQEs back, and it
    // moved the head inside
    // our own system call on this thread.
    int kHead = SharedWords.getOpaque(ring, kHeadOffset);
    int taken = kHead - head;
    head = kHead;
    return taken;
  }

  /** Tells whether the kernel holds completions that did not fit into the completion queue. */
  boolean completionsOverflowed() {
    return (SharedWords.getOpaque(ring, kFlagsOffset) & IoUring.IORING_SQ_CQ_OVERFLOW) != 0;
  }
}

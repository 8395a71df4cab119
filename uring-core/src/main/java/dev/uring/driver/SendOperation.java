package dev.uring.driver;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/**
 * A gathered send: up to {@link #PARTS_MAX} pieces of memory that leave in one system call.
 *
 * <p><i>Owner:</i> the pieces belong to whoever filled them in, who keeps them unchanged until the
 * answer. A socket has one such operation, which is what keeps its bytes in order.
 */
public abstract class SendOperation extends Operation {
  /** Most pieces of one send: a block of 4 KiB holds their descriptions and the header. */
  public static final int PARTS_MAX = 128;

  private static final int PARTS_INITIAL = 2;

  private MemorySegment[] memories = new MemorySegment[PARTS_INITIAL];
  private long[] offsets = new long[PARTS_INITIAL];
  private int[] lengths = new int[PARTS_INITIAL];
  private int partsCount;

  /** For subclasses. */
  protected SendOperation() {}

  /** Empties the list of parts. */
  public final void clearParts() {
    partsCount = 0;
  }

  /**
   * Adds a part.
   *
   * @param memory where it lies
   * @param offset its first byte
   * @param length its size in bytes
   */
  public final void addPart(MemorySegment memory, long offset, int length) {
    if (partsCount == lengths.length) {
      int capacity = partsCount * 2;
      memories = Arrays.copyOf(memories, capacity);
      offsets = Arrays.copyOf(offsets, capacity);
      lengths = Arrays.copyOf(lengths, capacity);
    }
    memories[partsCount] = memory;
    offsets[partsCount] = offset;
    lengths[partsCount++] = length;
  }

  /**
   * How many parts there are.
   *
   * @return 0 to {@link #PARTS_MAX}
   */
  public final int partsCount() {
    return partsCount;
  }

  final long partAddress(int index) {
    return memories[index].address() + offsets[index];
  }

  final int partLength(int index) {
    return lengths[index];
  }
}

package dev.uring.buffer;

import dev.uring.ffi.NativeMemory;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * One mapping of a {@link BlockPool}, cut into blocks of one size class, or a single block that is
 * too large for any class.
 *
 * <p><i>Thread:</i> the pool's, which alone may unmap it: the arena is confined, because closing a
 * shared one stops every thread of the program for a moment.
 */
final class Slab {
  /** The class of a single large block. */
  static final int UNPOOLED = -1;

  private final Arena arena = Arena.ofConfined();
  private final MemorySegment memory;
  private final int sizeClass;
  private final int blocksCount;
  private int freeCount;

  /**
   * Maps memory. It is mapped and not allocated: the system provides a page when it is first
   * touched, where malloc's zeroing would touch them all.
   */
  Slab(long bytes, int sizeClass, int blocksCount) {
    this.sizeClass = sizeClass;
    this.blocksCount = blocksCount;
    this.freeCount = blocksCount;
    try {
      memory = NativeMemory.map(bytes, arena);
    } catch (RuntimeException refused) {
      arena.close();
      throw refused;
    }
  }

  MemorySegment memory() {
    return memory;
  }

  long bytes() {
    return memory.byteSize();
  }

  int sizeClass() {
    return sizeClass;
  }

  /** Whether every block of it lies in the pool. */
  boolean isIdle() {
    return freeCount == blocksCount;
  }

  void blockTaken() {
    freeCount--;
  }

  void blockGivenBack() {
    freeCount++;
  }

  void unmap() {
    arena.close();
  }
}

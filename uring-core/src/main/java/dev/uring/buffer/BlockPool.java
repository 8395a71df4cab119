package dev.uring.buffer;

import dev.uring.abi.Posix;
import dev.uring.base.PoolExhaustedException;
import dev.uring.ffi.Libc;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * Blocks in powers of two, cut from slabs that the system provides page by page as they are
 * touched.
 *
 * <p>The last block given back is the first taken again: a busy worker keeps turning over the few
 * blocks that are in its cache. Blocks above {@link #POOLED_BYTES_MAX} are rare (one huge message)
 * and are mapped and unmapped one by one, so that one such message does not own its memory for
 * ever.
 *
 * <p><i>Limit:</i> {@code blockPoolBytesMax}, the bytes taken from the system. At the limit {@link
 * #take} throws {@link PoolExhaustedException}; the connection that asked fails, the others go on.
 *
 * <p><i>Thread:</i> the worker's.
 */
public final class BlockPool implements AutoCloseable {
  /** The smallest block: four cache lines, room for a typical small reply. */
  public static final int BLOCK_BYTES_MIN = 1 << 8;

  /** The largest block that stays with the pool. */
  public static final int POOLED_BYTES_MAX = 1 << 20;

  /** The largest block at all. */
  public static final int BLOCK_BYTES_MAX = 1 << 30;

  private static final int MIN_SHIFT = Integer.numberOfTrailingZeros(BLOCK_BYTES_MIN);
  private static final int CLASSES = 13; // 2^8 .. 2^20
  private static final int UNPOOLED = -1;

  // A slab is a quarter of a mebibyte: 1024 of the smallest blocks, and not more than four of the
  // 64 KiB ones, because untouched pages cost address space only.
  private static final long SLAB_BYTES = 1 << 18;

  private final Arena arena;
  private final long bytesMax;
  private final Block[] free = new Block[CLASSES];
  private long takenBytes;
  private int heldCount;
  private long exhaustedCount;

  /**
   * A pool.
   *
   * @param arena owns the slabs; closing it frees them
   * @param bytesMax most bytes to take from the system
   */
  public BlockPool(Arena arena, long bytesMax) {
    this.arena = arena;
    this.bytesMax = bytesMax;
  }

  /**
   * Takes a block.
   *
   * @param bytes least capacity wanted
   * @return a block with one holder, the caller
   */
  public Block take(int bytes) {
    Block block = bytes > POOLED_BYTES_MAX ? mapAlone(bytes) : takePooled(sizeClassOf(bytes));
    block.taken();
    heldCount++;
    return block;
  }

  /**
   * The capacity {@link #take} would give.
   *
   * @param bytes least capacity wanted
   * @return bytes
   */
  public static int capacityFor(int bytes) {
    if (bytes > BLOCK_BYTES_MAX) {
      throw new IllegalArgumentException(
          "block of " + bytes + " bytes exceeds BLOCK_BYTES_MAX=" + BLOCK_BYTES_MAX);
    }
    return bytes <= BLOCK_BYTES_MIN ? BLOCK_BYTES_MIN : Integer.highestOneBit(bytes - 1) << 1;
  }

  /**
   * Blocks that somebody holds now.
   *
   * @return a count; 0 when nothing is leaked
   */
  public int blocksHeldCount() {
    return heldCount;
  }

  /**
   * Bytes taken from the system.
   *
   * @return bytes of slabs and single blocks, whether held or free
   */
  public long takenBytes() {
    return takenBytes;
  }

  /**
   * How often the limit was reached.
   *
   * @return a count since the pool began
   */
  public long exhaustedCount() {
    return exhaustedCount;
  }

  @Override
  public void close() {
    arena.close();
  }

  void giveBack(Block block) {
    heldCount--;
    if (block.sizeClass == UNPOOLED) {
      takenBytes -= block.capacity();
      block.closeOwnMemory();
      return;
    }
    block.nextFree = free[block.sizeClass];
    free[block.sizeClass] = block;
  }

  private Block takePooled(int sizeClass) {
    Block block = free[sizeClass];
    if (block == null) {
      addSlab(sizeClass);
      block = free[sizeClass];
    }
    free[sizeClass] = block.nextFree;
    block.nextFree = null;
    return block;
  }

  private void addSlab(int sizeClass) {
    int capacity = BLOCK_BYTES_MIN << sizeClass;
    long bytes = Math.max(SLAB_BYTES, capacity);
    charge(bytes);
    MemorySegment slab = map(bytes, arena);
    // Descending, so that the first block taken is the first of the slab.
    for (long offset = bytes - capacity; offset >= 0; offset -= capacity) {
      Block block = new Block(this, slab, offset, capacity, sizeClass, null);
      block.nextFree = free[sizeClass];
      free[sizeClass] = block;
    }
  }

  private Block mapAlone(int bytes) {
    int capacity = capacityFor(bytes);
    charge(capacity);
    // Confined, because closing a shared arena stops every thread of the program for a moment.
    Arena own = Arena.ofConfined();
    return new Block(this, map(capacity, own), 0, capacity, UNPOOLED, own);
  }

  private void charge(long bytes) {
    if (takenBytes + bytes > bytesMax) {
      exhaustedCount++;
      throw new PoolExhaustedException(bytes, takenBytes, bytesMax);
    }
    takenBytes += bytes;
  }

  // Mapped and not allocated: the system provides a page when it is first touched, where malloc's
  // zeroing would touch them all.
  private static MemorySegment map(long bytes, Arena arena) {
    return Libc.mmap(
        bytes,
        Posix.PROT_READ | Posix.PROT_WRITE,
        Posix.MAP_PRIVATE | Posix.MAP_ANONYMOUS,
        -1,
        0,
        arena);
  }

  private static int sizeClassOf(int bytes) {
    return Integer.numberOfTrailingZeros(capacityFor(bytes)) - MIN_SHIFT;
  }
}

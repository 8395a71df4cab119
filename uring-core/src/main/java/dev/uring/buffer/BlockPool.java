package dev.uring.buffer;

import dev.uring.base.PoolExhaustedException;
import dev.uring.metrics.jfr.FlightRecording;
import dev.uring.metrics.jfr.PoolExhaustedEvent;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * Blocks in powers of two, cut from slabs that the system provides page by page as they are
 * touched.
 *
 * <p>The last block given back is the first taken again: a busy worker keeps turning over the few
 * blocks that are in its cache. Blocks above {@link #POOLED_BYTES_MAX} are rare (one huge message)
 * and are mapped and unmapped one by one, so that one such message does not own its memory for
 * ever.
 *
 * <p><i>Limit:</i> {@code blockPoolBytesMax}, the bytes taken from the system. At the limit slabs
 * that are wholly free go back to the system first, or a burst of small blocks could keep large
 * ones out for ever. When there is none, {@link #take} throws {@link PoolExhaustedException}; the
 * connection that asked fails, the others go on.
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

  // A slab is a quarter of a mebibyte: 1024 of the smallest blocks, and not more than four of the
  // 64 KiB ones, because untouched pages cost address space only.
  private static final long SLAB_BYTES = 1 << 18;

  private final long bytesMax;
  private final Block[] free = new Block[CLASSES];
  private final List<Slab> slabs = new ArrayList<>();
  private final Set<Slab> singles = new HashSet<>();
  private long takenBytes;
  private int idleSlabsCount;
  private int heldCount;
  private long exhaustedCount;

  /**
   * A pool that has taken nothing yet.
   *
   * @param bytesMax most bytes to take from the system
   */
  public BlockPool(long bytesMax) {
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
   * Takes a block for a program to fill and hand over.
   *
   * @param bytes least capacity wanted
   * @return a lease that holds it
   */
  public BlockLease lease(int bytes) {
    return new BlockLease(this).take(bytes);
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

  /** Unmaps everything, held or not. On the thread that took blocks, when there was one. */
  @Override
  public void close() {
    slabs.forEach(Slab::unmap);
    slabs.clear();
    singles.forEach(Slab::unmap);
    singles.clear();
  }

  void giveBack(Block block) {
    heldCount--;
    Slab slab = block.slab();
    if (slab.sizeClass() == Slab.UNPOOLED) {
      takenBytes -= slab.bytes();
      singles.remove(slab);
      slab.unmap();
      return;
    }
    slab.blockGivenBack();
    if (slab.isIdle()) {
      idleSlabsCount++;
    }
    block.nextFree = free[slab.sizeClass()];
    free[slab.sizeClass()] = block;
  }

  private Block takePooled(int sizeClass) {
    Block block = free[sizeClass];
    if (block == null) {
      addSlab(sizeClass);
      block = free[sizeClass];
    }
    free[sizeClass] = block.nextFree;
    block.nextFree = null;
    if (block.slab().isIdle()) {
      idleSlabsCount--;
    }
    block.slab().blockTaken();
    return block;
  }

  private void addSlab(int sizeClass) {
    int capacity = BLOCK_BYTES_MIN << sizeClass;
    long bytes = Math.max(SLAB_BYTES, capacity);
    checkLimit(bytes);
    Slab slab = new Slab(bytes, sizeClass, (int) (bytes / capacity));
    takenBytes += bytes;
    slabs.add(slab);
    idleSlabsCount++;
    // Descending, so that the first block taken is the first of the slab.
    for (long offset = bytes - capacity; offset >= 0; offset -= capacity) {
      Block block = new Block(this, slab, offset, capacity);
      block.nextFree = free[sizeClass];
      free[sizeClass] = block;
    }
  }

  private Block mapAlone(int bytes) {
    int capacity = capacityFor(bytes);
    checkLimit(capacity);
    Slab slab = new Slab(capacity, Slab.UNPOOLED, 1);
    takenBytes += capacity;
    singles.add(slab);
    return new Block(this, slab, 0, capacity);
  }

  private void checkLimit(long bytes) {
    if (takenBytes + bytes > bytesMax && idleSlabsCount > 0) {
      unmapIdleSlabs();
    }
    if (takenBytes + bytes > bytesMax) {
      exhaustedCount++;
      if (FlightRecording.isOn()) {
        PoolExhaustedEvent.report("blocks", takenBytes, bytesMax);
      }
      throw new PoolExhaustedException(bytes, takenBytes, bytesMax);
    }
  }

  // All of them at once: the walk over the free blocks is long, and must not be made for each slab.
  private void unmapIdleSlabs() {
    for (int sizeClass = 0; sizeClass < CLASSES; sizeClass++) {
      Block kept = null;
      for (Block block = free[sizeClass]; block != null; ) {
        Block following = block.nextFree;
        if (!block.slab().isIdle()) {
          block.nextFree = kept;
          kept = block;
        }
        block = following;
      }
      free[sizeClass] = kept;
    }
    slabs.removeIf(this::unmapIfIdle);
    idleSlabsCount = 0;
  }

  private boolean unmapIfIdle(Slab slab) {
    if (!slab.isIdle()) {
      return false;
    }
    takenBytes -= slab.bytes();
    slab.unmap();
    return true;
  }

  private static int sizeClassOf(int bytes) {
    return Integer.numberOfTrailingZeros(capacityFor(bytes)) - MIN_SHIFT;
  }
}

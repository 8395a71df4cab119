package dev.uring.buffer;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * A piece of a {@link BlockPool}, held by a counted number of holders.
 *
 * <p><i>Owner:</i> the pool. <i>Invariant:</i> {@code holders == 0} exactly while it lies in the
 * pool. <i>Thread:</i> the pool's.
 */
public final class Block {
  private final BlockPool pool;
  private final MemorySegment memory;
  private final long offset;
  private final int capacity;
  private final Arena ownMemory;
  final int sizeClass;
  Block nextFree;
  private int holders;

  Block(
      BlockPool pool,
      MemorySegment memory,
      long offset,
      int capacity,
      int sizeClass,
      Arena ownMemory) {
    this.ownMemory = ownMemory;
    this.pool = pool;
    this.memory = memory;
    this.offset = offset;
    this.capacity = capacity;
    this.sizeClass = sizeClass;
  }

  /**
   * The memory the block is a part of.
   *
   * @return a segment that may be larger than the block
   */
  public MemorySegment memory() {
    return memory;
  }

  /**
   * Where the block begins in {@link #memory()}.
   *
   * @return an offset in bytes
   */
  public long offset() {
    return offset;
  }

  /**
   * The size of the block.
   *
   * @return bytes
   */
  public int capacity() {
    return capacity;
  }

  /** Adds a holder. */
  public void retain() {
    if (holders == 0) {
      throw new IllegalStateException("retain of a block that nobody holds, capacity=" + capacity);
    }
    holders++;
  }

  /** Removes a holder; the last one gives the block back. */
  public void release() {
    if (--holders == 0) {
      pool.giveBack(this);
    } else if (holders < 0) {
      holders = 0;
      throw new IllegalStateException("block released twice, capacity=" + capacity);
    }
  }

  /** Unmaps a block that is no part of a slab. */
  void closeOwnMemory() {
    ownMemory.close();
  }

  void taken() {
    holders = 1;
  }
}

package dev.uring.buffer;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;

/**
 * A piece of a {@link BlockPool}, held by a counted number of holders.
 *
 * <p><i>Owner:</i> the pool. <i>Invariant:</i> {@code holders == 0} exactly while it lies in the
 * pool. <i>Thread:</i> the pool's.
 */
public final class Block {
  private final BlockPool pool;
  private final Slab slab;
  private final long offset;
  private final int capacity;
  Block nextFree;
  private int holders;
  // Made at the first use and kept: a block goes round for as long as its slab is mapped.
  private ByteBuffer buffer;

  Block(BlockPool pool, Slab slab, long offset, int capacity) {
    this.pool = pool;
    this.slab = slab;
    this.offset = offset;
    this.capacity = capacity;
  }

  /**
   * The memory the block is a part of.
   *
   * @return a segment that may be larger than the block
   */
  public MemorySegment memory() {
    return slab.memory();
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

  /**
   * The block as a buffer, for interfaces that know no segments.
   *
   * @return always the same buffer, from 0 to {@link #capacity()}; whoever uses it sets position
   *     and limit
   */
  public ByteBuffer buffer() {
    if (buffer == null) {
      buffer = slab.memory().asSlice(offset, capacity).asByteBuffer();
    }
    return buffer;
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

  Slab slab() {
    return slab;
  }

  void taken() {
    holders = 1;
  }
}

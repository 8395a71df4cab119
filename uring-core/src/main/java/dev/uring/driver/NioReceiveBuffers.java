package dev.uring.driver;

import dev.uring.ffi.NativeMemory;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;

/**
 * Receive buffers that the driver itself takes from a stack: the one given back last, whose bytes
 * are still in the caches, is filled next.
 *
 * <p>There always is one. Half of them at most are retained ({@link #retainableMax}), and of the
 * others one is lent at a time, for the callback that is told of it. So no receive ever waits for a
 * buffer, as it may on a ring, where the kernel fills many before the first is told of.
 *
 * <p><i>Thread:</i> the driver's.
 */
class NioReceiveBuffers extends ReceiveBuffers {
  private static final int CACHE_LINE_BYTES = 64;

  private final MemorySegment memory;
  private final int bufferBytes;
  private final int headroomBytes;
  private final long strideBytes;
  private final int[] free;
  private final ByteBuffer[] views;
  private int freeCount;

  NioReceiveBuffers(int count, int bufferBytes, int headroomBytes, Arena arena) {
    super(count);
    this.bufferBytes = bufferBytes;
    this.headroomBytes = wholeCacheLines(headroomBytes);
    this.strideBytes = this.headroomBytes + (long) wholeCacheLines(bufferBytes);
    this.memory = NativeMemory.map(count * strideBytes, arena);
    this.free = new int[count];
    this.views = new ByteBuffer[count];
    for (int bufferId = count - 1; bufferId >= 0; bufferId--) {
      free[freeCount++] = bufferId;
    }
  }

  @Override
  public final MemorySegment memory() {
    return memory;
  }

  @Override
  public final long offset(int bufferId) {
    return bufferId * strideBytes + headroomBytes;
  }

  @Override
  public final int headroomBytes() {
    return headroomBytes;
  }

  /** Capacity of each, in bytes. */
  final int bufferBytes() {
    return bufferBytes;
  }

  /** The buffer that {@link #lend} will take; it stays free until then. */
  final int next() {
    return free[freeCount - 1];
  }

  /** The whole buffer, for a channel to fill. */
  final ByteBuffer view(int bufferId) {
    ByteBuffer view = views[bufferId];
    if (view == null) {
      // Made at the first use: a worker that never has many buffers busy never makes the others.
      view = NativeMemory.buffer(memory, offset(bufferId), bufferBytes);
      views[bufferId] = view;
    }
    return view.clear();
  }

  @Override
  protected void giveBack(int bufferId) {
    free[freeCount++] = bufferId;
  }

  @Override
  protected void taken() {
    freeCount--;
  }

  private static int wholeCacheLines(int bytes) {
    return bytes + CACHE_LINE_BYTES - 1 & -CACHE_LINE_BYTES;
  }
}

package dev.uring.driver;

import dev.uring.ffi.NativeMemory;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;

/**
 * What a channel writes: a send's parts as one piece of memory after the other.
 *
 * <p>A part that is large, or the only one, is written from where it lies. Small ones that follow
 * each other are copied together first: a copy of some KiB costs less than a system call for each,
 * and less than the JDK's gathering write, which describes each part anew.
 *
 * <p>A channel wants a {@link ByteBuffer}, and making one for each send would be garbage. Those
 * over the worker's own memory are kept, a slab or all receive buffers in one; there are few of
 * them.
 *
 * <p><i>Rejected:</i> {@code write(ByteBuffer[])}: a header of 20 bytes before a page of 4 KiB took
 * one buffer object and one description each, for a copy that costs 0.2 µs.
 *
 * <p><i>Thread:</i> the driver's.
 */
final class NioGather {
  // A quarter of a usual socket buffer: what is gathered goes out in one write.
  private static final int STAGING_BYTES = 1 << 16;

  // From here on the system call costs less than copying for the sake of one call fewer.
  private static final int APART_BYTES_MIN = 1 << 14;

  // Slabs of a worker that are in use at the same time, and some more so that they seldom collide.
  private static final int VIEWS = 64;

  private final Thread owner = Thread.currentThread();
  private final MemorySegment received;
  private final MemorySegment staging;
  private final ByteBuffer stagingView;
  private final MemorySegment[] keys = new MemorySegment[VIEWS];
  private final ByteBuffer[] views = new ByteBuffer[VIEWS];

  /** For the calling thread; {@code received} is the memory of its receive buffers. */
  NioGather(MemorySegment received, Arena arena) {
    this.received = received;
    this.staging = NativeMemory.map(STAGING_BYTES, arena);
    this.stagingView = NativeMemory.buffer(staging, 0, STAGING_BYTES);
  }

  /** The bytes of a send from byte {@code skip} of part {@code index} on, or the first of them. */
  ByteBuffer next(SendOperation send, int index, int skip) {
    SendPart part = send.part(index);
    int left = part.length() - skip;
    if (index == send.partsCount() - 1 || left >= APART_BYTES_MIN) {
      return view(part.memory(), part.offset() + skip, left);
    }
    return gather(send, index, skip);
  }

  /** A part of native memory. */
  ByteBuffer view(MemorySegment memory, long offset, int length) {
    if (!isKept(memory)) {
      return memory.asSlice(offset, length).asByteBuffer();
    }
    int at = System.identityHashCode(memory) & VIEWS - 1;
    if (keys[at] != memory) {
      keys[at] = memory;
      views[at] = NativeMemory.buffer(memory, 0, memory.byteSize());
    }
    int from = (int) offset;
    return views[at].limit(from + length).position(from);
  }

  private ByteBuffer gather(SendOperation send, int from, int skip) {
    int gathered = 0;
    int skipped = skip;
    for (int i = from; i < send.partsCount() && gathered < STAGING_BYTES; i++) {
      SendPart part = send.part(i);
      int bytes = Math.min(part.length() - skipped, STAGING_BYTES - gathered);
      MemorySegment.copy(part.memory(), part.offset() + skipped, staging, gathered, bytes);
      gathered += bytes;
      skipped = 0;
    }
    return stagingView.limit(gathered).position(0);
  }

  // Memory of this worker: confined to its thread, or its receive buffers. What a program hands
  // over
  // comes once, and must not be kept reachable from here.
  private boolean isKept(MemorySegment memory) {
    return (memory == received || isConfined(memory)) && memory.byteSize() <= Integer.MAX_VALUE;
  }

  private boolean isConfined(MemorySegment memory) {
    return !memory.isAccessibleBy(ELSEWHERE) && memory.isAccessibleBy(owner);
  }

  // Never started: it stands for any other thread.
  private static final Thread ELSEWHERE = Thread.ofPlatform().unstarted(() -> {});
}

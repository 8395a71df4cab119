package dev.uring.file;

import dev.uring.worker.Worker;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;

/**
 * A worker's registered memory, cut into buffers of one size.
 *
 * <p><i>Limit:</i> the number of buffers. When all are out, {@link #take} says null and the caller
 * takes a block: the kernel then pins its pages for each operation, and all else is the same.
 *
 * <p><i>Thread:</i> the worker's.
 */
final class RegisteredPool {
  /** The driver's one region. */
  static final int REGION = 0;

  private final int bufferBytes;
  private final ArrayDeque<MemorySegment> free;

  RegisteredPool(MemorySegment memory, int buffersCount, int bufferBytes) {
    this.bufferBytes = bufferBytes;
    this.free = new ArrayDeque<>(buffersCount);
    for (int i = 0; i < buffersCount; i++) {
      free.add(memory.asSlice((long) i * bufferBytes, bufferBytes));
    }
  }

  FileBuffer take(Worker worker, int bytes) {
    if (bytes > bufferBytes || free.isEmpty()) {
      return null;
    }
    return FileBuffer.ofRegistered(worker, free.pop(), this);
  }

  void giveBack(MemorySegment part) {
    free.push(part);
  }

  int freeCount() {
    return free.size();
  }
}

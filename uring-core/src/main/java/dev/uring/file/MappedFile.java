package dev.uring.file;

import dev.uring.bytes.ByteView;
import dev.uring.bytes.ByteWindow;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * A part of a file as memory, for reading.
 *
 * <h2>Shapes and units</h2>
 *
 * {@link #sizeBytes} bytes, the first of which is the one at the position that was asked for.
 *
 * <h2>Ownership</h2>
 *
 * Owned by whoever got it from {@link AsyncFile#map}, who closes it; the file may be closed before.
 * Views and the segment are borrowed until {@link #close}, which unmaps exactly once however often
 * it is called.
 *
 * <h2>Threading and cancellation</h2>
 *
 * Any thread. Reading a page that is not in memory waits for the disk: on a worker that holds up
 * everything else on it, so let other threads read files that may be cold. Closing stops every
 * thread of the program for a moment: map large parts, seldom.
 *
 * <h2>Errors</h2>
 *
 * {@link IllegalStateException} when it is used after {@link #close}. {@link InternalError} when
 * another process has cut the file and its end is read.
 *
 * <h2>Source</h2>
 *
 * mmap(2), PROT_READ, MAP_SHARED.
 */
public final class MappedFile implements AutoCloseable {
  private final Arena arena;
  private final MemorySegment memory;
  private final AtomicBoolean closed = new AtomicBoolean();

  MappedFile(Arena arena, MemorySegment memory) {
    this.arena = arena;
    this.memory = memory;
  }

  /**
   * How long the mapping is.
   *
   * @return bytes
   */
  public long sizeBytes() {
    return memory.byteSize();
  }

  /**
   * All of it.
   *
   * @return a read-only segment
   */
  public MemorySegment memory() {
    return memory;
  }

  /**
   * Lends a part.
   *
   * @param from first byte
   * @param count how many
   * @return a new view
   */
  public ByteView view(long from, int count) {
    ByteWindow window = new ByteWindow("MappedFile.view");
    window.lend(memory, from, count);
    return window;
  }

  @Override
  public void close() {
    if (closed.compareAndSet(false, true)) {
      arena.close();
    }
  }
}

package dev.uring.redis.codec;

import dev.uring.bytes.ByteView;
import dev.uring.bytes.ByteWindow;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * A decoder's own memory for one message that does not stay in the connection's view.
 *
 * <p>Grows by doubling as bytes arrive, so all copying together is at most twice the message, and
 * never beyond the size the message is known to have. Freed as soon as the message is done, unless
 * it is small: native memory that waits for a garbage collector is memory nobody sees.
 */
final class RespGather {
  private static final int BYTES_MIN = 4 << 10;
  private static final int KEPT_BYTES_MAX = 64 << 10;

  private final ByteWindow window;
  private Arena arena;
  private MemorySegment memory = MemorySegment.NULL;
  private int size;

  RespGather(String lender) {
    window = new ByteWindow(lender);
  }

  int size() {
    return size;
  }

  /** A view of everything gathered; valid until the next change. */
  ByteView view() {
    window.lend(memory, 0, size);
    return window;
  }

  /**
   * Appends bytes.
   *
   * @param sizeExpected the size known to come, or 0; growth stops there
   */
  void append(ByteView bytes, int from, int count, int sizeExpected) {
    ensure(count, sizeExpected);
    bytes.copyTo(from, memory, size, count);
    size += count;
  }

  void append(byte[] bytes, int count) {
    ensure(count, 0);
    MemorySegment.copy(bytes, 0, memory, ValueLayout.JAVA_BYTE, size, count);
    size += count;
  }

  /** Forgets the bytes; keeps a small block for the next message. */
  void clear() {
    window.end();
    size = 0;
    if (memory.byteSize() > KEPT_BYTES_MAX) {
      free();
    }
  }

  void free() {
    window.end();
    size = 0;
    memory = MemorySegment.NULL;
    if (arena != null) {
      arena.close();
      arena = null;
    }
  }

  private void ensure(int count, int sizeExpected) {
    long wanted = (long) size + count;
    if (wanted <= memory.byteSize()) {
      return;
    }
    long grown = Math.max(Math.max(wanted, BYTES_MIN), memory.byteSize() * 2);
    long bytes = sizeExpected >= wanted ? Math.min(grown, sizeExpected) : grown;
    // Confined: one worker reads it, and closing it costs no handshake with other threads.
    Arena larger = Arena.ofConfined();
    MemorySegment moved = larger.allocate(bytes);
    MemorySegment.copy(memory, 0, moved, 0, size);
    if (arena != null) {
      window.end();
      arena.close();
    }
    arena = larger;
    memory = moved;
  }
}

package dev.uring.codec;

import dev.uring.bytes.ByteView;
import dev.uring.bytes.ByteWindow;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * A decoder's own memory for one message that does not stay in the connection's view.
 *
 * <h2>Shapes and units</h2>
 *
 * Grows by doubling as bytes arrive, so all copying together is at most twice the message, and
 * never beyond the size the message is known to have.
 *
 * <h2>Ownership</h2>
 *
 * Owns native memory, freed as soon as the message is done, unless it is within the bound that was
 * given: memory that waits for a garbage collector is memory nobody sees. {@link #free()} frees the
 * rest.
 *
 * <h2>Threading and cancellation</h2>
 *
 * The thread that first appends; memory is confined to it.
 */
public final class Gather {
  private static final int BYTES_MIN = 4 << 10;

  /** 64 KiB: of thousands of connections each may keep as much. */
  public static final int KEPT_BYTES_MAX = 64 << 10;

  /**
   * 1 MiB and what stands around it: a client has few connections, memcached takes values of that
   * size by itself, and to take memory anew for each costs more than to copy it.
   */
  public static final int KEPT_BY_CLIENT_BYTES_MAX = (1 << 20) + (4 << 10);

  private final ByteWindow window;
  private final long keptBytesMax;
  private Arena arena;
  private MemorySegment memory = MemorySegment.NULL;
  private int size;

  /**
   * Memory without a byte in it.
   *
   * @param lender who lends, as error messages should call it
   * @param keptBytesMax largest memory that is kept from message to message, in bytes
   */
  public Gather(String lender, int keptBytesMax) {
    this.window = new ByteWindow(lender);
    this.keptBytesMax = keptBytesMax;
  }

  /**
   * How much was gathered.
   *
   * @return bytes
   */
  public int size() {
    return size;
  }

  /**
   * Lends everything gathered.
   *
   * @return always the same view, valid until the next change
   */
  public ByteView view() {
    window.lend(memory, 0, size);
    return window;
  }

  /**
   * Appends a part of a view.
   *
   * @param bytes what to copy from
   * @param from first position
   * @param count how many bytes
   * @param sizeExpected the size known to come, or 0; growth stops there
   */
  public void append(ByteView bytes, int from, int count, int sizeExpected) {
    ensure(count, sizeExpected);
    bytes.copyTo(from, memory, size, count);
    size += count;
  }

  /**
   * Appends the front of an array.
   *
   * @param bytes what to copy from
   * @param count how many bytes
   */
  public void append(byte[] bytes, int count) {
    ensure(count, 0);
    MemorySegment.copy(bytes, 0, memory, ValueLayout.JAVA_BYTE, size, count);
    size += count;
  }

  /** Forgets the bytes; keeps the memory for the next message if it is no larger than the bound. */
  public void clear() {
    window.end();
    size = 0;
    if (memory.byteSize() > keptBytesMax) {
      free();
    }
  }

  /** Frees the memory; it may be used again. */
  public void free() {
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

package dev.uring.ring;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import dev.uring.abi.IoUring;
import dev.uring.abi.Layouts;
import dev.uring.abi.Posix;
import dev.uring.ffi.IoUringSyscalls;
import dev.uring.ffi.Libc;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * Receive buffers lent to the kernel: it fills one, its id comes back in a CQE, and we give it
 * back.
 *
 * <h2>Shapes and units</h2>
 *
 * {@link #entries} buffers of {@link #bufferBytes}, ids 0 until {@code entries}. In front of each
 * lie {@link #headroomBytes} that the kernel never touches, so that the unfinished tail of an
 * earlier buffer can be put directly before the new bytes and parsed with them as one piece.
 * Headroom and stride are rounded up to whole cache lines.
 *
 * <p>Memory is mapped, not touched: pages appear as the kernel fills them. Worst case
 * {@code entries × (headroom + bufferBytes)}.
 *
 * <h2>Ownership</h2>
 *
 * The kernel owns a buffer from {@link #publish} after {@link #add} until the CQE that names it;
 * then it is ours until the next {@link #add}. The headroom is always ours, but the next carrier of
 * the buffer overwrites it.
 *
 * <h2>Threading and cancellation</h2>
 *
 * Owner thread only, except construction.
 *
 * <h2>Errors</h2>
 *
 * An operation that finds no buffer completes with {@code -ENOBUFS}. Re-arm it when buffers have
 * come back, never in a retry loop.
 *
 * <h2>Source</h2>
 *
 * io_uring_register_buf_ring(3), io_uring_buf_ring_add(3), io_uring_buf_ring_advance(3), since
 * kernel 5.19.
 */
public final class BufferRing implements AutoCloseable {

  private static final int CACHE_LINE_BYTES = 64;

  private final Ring owner;
  private final Arena arena = Arena.ofShared();
  private final int group;
  private final int entries;
  private final int bufferBytes;
  private final int headroomBytes;
  private final long strideBytes;
  private final MemorySegment memory;
  private final long memoryAddress;
  private final MemorySegment bufRing;
  private final int mask;

  private short tail;
  private boolean closed;

  BufferRing(Ring owner, int group, int entries, int bufferBytes, int headroomBytes) {
    requireBounds(group, entries, bufferBytes, headroomBytes);
    this.owner = owner;
    this.group = group;
    this.entries = entries;
    this.bufferBytes = bufferBytes;
    this.headroomBytes = wholeCacheLines(headroomBytes);
    this.strideBytes = this.headroomBytes + (long) wholeCacheLines(bufferBytes);
    this.mask = entries - 1;
    try {
      this.memory = map(entries * strideBytes);
      this.memoryAddress = memory.address();
      this.bufRing = map((long) entries * Layouts.BUF_BYTES);
      register();
    } catch (RuntimeException refused) {
      arena.close();
      throw refused;
    }
  }

  private static void requireBounds(int group, int entries, int bufferBytes, int headroomBytes) {
    if (group < 0 || group > 0xFFFF) {
      throw new IllegalArgumentException("group=%d is outside 0..65535".formatted(group));
    }
    if (entries < 1 || entries > IoUring.PBUF_RING_ENTRIES_MAX || Integer.bitCount(entries) != 1) {
      throw new IllegalArgumentException("entries=%d is not a power of two in 1..%d"
          .formatted(entries, IoUring.PBUF_RING_ENTRIES_MAX));
    }
    if (bufferBytes < 1 || bufferBytes > 1 << 30) {
      throw new IllegalArgumentException(
          "bufferBytes=%d is outside 1..%d".formatted(bufferBytes, 1 << 30));
    }
    if (headroomBytes < 0 || headroomBytes > 1 << 30) {
      throw new IllegalArgumentException(
          "headroomBytes=%d is outside 0..%d".formatted(headroomBytes, 1 << 30));
    }
  }

  private static int wholeCacheLines(int bytes) {
    return bytes + CACHE_LINE_BYTES - 1 & -CACHE_LINE_BYTES;
  }

  private MemorySegment map(long bytes) {
    int flags = Posix.MAP_PRIVATE | Posix.MAP_ANONYMOUS | Posix.MAP_NORESERVE;
    return Libc.mmap(bytes, Posix.PROT_READ | Posix.PROT_WRITE, flags, -1, 0, arena);
  }

  private void register() {
    try (Arena call = Arena.ofConfined()) {
      MemorySegment registration = call.allocate(Layouts.BUF_REG_BYTES, Long.BYTES);
      registration.set(JAVA_LONG, Layouts.BUF_REG_RING_ADDR, bufRing.address());
      registration.set(JAVA_INT, Layouts.BUF_REG_RING_ENTRIES, entries);
      registration.set(JAVA_SHORT, Layouts.BUF_REG_BGID, (short) group);
      int result =
          IoUringSyscalls.register(owner.fd(), IoUring.IORING_REGISTER_PBUF_RING, registration, 1);
      if (result < 0) {
        throw RingErrors.refused(
            "io_uring_register(PBUF_RING)",
            -result,
            "group=%d, entries=%d".formatted(group, entries));
      }
    }
  }

  /** Returns the memory of all buffers with their headrooms; valid until {@link #close}. */
  public MemorySegment memory() {
    return memory;
  }

  /**
   * Returns the offset in {@link #memory} at which the kernel starts to fill buffer {@code bid}.
   */
  public long offset(int bid) {
    return bid * strideBytes + headroomBytes;
  }

  /** Returns the address at which the kernel starts to fill buffer {@code bid}. */
  public long address(int bid) {
    return memoryAddress + offset(bid);
  }

  /** Queues buffer {@code bid} for return; {@link #publish} hands over all queued ones. */
  public void add(int bid) {
    long entry = (long) (tail & mask) * Layouts.BUF_BYTES;
    bufRing.set(JAVA_LONG, entry + Layouts.BUF_ADDR, address(bid));
    bufRing.set(JAVA_INT, entry + Layouts.BUF_LEN, bufferBytes);
    bufRing.set(JAVA_SHORT, entry + Layouts.BUF_BID, (short) bid);
    // The entry's last field stays as it is: in entry 0 it is the shared tail itself.
    tail++;
  }

  /** Makes the queued buffers visible to the kernel. */
  public void publish() {
    // Release: the kernel may use an entry, and write to its buffer, as soon as it sees the new
    // tail.
    SharedWords.setRelease(bufRing, Layouts.BUF_RING_TAIL, tail);
  }

  /** Returns the group id that operations select. */
  public int group() {
    return group;
  }

  /** Returns the number of buffers. */
  public int entries() {
    return entries;
  }

  /** Returns the bytes the kernel may fill per buffer. */
  public int bufferBytes() {
    return bufferBytes;
  }

  /**
   * Returns the bytes in front of each buffer that the kernel leaves alone; what was asked for,
   * rounded up to 64.
   */
  public int headroomBytes() {
    return headroomBytes;
  }

  /**
   * Takes the buffers back and unmaps them; idempotent. No operation that selects this group may be
   * in flight. Closing the ring does the same.
   */
  @Override
  public void close() {
    if (closed) {
      return;
    }
    unregister();
    release();
    owner.forget(this);
  }

  private void unregister() {
    try (Arena call = Arena.ofConfined()) {
      MemorySegment registration = call.allocate(Layouts.BUF_REG_BYTES, Long.BYTES);
      registration.set(JAVA_SHORT, Layouts.BUF_REG_BGID, (short) group);
      int result = IoUringSyscalls.register(
          owner.fd(), IoUring.IORING_UNREGISTER_PBUF_RING, registration, 1);
      if (result < 0) {
        throw RingErrors.refused(
            "io_uring_register(UNREGISTER_PBUF_RING)", -result, "group=%d".formatted(group));
      }
    }
  }

  /** Unmaps without telling the kernel: for a ring whose descriptor is closed already. */
  void release() {
    closed = true;
    arena.close();
  }
}

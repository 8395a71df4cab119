package dev.uring.ring;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.uring.abi.IoUring;
import dev.uring.abi.Layouts;
import dev.uring.abi.Posix;
import dev.uring.ffi.IoUringSyscalls;
import dev.uring.ffi.Libc;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * Memory that the kernel has pinned once, so that a fixed read or write need not look up and pin
 * its pages each time.
 *
 * <h2>Shapes and units</h2>
 *
 * One mapping, registered as the single buffer {@link #INDEX}; an operation may use any part of it.
 * It begins at a page boundary.
 *
 * <h2>Ownership</h2>
 *
 * The memory lives until {@link #release}, which comes after the ring was closed: the kernel holds
 * the pages until then.
 *
 * <h2>Threading and cancellation</h2>
 *
 * Owner thread only.
 *
 * <h2>Source</h2>
 *
 * io_uring_register_buffers(3), since kernel 5.1. The pages count against RLIMIT_MEMLOCK.
 */
public final class RegisteredBuffers {

  /** The index that fixed operations name. */
  public static final int INDEX = 0;

  // Confined: closing a shared arena stops every thread of the program for a moment.
  private final Arena arena = Arena.ofConfined();
  private final MemorySegment memory;

  RegisteredBuffers(Ring owner, long bytes) {
    if (bytes < 1 || bytes > BYTES_MAX) {
      throw new IllegalArgumentException("bytes=%d is outside 1..%d".formatted(bytes, BYTES_MAX));
    }
    try {
      int protection = Posix.PROT_READ | Posix.PROT_WRITE;
      int flags = Posix.MAP_PRIVATE | Posix.MAP_ANONYMOUS;
      memory = Libc.mmap(bytes, protection, flags, -1, 0, arena);
      register(owner);
    } catch (RuntimeException refused) {
      arena.close();
      throw refused;
    }
  }

  private void register(Ring owner) {
    try (Arena call = Arena.ofConfined()) {
      MemorySegment vector = call.allocate(Layouts.IOVEC_BYTES, Long.BYTES);
      vector.set(JAVA_LONG, Layouts.IOVEC_BASE, memory.address());
      vector.set(JAVA_LONG, Layouts.IOVEC_LEN, memory.byteSize());
      int result = IoUringSyscalls.register(owner.fd(), IoUring.IORING_REGISTER_BUFFERS, vector, 1);
      if (result < 0) {
        throw RingErrors.refused(
            "io_uring_register(BUFFERS)", -result, "bytes=%d".formatted(memory.byteSize()));
      }
    }
  }

  /** Returns the memory; valid until {@link #release}. */
  public MemorySegment memory() {
    return memory;
  }

  /** Unmaps the memory. After the ring's close. */
  public void release() {
    arena.close();
  }

  /** The kernel's limit for one registered buffer. */
  public static final long BYTES_MAX = 1L << 30;
}

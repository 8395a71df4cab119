package dev.uring.ffi;

import dev.uring.abi.Posix;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;

/**
 * Memory outside the heap, on every system the JDK runs on.
 *
 * <p>On Linux it is mapped: untouched pages cost address space only. Elsewhere the numbers of
 * {@code mmap} are others and {@link Libc} is not there, so the JDK allocates it.
 */
public final class NativeMemory {
  private static final boolean IS_LINUX = "Linux".equals(System.getProperty("os.name"));

  // What a mapping of a file may begin at elsewhere: the JDK moves it to the system's own pages.
  private static final int PAGE_BYTES_ELSEWHERE = 1 << 12;

  private NativeMemory() {}

  /** Tells whether {@link Libc} can be used. */
  public static boolean isLinux() {
    return IS_LINUX;
  }

  /** Returns zeroed memory that {@code arena} gives back. */
  public static MemorySegment map(long bytes, Arena arena) {
    if (!IS_LINUX) {
      return arena.allocate(bytes, PAGE_BYTES_ELSEWHERE);
    }
    int flags = Posix.MAP_PRIVATE | Posix.MAP_ANONYMOUS;
    return Libc.mmap(bytes, Posix.PROT_READ | Posix.PROT_WRITE, flags, -1, 0, arena);
  }

  /**
   * Returns memory that somebody else keeps alive, for any thread: what an address and a length
   * mean to a call that takes no segment.
   */
  @SuppressWarnings("restricted")
  public static MemorySegment at(long address, long bytes) {
    return MemorySegment.ofAddress(address).reinterpret(bytes);
  }

  /**
   * Returns a buffer over a part of memory that outlives it. A channel locks memory that may be
   * closed at each use, and unlocks it; known by its address only, it is not.
   */
  public static ByteBuffer buffer(MemorySegment memory, long offset, long bytes) {
    MemorySegment part = memory.asSlice(offset, bytes);
    // Elsewhere native access may be denied, and nothing else needs it.
    return (IS_LINUX ? at(part.address(), bytes) : part).asByteBuffer();
  }

  /** Returns what positions of file mappings must be multiples of. */
  public static int pageBytes() {
    return IS_LINUX ? Libc.pageBytes() : PAGE_BYTES_ELSEWHERE;
  }
}

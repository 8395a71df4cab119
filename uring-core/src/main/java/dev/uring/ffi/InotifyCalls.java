package dev.uring.ffi;

import dev.uring.abi.Inotify;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * The C library's calls for watching files.
 *
 * <p>Conventions as in {@link Libc}. {@link #open} looks a path up and may wait for a disk.
 */
public final class InotifyCalls {
  private static final MemorySegment INIT = Downcalls.find("inotify_init1");
  private static final MemorySegment ADD_WATCH = Downcalls.find("inotify_add_watch");

  private InotifyCalls() {}

  /**
   * {@code inotify_init1(2)} and {@code inotify_add_watch(2)}: returns a descriptor, non-blocking,
   * that watches one path.
   */
  public static int open(String path, int mask) {
    MemorySegment capture = Downcalls.capture();
    int flags = Inotify.IN_CLOEXEC | Inotify.IN_NONBLOCK;
    int value = (int) Downcalls.call(INIT, capture, flags, 0, 0, 0, 0, 0, 0);
    int descriptor = Downcalls.result(value, capture);
    if (descriptor < 0) {
      return descriptor;
    }
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment text = arena.allocateFrom(path);
      value = (int) Downcalls.call(
          ADD_WATCH, capture, descriptor, text.address(), Integer.toUnsignedLong(mask), 0, 0, 0, 0);
      int watch = Downcalls.result(value, capture);
      if (watch < 0) {
        Libc.close(descriptor);
        return watch;
      }
      return descriptor;
    }
  }
}

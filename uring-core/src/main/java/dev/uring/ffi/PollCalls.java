package dev.uring.ffi;

import dev.uring.abi.Fcntl;
import java.lang.foreign.MemorySegment;

/**
 * The C library's calls for waiting until descriptors are ready.
 *
 * <p>Conventions as in {@link Libc}.
 */
public final class PollCalls {
  private static final MemorySegment POLL = Downcalls.find("poll");
  private static final MemorySegment FCNTL = Downcalls.find("fcntl");

  private PollCalls() {}

  /**
   * {@code poll(2)} without a time limit: blocks. Returns how many entries have something to tell.
   *
   * @param entries {@code struct pollfd} one behind the other
   * @param count how many
   */
  public static int poll(MemorySegment entries, int count) {
    MemorySegment capture = Downcalls.capture();
    int value = (int) Downcalls.call(POLL, capture, entries.address(), count, FOREVER, 0, 0, 0, 0);
    return Downcalls.result(value, capture);
  }

  /** {@code fcntl(F_SETFL, O_NONBLOCK)}: what would wait is refused with EAGAIN from now on. */
  public static int setNonBlocking(int fd) {
    MemorySegment capture = Downcalls.capture();
    int value =
        (int) Downcalls.call(FCNTL, capture, fd, Fcntl.F_SETFL, Fcntl.O_NONBLOCK, 0, 0, 0, 0);
    return Downcalls.result(value, capture);
  }

  private static final long FOREVER = -1;
}

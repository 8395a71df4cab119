package dev.uring.ffi;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout.PathElement;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.NoSuchElementException;

/** Binds C functions, and reads the error number that a call left behind. */
final class Downcalls {

  private static final Linker LINKER = Linker.nativeLinker();
  private static final Linker.Option CAPTURE_ERRNO = Linker.Option.captureCallState("errno");
  private static final StructLayout CAPTURE_LAYOUT = Linker.Option.captureStateLayout();
  private static final long ERRNO_OFFSET =
      CAPTURE_LAYOUT.byteOffset(PathElement.groupElement("errno"));

  // One segment per thread that ever makes a cold call; hot callers own a segment and pass it in.
  private static final ThreadLocal<MemorySegment> CAPTURE =
      ThreadLocal.withInitial(Downcalls::newCapture);

  private Downcalls() {}

  /**
   * Binds {@code name} so that its first argument is a capture segment; {@code errno} is stored
   * there.
   */
  static MethodHandle bind(String name, FunctionDescriptor descriptor, Linker.Option... options) {
    MemorySegment symbol = LINKER
        .defaultLookup()
        .find(name)
        .orElseThrow(() -> new NoSuchElementException("C library has no function '" + name + "'"));
    Linker.Option[] all = new Linker.Option[options.length + 1];
    all[0] = CAPTURE_ERRNO;
    System.arraycopy(options, 0, all, 1, options.length);
    return downcall(symbol, descriptor, all);
  }

  @SuppressWarnings("restricted")
  private static MethodHandle downcall(
      MemorySegment symbol, FunctionDescriptor descriptor, Linker.Option... options) {
    return LINKER.downcallHandle(symbol, descriptor, options);
  }

  /**
   * Returns a new capture segment.
   *
   * <p>It lives in an automatic arena on purpose: a downcall pins the arena of every segment it is
   * given, which for a shared arena is an atomic add and subtract per call, and for an automatic
   * one is nothing.
   */
  static MemorySegment newCapture() {
    return Arena.ofAuto().allocate(CAPTURE_LAYOUT);
  }

  /** Returns the calling thread's own capture segment. */
  static MemorySegment capture() {
    return CAPTURE.get();
  }

  /** Turns the C convention (-1 and errno) into ours: the value, or minus the error number. */
  static int result(int value, MemorySegment capture) {
    return value >= 0 ? value : -errno(capture);
  }

  /** As {@link #result(int, MemorySegment)}, for functions that return {@code long}. */
  static long result(long value, MemorySegment capture) {
    return value >= 0 ? value : -errno(capture);
  }

  private static int errno(MemorySegment capture) {
    return capture.get(ValueLayout.JAVA_INT, ERRNO_OFFSET);
  }

  /**
   * A downcall declares {@code Throwable} but throws only for misuse by this package, or when the
   * machine gives up.
   */
  static RuntimeException unexpected(Throwable thrown) {
    if (thrown instanceof Error error) {
      throw error;
    }
    if (thrown instanceof RuntimeException exception) {
      return exception;
    }
    return new IllegalStateException("downcall threw", thrown);
  }
}

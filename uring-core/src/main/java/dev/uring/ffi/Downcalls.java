package dev.uring.ffi;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout.PathElement;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.NoSuchElementException;

/**
 * Calls C functions, and reads the error number that a call left behind.
 *
 * <p>All calls have one shape, seven {@code long}s of which the last six are variadic, because each
 * shape costs the JVM about 4 ms to bind when a program starts, and the library makes calls of a
 * dozen. It is the shape of {@code syscall(3)}, and it fits every function that takes integers and
 * pointers only: on x86-64 and aarch64 these are passed in the same registers whether they are
 * {@code int} or {@code long}, fixed or variadic; the callee looks at the bits and at the arguments
 * it knows, and of what an {@code int} function returns, {@link #call} says to look at the low
 * half.
 */
final class Downcalls {

  private static final Linker LINKER = Linker.nativeLinker();
  private static final StructLayout CAPTURE_LAYOUT = Linker.Option.captureStateLayout();
  private static final long ERRNO_OFFSET =
      CAPTURE_LAYOUT.byteOffset(PathElement.groupElement("errno"));

  private static final MethodHandle CALL = bind();

  // One segment per thread that ever makes a cold call; hot callers own a segment and pass it in.
  private static final ThreadLocal<MemorySegment> CAPTURE =
      ThreadLocal.withInitial(Downcalls::newCapture);

  private Downcalls() {}

  /** Returns the C library's function {@code name}. */
  static MemorySegment find(String name) {
    return LINKER
        .defaultLookup()
        .find(name)
        .orElseThrow(() -> new NoSuchElementException("C library has no function '" + name + "'"));
  }

  /** Returns the C library's function {@code name}, or null when it is too old to have it. */
  static MemorySegment findOrNull(String name) {
    return LINKER.defaultLookup().find(name).orElse(null);
  }

  @SuppressWarnings("restricted")
  private static MethodHandle bind() {
    return LINKER.downcallHandle(
        FunctionDescriptor.of(
            JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG),
        Linker.Option.captureCallState("errno"),
        Linker.Option.firstVariadicArg(1));
  }

  /**
   * Calls {@code function}, which stores {@code errno} in {@code capture}.
   *
   * @return the value; only its low 32 bits mean something when the function returns {@code int}
   */
  static long call(
      MemorySegment function,
      MemorySegment capture,
      long arg0,
      long arg1,
      long arg2,
      long arg3,
      long arg4,
      long arg5,
      long arg6) {
    try {
      return (long) CALL.invokeExact(function, capture, arg0, arg1, arg2, arg3, arg4, arg5, arg6);
    } catch (Throwable thrown) {
      throw unexpected(thrown);
    }
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
  private static RuntimeException unexpected(Throwable thrown) {
    if (thrown instanceof Error error) {
      throw error;
    }
    if (thrown instanceof RuntimeException exception) {
      return exception;
    }
    return new IllegalStateException("downcall threw", thrown);
  }
}

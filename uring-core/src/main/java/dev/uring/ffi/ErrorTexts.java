package dev.uring.ffi;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.HashMap;
import java.util.Map;

/**
 * The system's words for its error numbers, in the language of the process: what the JDK puts into
 * its exceptions instead of the number.
 */
public final class ErrorTexts {
  private static final int ERRNO_MAX = 133;

  // strerror's text may lie in memory that it uses again; none is as long as this.
  private static final int TEXT_BYTES_MAX = 1 << 10;

  private ErrorTexts() {}

  /**
   * Asks for every text. Costs some hundred microseconds; the caller keeps the answer.
   *
   * @return the number of each text; empty where the C library cannot be asked
   */
  @SuppressWarnings("restricted")
  public static Map<String, Integer> numbers() {
    Map<String, Integer> numbers = new HashMap<>();
    try {
      MethodHandle strerror = Linker.nativeLinker()
          .downcallHandle(
              Downcalls.find("strerror"),
              FunctionDescriptor.of(ValueLayout.ADDRESS, ValueLayout.JAVA_INT));
      for (int errno = 1; errno < ERRNO_MAX; errno++) {
        MemorySegment text = (MemorySegment) strerror.invokeExact(errno);
        numbers.putIfAbsent(text.reinterpret(TEXT_BYTES_MAX).getString(0), errno);
      }
    } catch (Throwable notAsked) {
      // Native access is denied, or there is no such function: the English words remain.
      return numbers;
    }
    return numbers;
  }
}

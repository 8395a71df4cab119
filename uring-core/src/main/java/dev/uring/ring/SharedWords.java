package dev.uring.ring;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.lang.foreign.MemorySegment;
import java.lang.invoke.VarHandle;

/**
 * Ordered access to words that both we and the kernel use. The only acquire and release operations
 * on such words.
 *
 * <p>Each method pairs with the kernel's {@code smp_load_acquire} or {@code smp_store_release} on
 * the other side.
 */
final class SharedWords {

  private static final VarHandle INT = JAVA_INT.varHandle();
  private static final VarHandle SHORT = JAVA_SHORT.varHandle();

  private SharedWords() {}

  /** Reads a word that publishes what the kernel wrote before it. */
  static int getAcquire(MemorySegment memory, long offset) {
    return (int) INT.getAcquire(memory, offset);
  }

  /** Writes a word that publishes what we wrote, or that gives up what we read. */
  static void setRelease(MemorySegment memory, long offset, int value) {
    INT.setRelease(memory, offset, value);
  }

  /** As {@link #setRelease(MemorySegment, long, int)} for the 16-bit tail of a buffer ring. */
  static void setRelease(MemorySegment memory, long offset, short value) {
    SHORT.setRelease(memory, offset, value);
  }

  /**
   * Reads a word that carries no other data with it.
   *
   * <p>Opaque, not plain: the compiler must not keep an old value in a register across an enter. On
   * both supported machines it is an ordinary load.
   */
  static int getOpaque(MemorySegment memory, long offset) {
    return (int) INT.getOpaque(memory, offset);
  }
}

package dev.uring.bytes;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.util.Objects;

/**
 * A read-only window over native memory, lent for a stated time.
 *
 * <h2>Shapes and units</h2>
 *
 * Positions are byte indices from 0 to {@link #size()} (exclusive). Multi-byte reads are big-endian
 * (network order) unless their name ends in {@code Le}; they need no alignment.
 *
 * <h2>Ownership</h2>
 *
 * A view is borrowed. It is valid until the moment its lender states, usually the end of the block
 * or callback that received it. Afterwards it is empty and every access throws. To keep bytes, copy
 * them ({@link #toByteArray()}, {@link #toUtf8()}).
 *
 * <h2>Threading and cancellation</h2>
 *
 * Not thread-safe: use it on the thread that received it.
 *
 * <h2>Errors</h2>
 *
 * {@link IndexOutOfBoundsException} outside the window, {@link IllegalStateException} after the
 * loan has ended; both name the lender.
 */
public abstract sealed class ByteView permits ByteWindow {
  private static final ValueLayout.OfShort SHORT_BE =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);
  private static final ValueLayout.OfInt INT_BE =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);
  private static final ValueLayout.OfLong LONG_BE =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);
  private static final ValueLayout.OfShort SHORT_LE =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfInt INT_LE =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfLong LONG_LE =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  // Below, setting up the JDK's own comparison costs more than this class's loop.
  private static final int COMPARED_WHOLE_BYTES_MIN = 256;

  private static final VarHandle ARRAY_LONG_LE =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
  private static final long EVERY_BYTE_01 = 0x0101010101010101L;
  private static final long EVERY_BYTE_80 = 0x8080808080808080L;

  // Invariant: 0 <= size, and [offset, offset + size) lies inside memory. An ended loan has size 0.
  MemorySegment memory = MemorySegment.NULL;
  long offset;
  int size;

  ByteView() {}

  /** Names the lender and says whether the loan is over, for error messages. */
  abstract String describeLoan();

  abstract boolean isEnded();

  /**
   * The number of bytes in the window.
   *
   * @return the size in bytes; 0 once the loan has ended
   */
  public final int size() {
    return size;
  }

  /**
   * Whether the window holds no byte.
   *
   * @return {@code true} when {@link #size()} is 0
   */
  public final boolean isEmpty() {
    return size == 0;
  }

  /**
   * Reads one byte.
   *
   * @param index position in the window
   * @return the byte, signed
   */
  public final byte get(int index) {
    check(index, 1);
    return memory.get(ValueLayout.JAVA_BYTE, offset + index);
  }

  /**
   * Reads one byte as 0..255.
   *
   * @param index position in the window
   * @return the byte, unsigned
   */
  public final int getUnsigned(int index) {
    return get(index) & 0xFF;
  }

  /**
   * Reads two bytes, big-endian.
   *
   * @param index position of the first byte
   * @return the value, signed
   */
  public final short getShort(int index) {
    check(index, Short.BYTES);
    return memory.get(SHORT_BE, offset + index);
  }

  /**
   * Reads four bytes, big-endian.
   *
   * @param index position of the first byte
   * @return the value, signed
   */
  public final int getInt(int index) {
    check(index, Integer.BYTES);
    return memory.get(INT_BE, offset + index);
  }

  /**
   * Reads eight bytes, big-endian.
   *
   * @param index position of the first byte
   * @return the value, signed
   */
  public final long getLong(int index) {
    check(index, Long.BYTES);
    return memory.get(LONG_BE, offset + index);
  }

  /**
   * Reads two bytes, little-endian.
   *
   * @param index position of the first byte
   * @return the value, signed
   */
  public final short getShortLe(int index) {
    check(index, Short.BYTES);
    return memory.get(SHORT_LE, offset + index);
  }

  /**
   * Reads four bytes, little-endian.
   *
   * @param index position of the first byte
   * @return the value, signed
   */
  public final int getIntLe(int index) {
    check(index, Integer.BYTES);
    return memory.get(INT_LE, offset + index);
  }

  /**
   * Reads eight bytes, little-endian.
   *
   * @param index position of the first byte
   * @return the value, signed
   */
  public final long getLongLe(int index) {
    check(index, Long.BYTES);
    return memory.get(LONG_LE, offset + index);
  }

  /**
   * Finds a byte.
   *
   * @param value the byte to look for
   * @param from first position to look at
   * @return its position, or -1 when there is none at or after {@code from}
   */
  public final int indexOf(byte value, int from) {
    return indexOf(value, from, size);
  }

  /**
   * Finds a byte in a part of the window.
   *
   * @param value the byte to look for
   * @param from first position to look at
   * @param until position after the last one to look at
   * @return its position, or -1 when there is none in the part
   */
  public final int indexOf(byte value, int from, int until) {
    check(from, until - from);
    long pattern = (value & 0xFFL) * EVERY_BYTE_01;
    int index = from;
    // Eight bytes at a time: a byte of `difference` is zero exactly where the value stands, and the
    // classic zero-byte test marks the lowest such byte correctly (higher marks may be false).
    for (; index + Long.BYTES <= until; index += Long.BYTES) {
      long difference = memory.get(LONG_LE, offset + index) ^ pattern;
      long zeroBytes = (difference - EVERY_BYTE_01) & ~difference & EVERY_BYTE_80;
      if (zeroBytes != 0) {
        return index + (Long.numberOfTrailingZeros(zeroBytes) >>> 3);
      }
    }
    for (; index < until; index++) {
      if (memory.get(ValueLayout.JAVA_BYTE, offset + index) == value) {
        return index;
      }
    }
    return -1;
  }

  /**
   * Copies bytes into an array.
   *
   * @param from first position to copy
   * @param target where to copy
   * @param targetFrom first index written
   * @param count how many bytes
   */
  public final void copyTo(int from, byte[] target, int targetFrom, int count) {
    check(from, count);
    MemorySegment.copy(memory, ValueLayout.JAVA_BYTE, offset + from, target, targetFrom, count);
  }

  /**
   * Copies bytes into other memory.
   *
   * @param from first position to copy
   * @param target where to copy
   * @param targetFrom first byte written
   * @param count how many bytes
   */
  public final void copyTo(int from, MemorySegment target, long targetFrom, int count) {
    check(from, count);
    MemorySegment.copy(memory, offset + from, target, targetFrom, count);
  }

  /**
   * Copies the whole window.
   *
   * @return a new array of {@link #size()} bytes
   */
  public final byte[] toByteArray() {
    return toByteArray(0, size);
  }

  /**
   * Copies a part of the window.
   *
   * @param from first position
   * @param count how many bytes
   * @return a new array
   */
  public final byte[] toByteArray(int from, int count) {
    check(from, count);
    byte[] copy = new byte[count];
    MemorySegment.copy(memory, ValueLayout.JAVA_BYTE, offset + from, copy, 0, count);
    return copy;
  }

  /**
   * Decodes the whole window as UTF-8; malformed input becomes U+FFFD.
   *
   * @return a new string
   */
  public final String toUtf8() {
    return toUtf8(0, size);
  }

  /**
   * Decodes a part of the window as UTF-8; malformed input becomes U+FFFD.
   *
   * @param from first position
   * @param count how many bytes
   * @return a new string
   */
  public final String toUtf8(int from, int count) {
    return decode(from, count, StandardCharsets.UTF_8);
  }

  /**
   * Decodes a part of the window as ISO-8859-1: one character for each byte, never malformed.
   *
   * @param from first position
   * @param count how many bytes
   * @return a new string
   */
  public final String toLatin1(int from, int count) {
    return decode(from, count, StandardCharsets.ISO_8859_1);
  }

  /**
   * Compares a part of the window with an array.
   *
   * @param from first position
   * @param count how many bytes the part has
   * @param expected what to compare with
   * @return {@code true} when the part has the length and the bytes of {@code expected}
   */
  public final boolean contentEquals(int from, int count, byte[] expected) {
    check(from, count);
    return count == expected.length && contentEquals(from, count, expected, 0);
  }

  /**
   * Compares a part of the window with a part of an array.
   *
   * @param from first position
   * @param count how many bytes both parts have
   * @param expected what to compare with
   * @param expectedFrom index of the first byte to compare with
   * @return {@code true} when the bytes are the same
   */
  public final boolean contentEquals(int from, int count, byte[] expected, int expectedFrom) {
    check(from, count);
    Objects.checkFromIndexSize(expectedFrom, count, expected.length);
    if (count >= COMPARED_WHOLE_BYTES_MIN) {
      long first = offset + from;
      MemorySegment whole = MemorySegment.ofArray(expected);
      long last = (long) expectedFrom + count;
      return MemorySegment.mismatch(memory, first, first + count, whole, expectedFrom, last) < 0;
    }
    // Eight bytes at a time: a loop that may leave at every byte is not made wide by the compiler.
    int index = 0;
    for (; index + Long.BYTES <= count; index += Long.BYTES) {
      if (memory.get(LONG_LE, offset + from + index) != eightOf(expected, expectedFrom + index)) {
        return false;
      }
    }
    for (; index < count; index++) {
      if (memory.get(ValueLayout.JAVA_BYTE, offset + from + index)
          != expected[expectedFrom + index]) {
        return false;
      }
    }
    return true;
  }

  private static long eightOf(byte[] bytes, int at) {
    return (long) ARRAY_LONG_LE.get(bytes, at);
  }

  /**
   * Compares a part of the window with an upper-case ASCII word, ignoring case.
   *
   * @param from first position
   * @param count how many bytes the part has
   * @param upperCaseAscii the word, in upper case
   * @return {@code true} when they are equal but for the case of ASCII letters
   */
  public final boolean contentEqualsIgnoreCase(int from, int count, byte[] upperCaseAscii) {
    check(from, count);
    if (count != upperCaseAscii.length) {
      return false;
    }
    for (int i = 0; i < count; i++) {
      byte b = memory.get(ValueLayout.JAVA_BYTE, offset + from + i);
      if (b >= 'a' && b <= 'z') {
        b -= 'a' - 'A';
      }
      if (b != upperCaseAscii[i]) {
        return false;
      }
    }
    return true;
  }

  /**
   * Hashes a part of the window. The value depends on the bytes alone, so it may pick a bucket or a
   * worker; it is no defence against chosen keys.
   *
   * @param from first position
   * @param count how many bytes
   * @return the hash
   */
  public final int contentHash(int from, int count) {
    check(from, count);
    long hash = 0x9E3779B97F4A7C15L ^ count;
    int index = 0;
    for (; index + Long.BYTES <= count; index += Long.BYTES) {
      hash = mix(hash ^ memory.get(LONG_LE, offset + from + index));
    }
    long tail = 0;
    for (int shift = 0; index < count; index++, shift += Byte.SIZE) {
      tail |= (memory.get(ValueLayout.JAVA_BYTE, offset + from + index) & 0xFFL) << shift;
    }
    hash = mix(hash ^ tail);
    return (int) (hash ^ (hash >>> 32));
  }

  @Override
  public final String toString() {
    return "ByteView(size=" + size + ", " + describeLoan() + ")";
  }

  private String decode(int from, int count, Charset charset) {
    return new String(toByteArray(from, count), charset);
  }

  private static long mix(long value) {
    long mixed = value * 0xBF58476D1CE4E5B9L;
    return mixed ^ (mixed >>> 29);
  }

  // One unsigned comparison would do for an index; the pair also refuses a negative or overflowing
  // count, which comes from a peer's length field more often than from a programmer. The last
  // condition is for a view that was kept: without it toUtf8() would answer "" and not throw.
  final void check(int from, int count) {
    if ((from | count) < 0 || from > size - count || size == 0 && isEnded()) {
      throw outside(from, count);
    }
  }

  private RuntimeException outside(int from, int count) {
    if (isEnded()) {
      return new IllegalStateException("view used after its loan ended ("
          + describeLoan()
          + "): copy the bytes (toByteArray, toUtf8) inside the block that receives them");
    }
    return new IndexOutOfBoundsException("from="
        + from
        + ", count="
        + count
        + " outside view of size="
        + size
        + " ("
        + describeLoan()
        + ")");
  }
}

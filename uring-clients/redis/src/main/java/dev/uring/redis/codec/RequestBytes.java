package dev.uring.redis.codec;

import dev.uring.bytes.ByteSink;
import dev.uring.bytes.ByteView;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * The bytes of requests as they go on the wire, one bulk string behind the other.
 *
 * <p>Invariant: {@code 0 <= until <= bytes.length}; the string written last begins at
 * {@code bulkFrom}.
 *
 * <h2>Source</h2>
 *
 * RESP §Bulk strings.
 */
final class RequestBytes {
  private static final int BYTES_MIN = 256;
  // A value of 64 KiB and what stands around it.
  private static final int KEPT_BYTES_MAX = 128 << 10;
  private static final int LENGTH_LINE_BYTES_MAX = 13;

  // Hardly any length has more digits; these lines are one store, and a byte.
  private static final int ONE_DIGIT_LINE = '$' | '0' << 8 | '\r' << 16 | '\n' << 24;
  private static final int TWO_DIGITS_LINE = '$' | '0' << 8 | '0' << 16 | '\r' << 24;
  private static final short LINE_END = '\r' | '\n' << 8;
  private static final VarHandle INT =
      MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
  private static final VarHandle SHORT =
      MethodHandles.byteArrayViewVarHandle(short[].class, ByteOrder.LITTLE_ENDIAN);

  private byte[] bytes = new byte[BYTES_MIN];
  private int until;
  private int bulkFrom;
  private StringBuilder text;

  /** How many bytes there is room for. */
  int memoryBytes() {
    return bytes.length;
  }

  /** How many bytes there are. */
  int until() {
    return until;
  }

  /** Forgets what stands at {@code newUntil} and behind it. */
  void cut(int newUntil) {
    until = newUntil;
  }

  /** Forgets everything; memory that only a large request needed is not kept. */
  void clear() {
    until = 0;
    if (bytes.length > KEPT_BYTES_MAX) {
      bytes = new byte[BYTES_MIN];
    }
  }

  /** Where the contents of the bulk string written last begin; they end before its line end. */
  int bulkFrom() {
    return bulkFrom;
  }

  /** How many bytes the bulk string written last has. */
  int bulkBytes() {
    return until - 2 - bulkFrom;
  }

  /** Appends bytes as they are. */
  void append(byte[] value, int count, Command command) {
    ensure(count, command);
    System.arraycopy(value, 0, bytes, until, count);
    until += count;
  }

  /** Appends bytes of another, as they are. */
  void append(RequestBytes other, int count, Command command) {
    append(other.bytes, count, command);
  }

  void bulk(String value, Command command) {
    int count = Utf8.bytes(value);
    int at = begin(Math.abs(count), command);
    if (count >= 0) {
      copyAscii(value, at);
    } else {
      Utf8.put(value, bytes, at);
    }
    end();
  }

  void bulk(byte[] value, int first, int count, Command command) {
    int at = begin(count, command);
    System.arraycopy(value, first, bytes, at, count);
    end();
  }

  void bulk(ByteView value, Command command) {
    int count = value.size();
    int at = begin(count, command);
    value.copyTo(0, bytes, at, count);
    end();
  }

  void bulk(long value, Command command) {
    int count = ByteSink.decimalDigits(value) + (value < 0 ? 1 : 0);
    int at = begin(count, command);
    putDecimal(value, at + count);
    end();
  }

  /** A number with a fraction, with the fewest digits that give it back. */
  void bulk(double value, Command command) {
    if (text == null) {
      text = new StringBuilder(32);
    }
    text.setLength(0);
    text.append(value);
    int count = text.length();
    int at = begin(count, command);
    for (int i = 0; i < count; i++) {
      bytes[at + i] = (byte) text.charAt(i);
    }
    end();
  }

  /** Writes a digit over what stands at {@code at}. */
  void putDigit(int at, int digit) {
    bytes[at] = (byte) ('0' + digit);
  }

  /** Writes {@code marker}, a number and a line end over what stands at {@code at}. */
  void putLine(int at, char marker, int number, int digits) {
    bytes[at] = (byte) marker;
    putDecimal(number, at + 1 + digits);
    SHORT.set(bytes, at + 1 + digits, LINE_END);
  }

  /** Moves everything from {@code at} on by {@code count} bytes. */
  void makeRoom(int at, int count, Command command) {
    ensure(count, command);
    System.arraycopy(bytes, at, bytes, at + count, until - at);
    until += count;
  }

  /** Writes bytes of another over what stands at {@code at}. */
  void put(int at, RequestBytes other, int count) {
    System.arraycopy(other.bytes, 0, bytes, at, count);
  }

  void writeTo(ByteSink sink, int count) {
    sink.putBytes(bytes, 0, count);
  }

  byte[] copy(int from, int count) {
    return Arrays.copyOfRange(bytes, from, from + count);
  }

  /** What {@link Arrays#hashCode(byte[])} says of the first {@code count} bytes. */
  int hash(int count) {
    int hash = 1;
    for (int i = 0; i < count; i++) {
      hash = 31 * hash + bytes[i];
    }
    return hash;
  }

  boolean isSame(int count, byte[] others) {
    return Arrays.equals(bytes, 0, count, others, 0, others.length);
  }

  // Makes room for a string with its length line and its end; returns where its bytes go.
  private int begin(int count, Command command) {
    ensure((long) count + LENGTH_LINE_BYTES_MAX + 2, command);
    int at = until;
    if (count < 10) {
      INT.set(bytes, at, ONE_DIGIT_LINE + (count << 8));
      at += 4;
    } else if (count < 100) {
      int tens = count / 10;
      INT.set(bytes, at, TWO_DIGITS_LINE + (tens << 8) + (count - 10 * tens << 16));
      bytes[at + 4] = '\n';
      at += 5;
    } else {
      int digits = ByteSink.decimalDigits(count);
      putLine(at, '$', count, digits);
      at += 3 + digits;
    }
    bulkFrom = at;
    until = at + count;
    return at;
  }

  private void end() {
    SHORT.set(bytes, until, LINE_END);
    until += 2;
  }

  private void ensure(long more, Command command) {
    if (until + more > bytes.length) {
      grow(until + more, command);
    }
  }

  private void grow(long wanted, Command command) {
    if (wanted > CommandWriter.REQUEST_BYTES_MAX) {
      throw new IllegalArgumentException(command
          + " would have "
          + wanted
          + " bytes, more than requestBytesMax="
          + CommandWriter.REQUEST_BYTES_MAX
          + ".\n  Send it in parts: APPEND or SETRANGE for one value, several commands for many.");
    }
    bytes = Arrays.copyOf(bytes, (int)
        Math.min(Math.max(wanted, 2L * bytes.length), CommandWriter.REQUEST_BYTES_MAX));
  }

  // Backwards from `end`, which the caller knows from the number of digits.
  private void putDecimal(long value, int end) {
    // Works on the negative half, which alone can hold Long.MIN_VALUE.
    long rest = value < 0 ? value : -value;
    int at = end;
    do {
      bytes[--at] = (byte) ('0' - (int) (rest % 10));
      rest /= 10;
    } while (rest != 0);
    if (value < 0) {
      bytes[at - 1] = '-';
    }
  }

  @SuppressWarnings("deprecation") // Drops the upper half of each char: of ASCII that is nothing.
  private void copyAscii(String value, int at) {
    value.getBytes(0, value.length(), bytes, at);
  }
}

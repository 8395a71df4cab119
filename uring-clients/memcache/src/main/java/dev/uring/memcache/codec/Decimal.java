package dev.uring.memcache.codec;

import dev.uring.bytes.ByteView;

/** Reads the protocol's numbers: decimal digits, up to 64 bits without a sign. */
final class Decimal {
  private static final int DIGITS_MAX = 20; // of 18446744073709551615
  private static final int SAFE_DIGITS = 18; // cannot overflow a signed long

  private long value;
  private int end;

  /**
   * Reads the digits at a position.
   *
   * @return whether there is a number of up to 64 bits; {@link #value} and {@link #end} say which,
   *     and where its last digit ended
   */
  boolean read(ByteView bytes, int from, int until) {
    long sum = 0;
    int at = from;
    for (; at < until; at++) {
      int digit = bytes.get(at) - '0';
      if (digit < 0 || digit > 9) {
        break;
      }
      if (at - from >= SAFE_DIGITS) {
        // Unsigned: beyond the largest tenth, or at it with a digit too many, would wrap.
        int order = Long.compareUnsigned(sum, Long.divideUnsigned(-1L, 10));
        if (at - from >= DIGITS_MAX || order > 0 || order == 0 && digit > 5) {
          return false;
        }
      }
      sum = sum * 10 + digit;
    }
    value = sum;
    end = at;
    return at > from;
  }

  /** Reads a part that must be digits from end to end. */
  boolean readAll(ByteView bytes, int from, int until) {
    return read(bytes, from, until) && end == until;
  }

  /** Reads a part that may have a minus sign. */
  boolean readSigned(ByteView bytes, int from, int until) {
    boolean isNegative = from < until && bytes.get(from) == '-';
    if (!readAll(bytes, isNegative ? from + 1 : from, until) || value < 0) {
      return false;
    }
    value = isNegative ? -value : value;
    return true;
  }

  /** The number read last, as unsigned bits. */
  long value() {
    return value;
  }

  int end() {
    return end;
  }
}

package dev.uring.redis.codec;

import dev.uring.bytes.ByteView;

/**
 * Reads decimal integers as Redis does: strictly.
 *
 * <h2>Shapes and units</h2>
 *
 * The whole range of a signed 64-bit number. No blank, no plus sign, no leading zero, no
 * {@code -0}: a text is accepted exactly when printing the number gives the text back.
 *
 * <h2>Threading and cancellation</h2>
 *
 * Holds the last result, so that reading allocates nothing; belongs to one thread.
 *
 * <h2>Source</h2>
 *
 * Redis {@code util.c}, string2ll.
 */
public final class RespInteger {
  private static final int DIGITS_MAX = 19; // of 9223372036854775807

  private long value;

  /** A reader that has read nothing yet. */
  public RespInteger() {}

  /**
   * Reads a number.
   *
   * @param bytes where it stands
   * @param from its first byte
   * @param count how many bytes belong to it
   * @return whether they are an integer; {@link #value()} has it then
   */
  public boolean parse(ByteView bytes, int from, int count) {
    if (count == 1) { // By far the most frequent: a one-digit length.
      value = bytes.get(from) - '0';
      return value >= 0 && value <= 9;
    }
    boolean negative = count > 0 && bytes.get(from) == '-';
    int digits = negative ? count - 1 : count;
    if (digits < 1 || digits > DIGITS_MAX) {
      return false;
    }
    int at = from + count - digits;
    int first = bytes.get(at) - '0';
    if (first < 1 || first > 9) { // A zero that stands alone was answered above; "-0" is not one.
      return false;
    }
    // Grows downwards: only the negative half holds the smallest number.
    long sum = -first;
    for (int i = 1; i < digits; i++) {
      int digit = bytes.get(at + i) - '0';
      if (digit < 0 || digit > 9 || sum < Long.MIN_VALUE / 10) {
        return false;
      }
      sum = sum * 10 - digit;
      if (sum > 0) {
        return false;
      }
    }
    if (!negative && sum == Long.MIN_VALUE) {
      return false;
    }
    value = negative ? sum : -sum;
    return true;
  }

  /**
   * The number read last.
   *
   * @return the result of the last {@link #parse} that said yes
   */
  public long value() {
    return value;
  }
}

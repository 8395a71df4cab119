package dev.uring.redis.codec;

import dev.uring.bytes.ByteView;

/**
 * Reads floating-point numbers as they stand in replies.
 *
 * <p>Source: RESP3 §Doubles: {@code [+-]digits[.digits][e[+-]digits]}, {@code inf}, {@code -inf},
 * {@code nan}. Digits before the point may be missing in no form.
 */
final class RespDouble {
  // Below 2^53 a whole number is exact, and powers of ten up to 10^22 are: their quotient is then
  // the nearest double, rounded once.
  private static final long EXACT_MANTISSA_MAX = 1L << 53;
  private static final double[] POWERS_OF_TEN = {
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16,
    1e17, 1e18, 1e19, 1e20, 1e21, 1e22
  };

  private RespDouble() {}

  static boolean isValid(ByteView bytes, int from, int count) {
    int end = from + count;
    int at = afterSign(bytes, from, end);
    if (isWord(bytes, at, end)) {
      return true;
    }
    int digitsEnd = afterDigits(bytes, at, end);
    if (digitsEnd == at) {
      return false;
    }
    at = digitsEnd;
    if (at < end && bytes.get(at) == '.') {
      digitsEnd = afterDigits(bytes, at + 1, end);
      if (digitsEnd == at + 1) {
        return false;
      }
      at = digitsEnd;
    }
    if (at < end && (bytes.get(at) | 0x20) == 'e') {
      int exponent = afterSign(bytes, at + 1, end);
      at = afterDigits(bytes, exponent, end);
      return at == end && at > exponent;
    }
    return at == end;
  }

  /** Reads a number that {@link #isValid}. */
  static double parse(ByteView bytes, int from, int count) {
    int end = from + count;
    int at = afterSign(bytes, from, end);
    boolean isNegative = bytes.get(from) == '-';
    if (isWord(bytes, at, end)) {
      double word = bytes.get(at) == 'i' ? Double.POSITIVE_INFINITY : Double.NaN;
      return isNegative ? -word : word;
    }
    long mantissa = 0;
    int decimals = 0;
    boolean isBehindPoint = false;
    for (; at < end; at++) {
      int b = bytes.get(at);
      if (b == '.') {
        isBehindPoint = true;
        continue;
      }
      if (b < '0' || b > '9' || mantissa > EXACT_MANTISSA_MAX / 10 - 1) {
        return Double.parseDouble(bytes.toLatin1(from, count));
      }
      mantissa = mantissa * 10 + b - '0';
      decimals += isBehindPoint ? 1 : 0;
    }
    if (decimals >= POWERS_OF_TEN.length) {
      return Double.parseDouble(bytes.toLatin1(from, count));
    }
    double value = mantissa / POWERS_OF_TEN[decimals];
    return isNegative ? -value : value;
  }

  private static boolean isWord(ByteView bytes, int from, int end) {
    return end - from == 3
        && (bytes.get(from) == 'i' && bytes.get(from + 1) == 'n' && bytes.get(from + 2) == 'f'
            || bytes.get(from) == 'n' && bytes.get(from + 1) == 'a' && bytes.get(from + 2) == 'n');
  }

  private static int afterSign(ByteView bytes, int at, int end) {
    return at < end && (bytes.get(at) == '-' || bytes.get(at) == '+') ? at + 1 : at;
  }

  private static int afterDigits(ByteView bytes, int from, int end) {
    int at = from;
    while (at < end && bytes.get(at) >= '0' && bytes.get(at) <= '9') {
      at++;
    }
    return at;
  }
}

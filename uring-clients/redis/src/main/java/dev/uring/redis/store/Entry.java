package dev.uring.redis.store;

import dev.uring.bytes.ByteView;
import java.util.Arrays;

/**
 * A key with its value and deadline.
 *
 * <h2>Shapes and units</h2>
 *
 * The value is the first {@link #size()} bytes of {@link #bytes()}; the array may be longer, for
 * what is appended next. The deadline is in milliseconds since the epoch.
 *
 * <h2>Ownership</h2>
 *
 * The keyspace owns the entry and both arrays; read them, and change them through methods only. A
 * value is overwritten in place: copy it to keep it.
 *
 * <h2>Threading and cancellation</h2>
 *
 * The keyspace's thread.
 */
public final class Entry {
  /** The deadline of an entry that does not expire. */
  public static final long NEVER = Long.MAX_VALUE;

  // A value that shrinks this far below its array gets a new one.
  private static final int SLACK_BYTES_KEPT = 64;
  private static final int DECIMAL_BYTES_MAX = 20; // of -9223372036854775808
  private static final int ARRAY_BYTES_MAX = Integer.MAX_VALUE - 8; // the JVM's own limit
  private static final byte[] NO_BYTES = {};

  final byte[] key;
  final int bucketHash;
  Entry next;
  int heapIndex = ExpiryHeap.ABSENT;
  long deadlineMillis = NEVER;
  private byte[] bytes = NO_BYTES;
  private int size;

  Entry(byte[] key, int bucketHash) {
    this.key = key;
    this.bucketHash = bucketHash;
  }

  /**
   * The key.
   *
   * @return its bytes; not a copy
   */
  public byte[] key() {
    return key;
  }

  /**
   * The array that holds the value.
   *
   * @return at least {@link #size()} bytes; not a copy
   */
  public byte[] bytes() {
    return bytes;
  }

  /**
   * The length of the value.
   *
   * @return bytes
   */
  public int size() {
    return size;
  }

  /**
   * When the entry expires.
   *
   * @return milliseconds since the epoch, or {@link #NEVER}
   */
  public long deadlineMillis() {
    return deadlineMillis;
  }

  /**
   * Replaces the value. Allocates only when the new one does not fit where the old one was.
   *
   * @param value what to copy
   */
  public void set(ByteView value) {
    int count = value.size();
    boolean isWasteful = bytes.length > 2L * count + SLACK_BYTES_KEPT;
    if (bytes.length < count || isWasteful) {
      bytes = new byte[count];
    }
    value.copyTo(0, bytes, 0, count);
    size = count;
  }

  /**
   * Appends to the value.
   *
   * @param tail what to copy
   */
  public void append(ByteView tail) {
    int count = tail.size();
    if (bytes.length - size < count) {
      // Half as much again: appending byte by byte must not copy the value each time.
      long wanted = Math.addExact(size, count);
      bytes = Arrays.copyOf(bytes, (int) Math.min(ARRAY_BYTES_MAX, wanted + wanted / 2));
    }
    tail.copyTo(0, bytes, size, count);
    size += count;
  }

  /**
   * Whether the value is the decimal text of a 64-bit integer, and the only text that it has.
   *
   * @return whether {@link #toLong()} may be called
   */
  public boolean isLong() {
    int digitsFrom = size > 0 && bytes[0] == '-' ? 1 : 0;
    int digits = size - digitsFrom;
    if (digits < 1 || digits > 19 || size > 1 && bytes[digitsFrom] == '0') {
      return false;
    }
    for (int i = digitsFrom; i < size; i++) {
      if (bytes[i] < '0' || bytes[i] > '9') {
        return false;
      }
    }
    // Nineteen digits may be too many; added up downwards they then wrap around to a positive sum.
    long negative = negativeValue(digitsFrom);
    return digits < 19 || negative < 0 && (digitsFrom == 1 || negative != Long.MIN_VALUE);
  }

  /**
   * The value as a number.
   *
   * @return the number; meaningless unless {@link #isLong()}
   */
  public long toLong() {
    boolean isNegative = bytes[0] == '-';
    long negative = negativeValue(isNegative ? 1 : 0);
    return isNegative ? negative : -negative;
  }

  /**
   * Replaces the value by a number's decimal text, in place where possible.
   *
   * @param value the number
   */
  public void setLong(long value) {
    if (bytes.length < DECIMAL_BYTES_MAX) {
      bytes = new byte[DECIMAL_BYTES_MAX];
    }
    // Written from the right end of the longest text there is, then moved to the front.
    int at = DECIMAL_BYTES_MAX;
    long negative = value < 0 ? value : -value;
    do {
      bytes[--at] = (byte) ('0' - negative % 10);
      negative /= 10;
    } while (negative != 0);
    if (value < 0) {
      bytes[--at] = '-';
    }
    size = DECIMAL_BYTES_MAX - at;
    System.arraycopy(bytes, at, bytes, 0, size);
  }

  private long negativeValue(int from) {
    long negative = 0;
    for (int i = from; i < size; i++) {
      negative = negative * 10 - (bytes[i] - '0');
    }
    return negative;
  }
}

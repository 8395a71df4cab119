package dev.uring.redis.routing;

import dev.uring.bytes.ByteView;

/**
 * The slot of a Redis cluster that a key lies in.
 *
 * <h2>Shapes and units</h2>
 *
 * 0..16383. Of a key with a tag, a part in braces, only the first non-empty tag counts, so that
 * keys with the same tag lie together: {@code {user7}.name} and {@code {user7}.mail}.
 *
 * <h2>Ownership</h2>
 *
 * Borrows the key. Allocates nothing.
 *
 * <h2>Source</h2>
 *
 * Redis cluster specification, key distribution model and hash tags: CRC16 of the XMODEM kind,
 * modulo 16384.
 */
public final class HashSlot {
  /** How many slots a cluster has. */
  public static final int COUNT = 1 << 14;

  private static final int POLYNOMIAL = 0x1021;
  private static final char[] CRC_OF_BYTE = crcOfBytes();

  private HashSlot() {}

  /**
   * The slot of a key.
   *
   * @param key all of it
   * @return 0..16383
   */
  public static int of(byte[] key) {
    int open = indexOf(key, '{', 0);
    int close = open < 0 ? -1 : indexOf(key, '}', open + 1);
    boolean hasTag = close > open + 1;
    int from = hasTag ? open + 1 : 0;
    int until = hasTag ? close : key.length;
    int crc = 0;
    for (int i = from; i < until; i++) {
      crc = next(crc, key[i]);
    }
    return crc & (COUNT - 1);
  }

  /**
   * The slot of a key that stands in other bytes.
   *
   * @param bytes where it stands
   * @param from its first byte
   * @param count its length
   * @return 0..16383
   */
  public static int of(ByteView bytes, int from, int count) {
    int end = from + count;
    int open = indexOf(bytes, '{', from, end);
    int close = open < 0 ? -1 : indexOf(bytes, '}', open + 1, end);
    boolean hasTag = close > open + 1;
    int first = hasTag ? open + 1 : from;
    int until = hasTag ? close : end;
    int crc = 0;
    for (int i = first; i < until; i++) {
      crc = next(crc, bytes.get(i));
    }
    return crc & (COUNT - 1);
  }

  private static int next(int crc, byte value) {
    return ((crc << 8) ^ CRC_OF_BYTE[((crc >>> 8) ^ value) & 0xFF]) & 0xFFFF;
  }

  private static int indexOf(byte[] key, char sought, int from) {
    for (int i = from; i < key.length; i++) {
      if (key[i] == sought) {
        return i;
      }
    }
    return -1;
  }

  private static int indexOf(ByteView bytes, char sought, int from, int until) {
    for (int i = from; i < until; i++) {
      if (bytes.get(i) == sought) {
        return i;
      }
    }
    return -1;
  }

  private static char[] crcOfBytes() {
    char[] table = new char[256];
    for (int value = 0; value < table.length; value++) {
      int crc = value << 8;
      for (int bit = 0; bit < 8; bit++) {
        crc = (crc & 0x8000) != 0 ? (crc << 1) ^ POLYNOMIAL : crc << 1;
      }
      table[value] = (char) crc;
    }
    return table;
  }
}

package dev.uring.momento.codec;

import dev.uring.bytes.ByteSink;

/** Base-128 numbers, least significant group first (Protocol Buffers encoding, "Varints"). */
final class Varint {
  /** The longest one: 64 bits in groups of 7. */
  static final int BYTES_MAX = 10;

  static final int GROUP_BITS = 7;
  static final int MORE = 0x80;

  private Varint() {}

  static int size(long value) {
    // One byte for each 7 bits that are begun, and one for 0: 9/64 is close enough to 1/7 for 64.
    return Long.SIZE * 10 - Long.numberOfLeadingZeros(value) * 9 >>> 6;
  }

  static void put(ByteSink sink, long value) {
    long rest = value;
    while ((rest & -MORE) != 0) {
      sink.putByte((int) rest | MORE);
      rest >>>= GROUP_BITS;
    }
    sink.putByte((int) rest);
  }
}

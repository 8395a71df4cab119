package dev.uring.codec;

import dev.uring.base.FramingException;
import dev.uring.bytes.ByteView;
import java.nio.ByteOrder;

/**
 * Messages that begin with their length: an unsigned number of 1, 2, 4 or 8 bytes, or a base-128
 * one of up to 5 bytes as Protocol Buffers write it.
 */
public final class LengthPrefix implements Framing {
  private static final int VARINT = 0;
  private static final int VARINT_BYTES_MAX = 5;
  private static final int VARINT_PAYLOAD_BITS = 7;
  private static final int VARINT_MORE = 0x80;

  private final int prefixBytes;
  private final boolean isLittleEndian;
  private final boolean countsPrefix;
  private final int payloadBytesMax;

  private LengthPrefix(
      int prefixBytes, boolean isLittleEndian, boolean countsPrefix, int payloadBytesMax) {
    if (payloadBytesMax < 0 || payloadBytesMax > Integer.MAX_VALUE - Long.BYTES) {
      throw new IllegalArgumentException("payloadBytesMax="
          + payloadBytesMax
          + " is not in 0.."
          + (Integer.MAX_VALUE - Long.BYTES));
    }
    this.prefixBytes = prefixBytes;
    this.isLittleEndian = isLittleEndian;
    this.countsPrefix = countsPrefix;
    this.payloadBytesMax = payloadBytesMax;
  }

  /**
   * A big-endian prefix of a fixed size.
   *
   * @param prefixBytes 1, 2, 4 or 8
   * @param payloadBytesMax most bytes of a payload
   * @return the framing
   */
  public static LengthPrefix of(int prefixBytes, int payloadBytesMax) {
    return of(prefixBytes, ByteOrder.BIG_ENDIAN, payloadBytesMax);
  }

  /**
   * A prefix of a fixed size.
   *
   * @param prefixBytes 1, 2, 4 or 8
   * @param order of the number's bytes
   * @param payloadBytesMax most bytes of a payload
   * @return the framing
   */
  public static LengthPrefix of(int prefixBytes, ByteOrder order, int payloadBytesMax) {
    if (prefixBytes != 1 && prefixBytes != 2 && prefixBytes != 4 && prefixBytes != 8) {
      throw new IllegalArgumentException("prefixBytes=" + prefixBytes + " is not 1, 2, 4 or 8");
    }
    return new LengthPrefix(prefixBytes, order == ByteOrder.LITTLE_ENDIAN, false, payloadBytesMax);
  }

  /**
   * A base-128 prefix of 1 to 5 bytes.
   *
   * @param payloadBytesMax most bytes of a payload
   * @return the framing
   */
  public static LengthPrefix varint(int payloadBytesMax) {
    return new LengthPrefix(VARINT, false, false, payloadBytesMax);
  }

  /**
   * The same prefix, counting its own bytes too.
   *
   * @return a framing whose lengths are those of the frame and not of the payload
   */
  public LengthPrefix countingItself() {
    if (prefixBytes == VARINT) {
      throw new IllegalStateException("a base-128 prefix does not count itself: its own size would"
          + " depend on what it says");
    }
    return new LengthPrefix(prefixBytes, isLittleEndian, true, payloadBytesMax);
  }

  @Override
  public int measure(ByteView bytes, int seenBytes) {
    int prefix = payloadFrom(bytes);
    if (prefix < 0 || bytes.size() < prefix) {
      return -Math.max(prefix, bytes.size() + 1);
    }
    long length = prefixBytes == VARINT ? varintAt(bytes, prefix) : fixedAt(bytes);
    long payload = countsPrefix ? length - prefix : length;
    // An unsigned number of 8 bytes may have its highest bit set: no limit allows so many.
    if (length < 0 || payload > payloadBytesMax) {
      throw new FramingException("length-prefixed message of "
          + Long.toUnsignedString(length < 0 ? length : payload)
          + " bytes exceeds payloadBytesMax="
          + payloadBytesMax
          + " bytes ("
          + this
          + ").\n  Likely cause: the peer writes another format, or longer messages than this side"
          + " takes. Raise the limit of the framing.");
    }
    if (payload < 0) {
      throw new FramingException("length-prefixed message says length="
          + length
          + " bytes, less than its prefix ("
          + this
          + ").\n  Likely cause: the peer does not count the prefix. Leave countingItself() away.");
    }
    int frameBytes = prefix + (int) payload;
    return bytes.size() >= frameBytes ? frameBytes : -frameBytes;
  }

  @Override
  public int payloadFrom(ByteView frame) {
    return prefixBytes == VARINT ? varintBytes(frame) : prefixBytes;
  }

  @Override
  public int payloadBytes(ByteView frame, int frameBytes) {
    return frameBytes - payloadFrom(frame);
  }

  @Override
  public String toString() {
    return prefixBytes == VARINT
        ? "varint prefix"
        : "prefix of "
            + prefixBytes
            + " bytes, "
            + (isLittleEndian ? "little-endian" : "big-endian")
            + (countsPrefix ? ", counting itself" : "");
  }

  private long fixedAt(ByteView bytes) {
    return switch (prefixBytes) {
      case Byte.BYTES -> bytes.getUnsigned(0);
      case Short.BYTES -> (isLittleEndian ? bytes.getShortLe(0) : bytes.getShort(0)) & 0xFFFFL;
      case Integer.BYTES -> (isLittleEndian ? bytes.getIntLe(0) : bytes.getInt(0)) & 0xFFFF_FFFFL;
      default -> isLittleEndian ? bytes.getLongLe(0) : bytes.getLong(0);
    };
  }

  // The size of the number at the front, or -1 when its last byte is not there yet.
  private int varintBytes(ByteView bytes) {
    int most = Math.min(bytes.size(), VARINT_BYTES_MAX);
    for (int at = 0; at < most; at++) {
      if (bytes.getUnsigned(at) < VARINT_MORE) {
        return at + 1;
      }
    }
    if (most == VARINT_BYTES_MAX) {
      throw new FramingException("length-prefixed message: a varint of more than "
          + VARINT_BYTES_MAX
          + " bytes.\n  Likely cause: the peer writes another format.");
    }
    return -1;
  }

  private static long varintAt(ByteView bytes, int size) {
    long value = 0;
    for (int at = 0; at < size; at++) {
      value |= (long) (bytes.getUnsigned(at) & (VARINT_MORE - 1)) << VARINT_PAYLOAD_BITS * at;
    }
    return value;
  }
}

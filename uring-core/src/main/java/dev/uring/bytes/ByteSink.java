package dev.uring.bytes;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Objects;

/**
 * An append-only writer over memory that its owner provides chunk by chunk.
 *
 * <h2>Shapes and units</h2>
 *
 * Bytes appear in the order of the calls. Multi-byte numbers are big-endian unless the name ends in
 * {@code Le}. Every method returns the sink, so calls chain.
 *
 * <h2>Ownership</h2>
 *
 * Everything written is copied at once; the caller keeps its arrays and views.
 *
 * <h2>Threading and cancellation</h2>
 *
 * Belongs to the thread of its owner. Never suspends: the owner bounds how much may be queued.
 *
 * <h2>Errors</h2>
 *
 * What {@link #refill} of the owner throws when no more room can be had.
 * {@link IndexOutOfBoundsException} when a part lies outside its array or view; nothing is written
 * then.
 */
public abstract class ByteSink {
  private static final ValueLayout.OfShort SHORT_BE =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);
  private static final ValueLayout.OfInt INT_BE =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);
  private static final ValueLayout.OfLong LONG_BE =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);
  private static final ValueLayout.OfInt INT_LE =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfLong LONG_LE =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  // Invariant: position <= limit, and [position, limit) of memory may be written.
  private MemorySegment memory = MemorySegment.NULL;
  private long position;
  private long limit;

  /** For the owner's subclass; starts without a chunk. */
  protected ByteSink() {}

  /**
   * Called when the chunk has too little room. The owner keeps what was written up to
   * {@link #chunkPosition()} and calls {@link #chunk} with one that has at least 1 byte, preferably
   * {@code bytesWanted}; for {@code bytesWanted} up to 32 it must have that many.
   *
   * @param bytesWanted room the writer could use at once, in bytes; at least 1
   */
  protected abstract void refill(int bytesWanted);

  /**
   * Switches to another chunk.
   *
   * @param memory its memory
   * @param from first byte to write
   * @param until byte after the last one that may be written
   */
  protected final void chunk(MemorySegment memory, long from, long until) {
    this.memory = memory;
    this.position = from;
    this.limit = until;
  }

  /**
   * Where the next byte goes in the chunk.
   *
   * @return the offset in the chunk's memory
   */
  protected final long chunkPosition() {
    return position;
  }

  /**
   * Appends one byte.
   *
   * @param value its low 8 bits
   * @return this sink
   */
  public final ByteSink putByte(int value) {
    room(1);
    memory.set(ValueLayout.JAVA_BYTE, position++, (byte) value);
    return this;
  }

  /**
   * Appends two bytes, big-endian.
   *
   * @param value its low 16 bits
   * @return this sink
   */
  public final ByteSink putShort(int value) {
    room(Short.BYTES);
    memory.set(SHORT_BE, position, (short) value);
    position += Short.BYTES;
    return this;
  }

  /**
   * Appends four bytes, big-endian.
   *
   * @param value the value
   * @return this sink
   */
  public final ByteSink putInt(int value) {
    room(Integer.BYTES);
    memory.set(INT_BE, position, value);
    position += Integer.BYTES;
    return this;
  }

  /**
   * Appends eight bytes, big-endian.
   *
   * @param value the value
   * @return this sink
   */
  public final ByteSink putLong(long value) {
    room(Long.BYTES);
    memory.set(LONG_BE, position, value);
    position += Long.BYTES;
    return this;
  }

  /**
   * Appends four bytes, little-endian.
   *
   * @param value the value
   * @return this sink
   */
  public final ByteSink putIntLe(int value) {
    room(Integer.BYTES);
    memory.set(INT_LE, position, value);
    position += Integer.BYTES;
    return this;
  }

  /**
   * Appends eight bytes, little-endian.
   *
   * @param value the value
   * @return this sink
   */
  public final ByteSink putLongLe(long value) {
    room(Long.BYTES);
    memory.set(LONG_LE, position, value);
    position += Long.BYTES;
    return this;
  }

  /**
   * Appends an array.
   *
   * @param bytes what to copy
   * @return this sink
   */
  public final ByteSink putBytes(byte[] bytes) {
    return putBytes(bytes, 0, bytes.length);
  }

  /**
   * Appends a part of an array.
   *
   * @param bytes what to copy from
   * @param from first index
   * @param count how many bytes
   * @return this sink
   */
  public final ByteSink putBytes(byte[] bytes, int from, int count) {
    Objects.checkFromIndexSize(from, count, bytes.length);
    int copied = 0;
    while (copied < count) {
      int part = (int) Math.min(room(count - copied), count - copied);
      MemorySegment.copy(bytes, from + copied, memory, ValueLayout.JAVA_BYTE, position, part);
      position += part;
      copied += part;
    }
    return this;
  }

  /**
   * Appends a view.
   *
   * @param view what to copy
   * @return this sink
   */
  public final ByteSink putView(ByteView view) {
    return putView(view, 0, view.size());
  }

  /**
   * Appends a part of a view.
   *
   * @param view what to copy from
   * @param from first position
   * @param count how many bytes
   * @return this sink
   */
  public final ByteSink putView(ByteView view, int from, int count) {
    view.check(from, count);
    int copied = 0;
    while (copied < count) {
      int part = (int) Math.min(room(count - copied), count - copied);
      view.copyTo(from + copied, memory, position, part);
      position += part;
      copied += part;
    }
    return this;
  }

  /**
   * Appends ASCII text; other characters become {@code '?'}.
   *
   * @param text the text
   * @return this sink
   */
  public final ByteSink putAscii(String text) {
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      putByte(c < 0x80 ? c : '?');
    }
    return this;
  }

  /**
   * Appends text as UTF-8; an unpaired surrogate becomes {@code '?'}, as {@code String.getBytes}
   * does.
   *
   * @param text the text
   * @return this sink
   */
  public final ByteSink putUtf8(String text) {
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c < 0x80) {
        putByte(c);
      } else if (c < 0x800) {
        putByte(0xC0 | c >> 6).putByte(0x80 | c & 0x3F);
      } else if (!Character.isSurrogate(c)) {
        putByte(0xE0 | c >> 12).putByte(0x80 | c >> 6 & 0x3F).putByte(0x80 | c & 0x3F);
      } else if (i + 1 < text.length() && Character.isSurrogatePair(c, text.charAt(i + 1))) {
        int codePoint = Character.toCodePoint(c, text.charAt(++i));
        putByte(0xF0 | codePoint >> 18).putByte(0x80 | codePoint >> 12 & 0x3F);
        putByte(0x80 | codePoint >> 6 & 0x3F).putByte(0x80 | codePoint & 0x3F);
      } else {
        putByte('?');
      }
    }
    return this;
  }

  /**
   * Appends a number as decimal ASCII text.
   *
   * @param value the number
   * @return this sink
   */
  public final ByteSink putDecimal(long value) {
    int digits = decimalDigits(value);
    int bytes = digits + (value < 0 ? 1 : 0);
    room(bytes);
    long end = position + bytes;
    if (value < 0) {
      memory.set(ValueLayout.JAVA_BYTE, position, (byte) '-');
    }
    // Works on the negative half, which alone can hold Long.MIN_VALUE.
    long rest = value < 0 ? value : -value;
    long at = end;
    for (int i = 0; i < digits; i++) {
      memory.set(ValueLayout.JAVA_BYTE, --at, (byte) ('0' - (int) (rest % 10)));
      rest /= 10;
    }
    position = end;
    return this;
  }

  /**
   * The number of decimal digits of a number, without its sign.
   *
   * @param value the number
   * @return 1 to 19
   */
  public static int decimalDigits(long value) {
    long rest = value < 0 ? value : -value;
    int digits = 1;
    for (long bound = -10; rest <= bound; bound *= 10) {
      digits++;
      if (digits == 19) {
        break; // bound * 10 would overflow
      }
    }
    return digits;
  }

  // Returns the room there is, at least 1; at least `wanted` when wanted is a number's width.
  private long room(int wanted) {
    if (limit - position < wanted && (wanted <= SMALL_PUT_BYTES_MAX || position == limit)) {
      refill(wanted);
    }
    return limit - position;
  }

  // Numbers are written in one piece: an owner must be able to give this much in one chunk.
  private static final int SMALL_PUT_BYTES_MAX = 32;
}

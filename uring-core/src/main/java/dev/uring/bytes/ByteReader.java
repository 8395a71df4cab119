package dev.uring.bytes;

/**
 * A cursor over a view whose reads count only when they are committed.
 *
 * <h2>Shapes and units</h2>
 *
 * Reads begin at {@link #position()} and move it. {@link #has} asks before they do, and notes what
 * was missing: a parser that stops there answers with {@link #committed()}, how many bytes it is
 * done with, and {@link #missing()}, how many bytes must be there before it can go on. Multi-byte
 * numbers are big-endian unless the name ends in {@code Le}.
 *
 * <pre>{@code
 * reader.over(bytes);
 * while (reader.has(4) && reader.has(4 + reader.peekInt(0))) {
 *   handle(reader.skip(4).readUtf8(…));
 *   reader.commit();
 * }
 * }</pre>
 *
 * <h2>Ownership</h2>
 *
 * Borrows the view as its caller does. One reader serves a connection for good: {@link #over}
 * begins anew and allocates nothing.
 *
 * <h2>Threading and cancellation</h2>
 *
 * Not thread-safe.
 *
 * <h2>Errors</h2>
 *
 * {@link IndexOutOfBoundsException} from a read of bytes that are not there: ask {@link #has}
 * first.
 */
public final class ByteReader {
  private static final int VARINT_BYTES_MAX = 10;
  private static final int VARINT_PAYLOAD_BITS = 7;
  private static final int VARINT_MORE = 0x80;

  // Invariant: 0 <= committed <= view.size(), 0 <= position <= view.size().
  private ByteView view = new ByteWindow("a ByteReader that was given no view");
  private int position;
  private int committed;
  private int missingUntil;

  /** A reader with nothing to read yet. */
  public ByteReader() {}

  /**
   * Begins at the front of a view.
   *
   * @param newView what to read
   * @return this reader
   */
  public ByteReader over(ByteView newView) {
    view = newView;
    position = 0;
    committed = 0;
    missingUntil = 0;
    return this;
  }

  /**
   * Where the next read begins.
   *
   * @return a position in the view; also a checkpoint for {@link #revert(int)}
   */
  public int position() {
    return position;
  }

  /**
   * Bytes from {@link #position()} to the end of the view.
   *
   * @return bytes
   */
  public int remaining() {
    return view.size() - position;
  }

  /**
   * Whether so many bytes can be read; when not, that many are noted as {@link #missing()}.
   *
   * @param count how many bytes, from 0
   * @return whether they are there
   */
  public boolean has(int count) {
    if (count < 0) {
      throw new IllegalArgumentException("has(" + count + "): a length that was not checked?");
    }
    if (count <= remaining()) {
      return true;
    }
    missingUntil = (int) Math.min((long) position + count, Integer.MAX_VALUE);
    return false;
  }

  /** Everything read so far is done with. */
  public void commit() {
    committed = position;
    missingUntil = 0;
  }

  /** Back to the last commit. */
  public void revert() {
    position = committed;
  }

  /**
   * Back, or forward, to a checkpoint.
   *
   * @param checkpoint what {@link #position()} said
   */
  public void revert(int checkpoint) {
    if (checkpoint < committed || checkpoint > view.size()) {
      throw new IndexOutOfBoundsException("checkpoint="
          + checkpoint
          + " outside committed="
          + committed
          + " to size="
          + view.size());
    }
    position = checkpoint;
  }

  /**
   * Bytes that are done with: what a parser returns as consumed.
   *
   * @return bytes from the front of the view to the last commit
   */
  public int committed() {
    return committed;
  }

  /**
   * Bytes, counted from the last commit, that must be there before the read that {@link #has}
   * refused can succeed.
   *
   * @return bytes; 0 when nothing was refused since the last commit
   */
  public int missing() {
    return Math.max(missingUntil - committed, 0);
  }

  /**
   * Moves on without reading.
   *
   * @param count how many bytes
   * @return this reader
   */
  public ByteReader skip(int count) {
    view.check(position, count);
    position += count;
    return this;
  }

  /**
   * Reads one byte.
   *
   * @return the byte, signed
   */
  public byte readByte() {
    byte value = view.get(position);
    position += Byte.BYTES;
    return value;
  }

  /**
   * Reads one byte as 0..255.
   *
   * @return the byte, unsigned
   */
  public int readUnsignedByte() {
    return readByte() & 0xFF;
  }

  /**
   * Reads two bytes, big-endian.
   *
   * @return the value, signed
   */
  public short readShort() {
    short value = view.getShort(position);
    position += Short.BYTES;
    return value;
  }

  /**
   * Reads two bytes, little-endian.
   *
   * @return the value, signed
   */
  public short readShortLe() {
    short value = view.getShortLe(position);
    position += Short.BYTES;
    return value;
  }

  /**
   * Reads four bytes, big-endian.
   *
   * @return the value, signed
   */
  public int readInt() {
    int value = view.getInt(position);
    position += Integer.BYTES;
    return value;
  }

  /**
   * Reads four bytes, little-endian.
   *
   * @return the value, signed
   */
  public int readIntLe() {
    int value = view.getIntLe(position);
    position += Integer.BYTES;
    return value;
  }

  /**
   * Reads eight bytes, big-endian.
   *
   * @return the value, signed
   */
  public long readLong() {
    long value = view.getLong(position);
    position += Long.BYTES;
    return value;
  }

  /**
   * Reads eight bytes, little-endian.
   *
   * @return the value, signed
   */
  public long readLongLe() {
    long value = view.getLongLe(position);
    position += Long.BYTES;
    return value;
  }

  /**
   * Looks at one byte ahead without moving.
   *
   * @param ahead how many bytes after {@link #position()}
   * @return the byte, unsigned
   */
  public int peekUnsignedByte(int ahead) {
    return view.getUnsigned(position + ahead);
  }

  /**
   * Looks at two bytes ahead, big-endian, without moving.
   *
   * @param ahead how many bytes after {@link #position()}
   * @return the value, signed
   */
  public short peekShort(int ahead) {
    return view.getShort(position + ahead);
  }

  /**
   * Looks at two bytes ahead, little-endian, without moving.
   *
   * @param ahead how many bytes after {@link #position()}
   * @return the value, signed
   */
  public short peekShortLe(int ahead) {
    return view.getShortLe(position + ahead);
  }

  /**
   * Looks at four bytes ahead, big-endian, without moving.
   *
   * @param ahead how many bytes after {@link #position()}
   * @return the value, signed
   */
  public int peekInt(int ahead) {
    return view.getInt(position + ahead);
  }

  /**
   * Looks at four bytes ahead, little-endian, without moving.
   *
   * @param ahead how many bytes after {@link #position()}
   * @return the value, signed
   */
  public int peekIntLe(int ahead) {
    return view.getIntLe(position + ahead);
  }

  /**
   * Looks at eight bytes ahead, big-endian, without moving.
   *
   * @param ahead how many bytes after {@link #position()}
   * @return the value, signed
   */
  public long peekLong(int ahead) {
    return view.getLong(position + ahead);
  }

  /**
   * Looks at eight bytes ahead, little-endian, without moving.
   *
   * @param ahead how many bytes after {@link #position()}
   * @return the value, signed
   */
  public long peekLongLe(int ahead) {
    return view.getLongLe(position + ahead);
  }

  /**
   * Whether a whole base-128 number can be read; when not, one more byte is noted as missing.
   *
   * @return whether it is there
   */
  public boolean hasVarint() {
    int bytes = 0;
    do {
      if (!has(bytes + 1)) {
        return false;
      }
    } while ((peekUnsignedByte(bytes++) & VARINT_MORE) != 0 && bytes < VARINT_BYTES_MAX);
    return true;
  }

  /**
   * Reads a base-128 number, least significant group first, as Protocol Buffers write it.
   *
   * @return its 64 bits
   * @throws ArithmeticException it takes more than 64 bits
   */
  public long readVarint() {
    long value = 0;
    for (int shift = 0; ; shift += VARINT_PAYLOAD_BITS) {
      int next = readUnsignedByte();
      long bits = next & (VARINT_MORE - 1);
      if (shift >= Long.SIZE || bits << shift >>> shift != bits) {
        throw new ArithmeticException("varint of more than 64 bits");
      }
      value |= bits << shift;
      if (next < VARINT_MORE) {
        return value;
      }
    }
  }

  /**
   * Finds a byte.
   *
   * @param value what to look for
   * @return how many bytes after {@link #position()} it stands, or -1
   */
  public int indexOf(byte value) {
    int at = view.indexOf(value, position);
    return at < 0 ? -1 : at - position;
  }

  /**
   * Reads bytes into an array of their own.
   *
   * @param count how many
   * @return a new array
   */
  public byte[] readBytes(int count) {
    byte[] bytes = view.toByteArray(position, count);
    position += count;
    return bytes;
  }

  /**
   * Reads text.
   *
   * @param count how many bytes of UTF-8
   * @return the text
   */
  public String readUtf8(int count) {
    String text = view.toUtf8(position, count);
    position += count;
    return text;
  }

  /**
   * Reads bytes where they lie.
   *
   * @param count how many
   * @param part lent the bytes; end it no later than the view this reader is over
   * @return {@code part}
   */
  public ByteView readView(int count, ByteWindow part) {
    part.lend(view, position, count);
    position += count;
    return part;
  }
}

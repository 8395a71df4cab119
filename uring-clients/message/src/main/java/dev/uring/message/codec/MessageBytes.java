package dev.uring.message.codec;

import dev.uring.bytes.ByteSink;
import dev.uring.bytes.ByteView;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Objects;
import java.util.zip.Deflater;

/**
 * Bytes of a message that grow as they are appended: its body, and what its text headers lie in.
 *
 * <h2>Shapes and units</h2>
 *
 * Numbers are big-endian. May hold more than a message may carry; the check before sending says so.
 *
 * <h2>Ownership</h2>
 *
 * A part of its message: whoever holds the message may use it. What is appended is copied.
 *
 * <h2>Errors</h2>
 *
 * {@link IllegalStateException} when the message was handed over; {@link IndexOutOfBoundsException}
 * outside what was appended.
 */
public final class MessageBytes {
  private final Message owner;
  private final int capacityInitial;
  private byte[] bytes;
  private int size;

  MessageBytes(Message owner, int capacityInitial) {
    this.owner = owner;
    this.capacityInitial = capacityInitial;
    this.bytes = new byte[capacityInitial];
  }

  /**
   * How many bytes these are.
   *
   * @return bytes
   */
  public int size() {
    owner.check();
    return size;
  }

  /**
   * Whether there is none.
   *
   * @return whether the size is 0
   */
  public boolean isEmpty() {
    return size() == 0;
  }

  /**
   * One byte.
   *
   * @param index its position
   * @return the byte
   */
  public byte get(int index) {
    owner.check();
    return bytes[Objects.checkIndex(index, size)];
  }

  /**
   * Eight bytes as a number.
   *
   * @param index position of the first
   * @return the number
   */
  public long getLong(int index) {
    owner.check();
    Objects.checkFromIndexSize(index, Long.BYTES, size);
    long value = 0;
    for (int i = 0; i < Long.BYTES; i++) {
      value = value << Byte.SIZE | bytes[index + i] & 0xFF;
    }
    return value;
  }

  /**
   * Appends one byte.
   *
   * @param value its low eight bits
   * @return this
   */
  public MessageBytes appendByte(int value) {
    room(1);
    bytes[size++] = (byte) value;
    return this;
  }

  /**
   * Appends a number as eight bytes.
   *
   * @param value the number
   * @return this
   */
  public MessageBytes appendLong(long value) {
    room(Long.BYTES);
    for (int shift = Long.SIZE - Byte.SIZE; shift >= 0; shift -= Byte.SIZE) {
      bytes[size++] = (byte) (value >>> shift);
    }
    return this;
  }

  /**
   * Appends an array.
   *
   * @param source what to copy
   * @return this
   */
  public MessageBytes append(byte[] source) {
    return append(source, 0, source.length);
  }

  /**
   * Appends a part of an array.
   *
   * @param source what to copy from
   * @param from first index
   * @param count how many bytes
   * @return this
   */
  public MessageBytes append(byte[] source, int from, int count) {
    Objects.checkFromIndexSize(from, count, source.length);
    room(count);
    System.arraycopy(source, from, bytes, size, count);
    size += count;
    return this;
  }

  /**
   * Appends a part of a view.
   *
   * @param source borrowed for the call
   * @param from first position
   * @param count how many bytes
   * @return this
   */
  public MessageBytes append(ByteView source, int from, int count) {
    room(count);
    if (count > 0) {
      source.copyTo(from, bytes, size, count);
      size += count;
    }
    return this;
  }

  /**
   * Appends the bytes of another message.
   *
   * @param source what to copy
   * @return this
   */
  public MessageBytes append(MessageBytes source) {
    source.owner.check();
    return append(source.bytes, 0, source.size);
  }

  /**
   * Appends text as UTF-8.
   *
   * @param text the text
   * @return this
   */
  public MessageBytes appendUtf8(String text) {
    room(text.length());
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c >= 0x80) {
        return append(text.substring(i).getBytes(StandardCharsets.UTF_8));
      }
      bytes[size++] = (byte) c;
    }
    return this;
  }

  /**
   * Forgets all bytes; the memory stays.
   *
   * @return this
   */
  public MessageBytes clear() {
    owner.check();
    size = 0;
    return this;
  }

  /**
   * Copies all bytes.
   *
   * @return a new array
   */
  public byte[] toByteArray() {
    owner.check();
    return Arrays.copyOf(bytes, size);
  }

  /**
   * Copies a part.
   *
   * @param from first position
   * @param target where to
   * @param targetFrom first index written
   * @param count how many bytes
   */
  public void copyTo(int from, byte[] target, int targetFrom, int count) {
    owner.check();
    Objects.checkFromIndexSize(from, count, size);
    System.arraycopy(bytes, from, target, targetFrom, count);
  }

  /**
   * Decodes all bytes as UTF-8.
   *
   * @return a new string
   */
  public String toUtf8() {
    return toUtf8(0, size());
  }

  /**
   * Decodes a part as UTF-8.
   *
   * @param from first position
   * @param count how many bytes
   * @return a new string
   */
  public String toUtf8(int from, int count) {
    owner.check();
    Objects.checkFromIndexSize(from, count, size);
    return new String(bytes, from, count, StandardCharsets.UTF_8);
  }

  /**
   * Whether both have the same bytes.
   *
   * @param other of another message, or an array's copy
   * @return whether they are equal
   */
  public boolean contentEquals(byte[] other) {
    owner.check();
    return Arrays.equals(bytes, 0, size, other, 0, other.length);
  }

  int indexOf(byte value, int from) {
    for (int i = from; i < size; i++) {
      if (bytes[i] == value) {
        return i;
      }
    }
    return -1;
  }

  byte at(int index) {
    return bytes[index];
  }

  int rawSize() {
    return size;
  }

  int capacity() {
    return bytes.length;
  }

  void rawClear() {
    size = 0;
  }

  /** Gives memory beyond the initial back. */
  void trim() {
    size = 0;
    if (bytes.length > capacityInitial) {
      bytes = new byte[capacityInitial];
    }
  }

  /** Makes room for so many bytes in all. */
  void reserve(int count) {
    if (count > size) {
      room(count - size);
    }
  }

  void writeTo(ByteSink sink) {
    if (size > 0) {
      sink.putBytes(bytes, 0, size);
    }
  }

  void writeTo(Deflater deflater) {
    deflater.setInput(bytes, 0, size);
  }

  private void room(int more) {
    owner.check();
    long needed = (long) size + more;
    if (needed > bytes.length) {
      if (needed > Integer.MAX_VALUE - Long.BYTES) {
        throw new IllegalArgumentException("a message of " + needed
            + " bytes: no array has so many. Send it in parts, with more=true.");
      }
      bytes = Arrays.copyOf(bytes, (int)
          Math.max(needed, Math.min(2L * bytes.length, Integer.MAX_VALUE - 8)));
    }
  }

  @Override
  public String toString() {
    return size + " bytes";
  }
}

package dev.uring.momento.codec;

import dev.uring.bytes.ByteView;

/**
 * Goes over the fields of one message, whole in a view.
 *
 * <p>Fields of any number are read; the caller takes those it knows, with the wire type it knows
 * them with, and so passes over the others. Source: Protocol Buffers encoding, "Message Structure".
 */
final class FieldReader {
  static final int NUMBER = 0;
  static final int BYTES = 2;
  private static final int FIXED_64 = 1;
  private static final int FIXED_32 = 5;
  private static final int WIRE_TYPE_BITS = 3;

  private ByteView bytes;
  private int at;
  private int until;
  private String fault;

  /** Of the field read last: its tag, and what it holds. */
  private int tag;

  private long number;
  private int contentFrom;
  private int contentBytes;

  /** Begins with a message. */
  FieldReader over(ByteView view, int from, int end) {
    bytes = view;
    at = from;
    until = end;
    fault = null;
    return this;
  }

  /** Begins with what the last field of another reader holds. */
  FieldReader over(FieldReader field) {
    return over(field.bytes, field.contentFrom, field.contentFrom + field.contentBytes);
  }

  /** Reads the next field; false at the end of the message, or when there is a fault. */
  boolean next() {
    if (at == until || !readNumber()) {
      return false;
    }
    tag = (int) number;
    if (tag >>> WIRE_TYPE_BITS == 0) {
      return bad("field number 0");
    }
    return switch (wireType()) {
      case NUMBER -> readNumber();
      case BYTES -> readNumber() && content(number);
      case FIXED_64 -> content(Long.BYTES);
      case FIXED_32 -> content(Integer.BYTES);
      default -> bad("wire type " + wireType() + " of field " + field());
    };
  }

  int field() {
    return tag >>> WIRE_TYPE_BITS;
  }

  int wireType() {
    return tag & (1 << WIRE_TYPE_BITS) - 1;
  }

  boolean is(int fieldNumber, int type) {
    return tag == (fieldNumber << WIRE_TYPE_BITS | type);
  }

  long number() {
    return number;
  }

  int contentFrom() {
    return contentFrom;
  }

  int contentBytes() {
    return contentBytes;
  }

  /** What is wrong, or null. */
  String fault() {
    return fault;
  }

  private boolean content(long size) {
    // A number of 64 bits without a sign: what looks negative is more than any message has.
    if (size < 0 || size > until - at) {
      return bad("field "
          + field()
          + " of "
          + Long.toUnsignedString(size)
          + " bytes, and the message has "
          + (until - at)
          + " more");
    }
    contentFrom = at;
    contentBytes = (int) size;
    at += contentBytes;
    return true;
  }

  private boolean readNumber() {
    long value = 0;
    for (int shift = 0; shift < Long.SIZE; shift += Varint.GROUP_BITS) {
      if (at == until) {
        return bad("a number is cut off by the end of its message");
      }
      int group = bytes.get(at++);
      // Of the tenth group only one bit counts; the rest is dropped, as protobuf does.
      value |= (long) (group & Varint.MORE - 1) << shift;
      if (group >= 0) {
        number = value;
        return true;
      }
    }
    return bad("a number of more than " + Varint.BYTES_MAX + " bytes");
  }

  private boolean bad(String what) {
    fault = what;
    return false;
  }
}

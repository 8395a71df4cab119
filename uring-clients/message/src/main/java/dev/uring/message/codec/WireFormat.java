package dev.uring.message.codec;

/** The versions of the header's third byte. Nothing on the wire says which one is spoken. */
public enum WireFormat {
  /** Type and role in two bits each; bit 6 is {@code oob}. What is spoken unless told otherwise. */
  V1,
  /** An operation in four bits; bit 6, internal there, carries {@code oob} here too. */
  V2;

  // How a message holds it, which is version 1: bits 0-1 type, 2-3 role, 4 origin, 5 more, 6 oob.
  static final int TYPE_AND_ROLE = 0x0F;
  static final int ORIGIN_ENGINE = 1 << 4;
  static final int MORE = 1 << 5;
  static final int OOB = 1 << 6;
  static final int RESERVED = 1 << 7;

  /** The reserved bit, on channels whose ends have agreed on compression: the body is packed. */
  static final int PACKED = RESERVED;

  private static final int FLAGS = ORIGIN_ENGINE | MORE | OOB;
  private static final byte[] OP_CODE_TO_BITS = new byte[16];
  private static final byte NONE = -1;

  static {
    java.util.Arrays.fill(OP_CODE_TO_BITS, NONE);
    for (MessageOperation operation : MessageOperation.values()) {
      OP_CODE_TO_BITS[operation.opCode()] = (byte) operation.typeAndRole();
    }
  }

  /** The byte on the wire; -1 when this version has none for it. */
  int encode(int bits) {
    if (this == V1) {
      return bits;
    }
    MessageOperation operation = MessageOperation.ofTypeAndRole(bits & TYPE_AND_ROLE);
    return operation == null ? -1 : bits & FLAGS | operation.opCode();
  }

  /** What a byte of the wire means, as a message holds it; -1 when nothing. */
  int decode(int wireByte) {
    if ((wireByte & RESERVED) != 0) {
      return -1;
    }
    if (this == V1) {
      return MessageOperation.ofTypeAndRole(wireByte & TYPE_AND_ROLE) == null ? -1 : wireByte;
    }
    int bits = OP_CODE_TO_BITS[wireByte & TYPE_AND_ROLE];
    return bits == NONE ? -1 : wireByte & FLAGS | bits;
  }
}

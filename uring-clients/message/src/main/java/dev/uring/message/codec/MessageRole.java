package dev.uring.message.codec;

/** What a message wants of its receiver. The order is that of the wire. */
public enum MessageRole {
  /** Not said yet: such a message cannot be sent. */
  INVALID,
  /** An answer. */
  REQUEST,
  /** It is one, to the request with the same id. */
  RESPONSE,
  /** Nothing. */
  SIGNAL;

  private static final MessageRole[] VALUES = values();

  static MessageRole of(int bits) {
    return VALUES[bits];
  }
}

package dev.uring.message.codec;

/** What a message is about. The order is that of the wire. */
public enum MessageType {
  /** Of the program. */
  REGULAR,
  /** Asks the engine to listen, and the engine's answer. Never on the wire. */
  WELCOME,
  /** Opens a channel; the first message on the wire. */
  HELLO,
  /** Ends a channel. */
  BYE;

  private static final MessageType[] VALUES = values();

  static MessageType of(int bits) {
    return VALUES[bits];
  }
}

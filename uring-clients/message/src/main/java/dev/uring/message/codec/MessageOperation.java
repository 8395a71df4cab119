package dev.uring.message.codec;

/** The combinations of type and role that there are: tofu's {@code ValidCombination}. */
public enum MessageOperation {
  /** Listen. */
  WELCOME_REQUEST(MessageType.WELCOME, MessageRole.REQUEST, 8),
  /** The engine's answer to it. */
  WELCOME_RESPONSE(MessageType.WELCOME, MessageRole.RESPONSE, 9),
  /** Connect, and say who is there. */
  HELLO_REQUEST(MessageType.HELLO, MessageRole.REQUEST, 3),
  /** The answer to it. */
  HELLO_RESPONSE(MessageType.HELLO, MessageRole.RESPONSE, 4),
  /** End the channel when the peer has agreed. */
  BYE_REQUEST(MessageType.BYE, MessageRole.REQUEST, 5),
  /** The peer has agreed. */
  BYE_RESPONSE(MessageType.BYE, MessageRole.RESPONSE, 6),
  /** End the channel. */
  BYE_SIGNAL(MessageType.BYE, MessageRole.SIGNAL, 7),
  /** A request of the program. */
  REQUEST(MessageType.REGULAR, MessageRole.REQUEST, 0),
  /** A response of the program. */
  RESPONSE(MessageType.REGULAR, MessageRole.RESPONSE, 1),
  /** A signal of the program. */
  SIGNAL(MessageType.REGULAR, MessageRole.SIGNAL, 2);

  private static final MessageOperation[] BY_TYPE_AND_ROLE = new MessageOperation[16];

  static {
    for (MessageOperation operation : values()) {
      BY_TYPE_AND_ROLE[operation.typeAndRole()] = operation;
    }
  }

  private final MessageType type;
  private final MessageRole role;
  private final int opCode;

  MessageOperation(MessageType type, MessageRole role, int opCode) {
    this.type = type;
    this.role = role;
    this.opCode = opCode;
  }

  /**
   * The type of such a message.
   *
   * @return the type
   */
  public MessageType type() {
    return type;
  }

  /**
   * The role of such a message.
   *
   * @return the role
   */
  public MessageRole role() {
    return role;
  }

  /**
   * The operation of a type and a role.
   *
   * @param type the type
   * @param role the role
   * @return the operation, or null when there is none
   */
  public static MessageOperation of(MessageType type, MessageRole role) {
    return BY_TYPE_AND_ROLE[type.ordinal() | role.ordinal() << 2];
  }

  /** Its number in version 2. */
  int opCode() {
    return opCode;
  }

  /** The low four bits of version 1. */
  int typeAndRole() {
    return type.ordinal() | role.ordinal() << 2;
  }

  static MessageOperation ofTypeAndRole(int bits) {
    return BY_TYPE_AND_ROLE[bits];
  }
}

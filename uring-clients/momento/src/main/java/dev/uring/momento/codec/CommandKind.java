package dev.uring.momento.codec;

/** What a client wants. */
public enum CommandKind {
  /** Nothing: a message with a control code alone. */
  NONE(0),
  /** To say who it is: the first message of a connection. */
  AUTHENTICATE(1),
  /** A value. */
  GET(2),
  /** To store a value. */
  SET(3),
  /** That there is no value any more. */
  DELETE(4);

  private static final CommandKind[] ALL = values();

  final int field;

  CommandKind(int field) {
    this.field = field;
  }

  static CommandKind of(int field) {
    return field > 0 && field < ALL.length ? ALL[field] : NONE;
  }
}

package dev.uring.momento.codec;

/** What a server answers. */
public enum ReplyKind {
  /** Nothing: a message with a control code alone. */
  NONE(0),
  /** No. */
  ERROR(9),
  /** The token is good. */
  AUTHENTICATE(10),
  /** A value, or that there is none. */
  GET(11),
  /** The value is stored. */
  SET(12),
  /** There is no value any more. */
  DELETE(13);

  private static final ReplyKind[] ALL = values();

  final int field;

  ReplyKind(int field) {
    this.field = field;
  }

  static ReplyKind of(int field) {
    int index = field - ERROR.field + 1;
    return index > 0 && index < ALL.length ? ALL[index] : NONE;
  }
}

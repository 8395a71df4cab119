package dev.uring.message.codec;

/**
 * Goes through text headers.
 *
 * <h2>Shapes and units</h2>
 *
 * A line ends with CR LF or with the last byte. Empty lines are passed over. The name goes up to
 * the first colon and is taken as it is; blanks around the value are cut off, and a line without a
 * colon has an empty value. A line with an empty name ends the headers.
 *
 * <h2>Ownership</h2>
 *
 * Borrows the bytes of its message.
 */
public final class TextHeaderCursor {
  private final MessageBytes bytes;
  private int at;
  private int nameFrom;
  private int nameUntil;
  private int valueFrom;
  private int valueUntil;
  private boolean isAtEnd;

  TextHeaderCursor(MessageBytes bytes) {
    this.bytes = bytes;
  }

  /**
   * Goes to the next header.
   *
   * @return whether there is one
   */
  public boolean next() {
    int size = bytes.size();
    while (!isAtEnd && at < size) {
      int from = at;
      int until = lineEnd(from);
      at = Math.min(until + 2, size);
      if (until > from) {
        split(from, until);
        isAtEnd = nameUntil == nameFrom;
        return !isAtEnd;
      }
    }
    isAtEnd = true;
    return false;
  }

  /** Goes back in front of the first header. */
  public void rewind() {
    at = 0;
    isAtEnd = false;
  }

  /**
   * The name of the present header.
   *
   * @return a new string
   */
  public String name() {
    return bytes.toUtf8(nameFrom, nameUntil - nameFrom);
  }

  /**
   * The value of the present header.
   *
   * @return a new string, maybe empty
   */
  public String value() {
    return bytes.toUtf8(valueFrom, valueUntil - valueFrom);
  }

  /**
   * Whether the present header has a name. Makes no string.
   *
   * @param name in ASCII
   * @return whether it is that, in this case
   */
  public boolean isNamed(String name) {
    if (name.length() != nameUntil - nameFrom) {
      return false;
    }
    for (int i = 0; i < name.length(); i++) {
      if (bytes.at(nameFrom + i) != name.charAt(i)) {
        return false;
      }
    }
    return true;
  }

  private int lineEnd(int from) {
    int size = bytes.rawSize();
    for (int cr = bytes.indexOf((byte) '\r', from);
        cr >= 0;
        cr = bytes.indexOf((byte) '\r', cr + 1)) {
      if (cr + 1 < size && bytes.at(cr + 1) == '\n') {
        return cr;
      }
    }
    return size;
  }

  private void split(int from, int until) {
    int colon = bytes.indexOf((byte) ':', from);
    nameFrom = from;
    nameUntil = colon < 0 || colon > until ? until : colon;
    valueFrom = Math.min(nameUntil + 1, until);
    valueUntil = until;
    while (valueFrom < valueUntil && isBlank(bytes.at(valueFrom))) {
      valueFrom++;
    }
    while (valueUntil > valueFrom && isBlank(bytes.at(valueUntil - 1))) {
      valueUntil--;
    }
  }

  private static boolean isBlank(byte b) {
    return b == ' ' || b == '\t';
  }
}

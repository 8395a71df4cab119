package dev.uring.message.codec;

/**
 * The text headers of a message: {@code name:value} lines that end with CR LF.
 *
 * <h2>Shapes and units</h2>
 *
 * UTF-8. Written without a space behind the colon, and without an empty line at the end. Names may
 * come more than once. What is read is lenient: see {@link TextHeaderCursor}.
 *
 * <h2>Ownership</h2>
 *
 * A part of its message.
 *
 * <h2>Errors</h2>
 *
 * {@link IllegalArgumentException} for a name or a value that would be read back as another.
 */
public final class TextHeaders {
  /** Of a hello request: where to connect to. */
  public static final String CONNECT_TO = "~connect_to";

  /** Of a welcome request: where to listen. */
  public static final String LISTEN_ON = "~listen_on";

  private static final String BLANKS = " \t\r\n";

  private final MessageBytes bytes;

  TextHeaders(MessageBytes bytes) {
    this.bytes = bytes;
  }

  /**
   * Appends a header.
   *
   * @param name without colon; blanks and line ends around it are cut off
   * @param value not empty, without line ends; blanks stay, but a reader cuts those around it off
   * @return this
   */
  public TextHeaders append(String name, String value) {
    String trimmed = trim(name);
    if (trimmed.isEmpty() || hasAny(trimmed, ":\r\n")) {
      throw new IllegalArgumentException("text header name \""
          + name
          + "\": must not be empty and have no colon and no line end, or it would be read back as"
          + " another header");
    }
    if (value.isEmpty() || hasAny(value, "\r\n")) {
      throw new IllegalArgumentException(
          "text header "
              + trimmed
              + " has the value \""
              + value
              + "\": must not be empty and have no line end, or it would be read back as another header");
    }
    bytes.appendUtf8(trimmed).appendByte(':').appendUtf8(value);
    bytes.appendByte('\r').appendByte('\n');
    return this;
  }

  /**
   * Appends headers that are text already.
   *
   * @param lines as they shall stand on the wire; nothing is checked
   * @return this
   */
  public TextHeaders appendRaw(String lines) {
    bytes.appendUtf8(lines);
    return this;
  }

  /**
   * Appends the headers of another message.
   *
   * @param other what to copy
   * @return this
   */
  public TextHeaders append(TextHeaders other) {
    bytes.append(other.bytes);
    return this;
  }

  /**
   * The value of the first header with a name.
   *
   * @param name in the case it has on the wire
   * @return the value, or null when there is no such header
   */
  public String first(String name) {
    TextHeaderCursor cursor = cursor();
    while (cursor.next()) {
      if (cursor.isNamed(name)) {
        return cursor.value();
      }
    }
    return null;
  }

  /**
   * Reads all headers, in their order.
   *
   * @return in front of the first; valid until headers are appended or the message is handed over
   */
  public TextHeaderCursor cursor() {
    return new TextHeaderCursor(bytes);
  }

  /**
   * The bytes on the wire.
   *
   * @return always the same object
   */
  public MessageBytes bytes() {
    return bytes;
  }

  /**
   * How many bytes they are on the wire.
   *
   * @return bytes
   */
  public int sizeBytes() {
    return bytes.size();
  }

  /**
   * Whether there are none.
   *
   * @return whether the size is 0
   */
  public boolean isEmpty() {
    return bytes.isEmpty();
  }

  /**
   * Forgets all headers.
   *
   * @return this
   */
  public TextHeaders clear() {
    bytes.clear();
    return this;
  }

  private static String trim(String name) {
    int from = 0;
    int until = name.length();
    while (from < until && BLANKS.indexOf(name.charAt(from)) >= 0) {
      from++;
    }
    while (until > from && BLANKS.indexOf(name.charAt(until - 1)) >= 0) {
      until--;
    }
    return name.substring(from, until);
  }

  private static boolean hasAny(String text, String characters) {
    for (int i = 0; i < text.length(); i++) {
      if (characters.indexOf(text.charAt(i)) >= 0) {
        return true;
      }
    }
    return false;
  }
}

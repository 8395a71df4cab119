package dev.uring.tls;

/**
 * The one thing that is read of a client's first message here: whether early data follow it, for an
 * engine that knows none takes them for a broken record.
 *
 * <p>Fields are those of RFC 8446 4.1.2. What is cut off, or no such message, offers nothing: the
 * engine says what is wrong with it.
 */
final class ClientHello {
  private static final int TYPE_CLIENT_HELLO = 1;
  private static final int EXTENSION_EARLY_DATA = 42;

  // Record header, type and length of the message, version, random.
  private static final int TYPE_AT = 5;
  private static final int SESSION_ID_AT = TYPE_AT + 4 + 2 + 32;

  private final byte[] record;
  private final int length;
  private int at = SESSION_ID_AT;

  private ClientHello(byte[] record, int length) {
    this.record = record;
    this.length = length;
  }

  /**
   * Whether a record holds a client's hello that says so.
   *
   * @param record the record from its header on
   * @param length its bytes
   */
  static boolean offersEarlyData(byte[] record, int length) {
    return length > SESSION_ID_AT
        && record[TYPE_AT] == TYPE_CLIENT_HELLO
        && new ClientHello(record, length).has(EXTENSION_EARLY_DATA);
  }

  private boolean has(int extension) {
    // Session id, cipher suites, compression methods, and the length of all extensions.
    skip(number(1));
    skip(number(2));
    skip(number(1));
    skip(2);
    while (at + 4 <= length) {
      if (number(2) == extension) {
        return true;
      }
      skip(number(2));
    }
    return false;
  }

  // 0 beyond the end, which ends every search.
  private int number(int bytes) {
    int value = 0;
    for (int i = 0; i < bytes && at < length; i++) {
      value = value << Byte.SIZE | record[at++] & 0xFF;
    }
    return value;
  }

  private void skip(int bytes) {
    at = Math.min(at + bytes, length);
  }
}

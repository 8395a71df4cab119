package dev.uring.momento.codec;

import dev.uring.bytes.ByteSink;

/**
 * Bytes for a field: an array, or text that is encoded as it is written.
 *
 * <h2>Ownership</h2>
 *
 * Holds what it was given, and copies nothing: an array must not change until it is written.
 *
 * <h2>Threading and cancellation</h2>
 *
 * One that nobody changes may be used by any thread.
 */
public final class FieldBytes {
  private static final byte[] NOTHING = {};

  private byte[] array = NOTHING;
  private String text;
  private int size;

  /** No byte. */
  public FieldBytes() {}

  /**
   * Those of a text in UTF-8.
   *
   * @param text an unpaired surrogate becomes {@code '?'}
   * @return new bytes
   */
  public static FieldBytes of(String text) {
    FieldBytes bytes = new FieldBytes();
    bytes.set(text);
    return bytes;
  }

  /**
   * How many there are.
   *
   * @return their count on the wire
   */
  public int size() {
    return size;
  }

  /**
   * Takes other ones.
   *
   * @param newArray held until it is written
   */
  public void set(byte[] newArray) {
    array = newArray;
    text = null;
    size = newArray.length;
  }

  /**
   * Takes other ones.
   *
   * @param newText in UTF-8
   */
  public void set(String newText) {
    array = NOTHING;
    text = newText;
    size = utf8Bytes(newText);
  }

  /** Lets go of them. */
  public void clear() {
    array = NOTHING;
    text = null;
    size = 0;
  }

  void writeTo(ByteSink sink) {
    if (text == null) {
      sink.putBytes(array);
    } else {
      sink.putUtf8(text);
    }
  }

  // Counts what ByteSink.putUtf8 writes.
  private static int utf8Bytes(String text) {
    int bytes = text.length();
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c < 0x80) {
        continue;
      }
      if (c < 0x800) {
        bytes++;
      } else if (!Character.isSurrogate(c)) {
        bytes += 2;
      } else if (i + 1 < text.length() && Character.isSurrogatePair(c, text.charAt(i + 1))) {
        bytes += 2; // two characters become four bytes
        i++;
      }
    }
    return bytes;
  }
}

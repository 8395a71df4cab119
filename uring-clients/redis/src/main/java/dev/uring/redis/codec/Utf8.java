package dev.uring.redis.codec;

/** Text as UTF-8 in an array, without an object in between. */
final class Utf8 {
  private Utf8() {}

  // Negative when there is more than ASCII: the answer to both questions in one pass. An unpaired
  // surrogate is one byte, '?', and not ASCII.
  static int bytes(String value) {
    int length = value.length();
    // Without a branch for each char, which is what most texts need.
    int seen = 0;
    for (int i = 0; i < length; i++) {
      seen |= value.charAt(i);
    }
    if (seen < 0x80) {
      return length;
    }
    int count = length;
    for (int i = 0; i < length; i++) {
      char c = value.charAt(i);
      if (c >= 0x80) {
        if (c < 0x800) {
          count++;
        } else if (!Character.isSurrogate(c)) {
          count += 2;
        } else if (i + 1 < length && Character.isSurrogatePair(c, value.charAt(i + 1))) {
          count += 2; // Two chars, four bytes.
          i++;
        }
      }
    }
    return -count;
  }

  static void put(String value, byte[] bytes, int first) {
    int at = first;
    for (int i = 0; i < value.length(); i++) {
      char c = value.charAt(i);
      if (c < 0x80) {
        bytes[at++] = (byte) c;
      } else if (c < 0x800) {
        bytes[at++] = (byte) (0xC0 | c >> 6);
        bytes[at++] = (byte) (0x80 | c & 0x3F);
      } else if (!Character.isSurrogate(c)) {
        bytes[at++] = (byte) (0xE0 | c >> 12);
        bytes[at++] = (byte) (0x80 | c >> 6 & 0x3F);
        bytes[at++] = (byte) (0x80 | c & 0x3F);
      } else if (i + 1 < value.length() && Character.isSurrogatePair(c, value.charAt(i + 1))) {
        int codePoint = Character.toCodePoint(c, value.charAt(++i));
        bytes[at++] = (byte) (0xF0 | codePoint >> 18);
        bytes[at++] = (byte) (0x80 | codePoint >> 12 & 0x3F);
        bytes[at++] = (byte) (0x80 | codePoint >> 6 & 0x3F);
        bytes[at++] = (byte) (0x80 | codePoint & 0x3F);
      } else {
        bytes[at++] = '?';
      }
    }
  }
}

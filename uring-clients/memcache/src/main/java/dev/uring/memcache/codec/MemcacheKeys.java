package dev.uring.memcache.codec;

/** What may be a key, and what is said of one that may not. */
final class MemcacheKeys {
  /** KEY_MAX_LENGTH of memcached. */
  static final int KEY_BYTES_MAX = 250;

  private static final int SHOWN_MAX = 40;

  private MemcacheKeys() {}

  /** Whether a byte may stand in a key of the text protocol, and in one of meta without base64. */
  static boolean isAllowed(int b) {
    return b > ' ' && b != 0x7F;
  }

  static IllegalArgumentException empty() {
    return new IllegalArgumentException(
        "memcache: a key must have 1.." + KEY_BYTES_MAX + " bytes, this one is empty");
  }

  static IllegalArgumentException tooLong(int bytes, String key) {
    return new IllegalArgumentException("memcache: key of "
        + bytes
        + " bytes exceeds keyBytesMax="
        + KEY_BYTES_MAX
        + ": "
        + shown(key)
        + "\n  memcached takes no longer ones. Store it under a hash of the key.");
  }

  static IllegalArgumentException forbidden(int b, int index, String key) {
    return new IllegalArgumentException("memcache: key has byte 0x"
        + Integer.toHexString(b | 0x100).substring(1)
        + (b == ' ' ? " (a space)" : " (a control character)")
        + " at index "
        + index
        + ": "
        + shown(key)
        + "\n  The protocol would end the key there. Encode it, or use the meta commands with the"
        + " key as bytes, which go as base64.");
  }

  private static String shown(String key) {
    StringBuilder text = new StringBuilder("\"");
    for (int i = 0; i < Math.min(key.length(), SHOWN_MAX); i++) {
      char c = key.charAt(i);
      if (c < ' ' || c == 0x7F) {
        text.append("\\x").append(Integer.toHexString(c | 0x100), 1, 3);
      } else {
        text.append(c);
      }
    }
    return text.append(key.length() > SHOWN_MAX ? "…\"" : "\"").toString();
  }
}

package dev.uring.memcache.codec;

import dev.uring.bytes.ByteView;
import dev.uring.bytes.ByteWindow;
import java.util.Base64;

/**
 * One line of a server, with the value behind it if there is one.
 *
 * <h2>Shapes and units</h2>
 *
 * Which of the accessors mean something depends on {@link #kind()}. Numbers are unsigned 64-bit
 * ones in a {@code long}.
 *
 * <h2>Ownership</h2>
 *
 * Borrowed from its decoder, with every view it lends, until the next call of {@code decode} or the
 * end of the decoder's input, whichever comes first.
 *
 * <h2>Threading and cancellation</h2>
 *
 * One thread. Only methods that return strings or arrays allocate.
 */
public final class MemcacheReply {
  /** {@link ReplyKind#END} as such: for who has had everything, though the server says it later. */
  public static final MemcacheReply END = end();

  private final ByteWindow value = new ByteWindow("MemcacheReply.value");
  private final Decimal decimal = new Decimal();

  // Positions relative to the line; `base` says where that stands.
  ReplyKind kind = ReplyKind.ERROR;
  int keyFrom;
  int keyBytes;
  int textFrom;
  int textUntil;
  int valueBytes;
  int clientFlags;
  long number;
  private ByteView source;
  private int base;

  MemcacheReply() {}

  private static MemcacheReply end() {
    MemcacheReply end = new MemcacheReply();
    end.kind = ReplyKind.END;
    return end;
  }

  void open(ByteView bytes, int from, int valueFrom) {
    source = bytes;
    base = from;
    boolean hasValue = kind == ReplyKind.VALUE || kind == ReplyKind.META_VALUE;
    if (hasValue && valueFrom != LineBlockDecoder.NO_BLOCK) {
      value.lend(bytes, valueFrom, valueBytes);
    }
  }

  void close() {
    source = null;
    value.end();
  }

  /**
   * What the line says.
   *
   * @return its kind
   */
  public ReplyKind kind() {
    return kind;
  }

  /**
   * The value of {@link ReplyKind#VALUE} or {@link ReplyKind#META_VALUE}.
   *
   * @return a borrowed view, possibly empty
   */
  public ByteView value() {
    return value;
  }

  /**
   * The size of {@link #value()}.
   *
   * @return bytes
   */
  public int valueBytes() {
    return valueBytes;
  }

  /**
   * The flags that the program stored with the value: of {@code VALUE}, or of {@code VA} with flag
   * {@code f}.
   *
   * @return 32 bits
   */
  public int clientFlags() {
    return kind == ReplyKind.META_VALUE ? (int) number('f', 0) : clientFlags;
  }

  /**
   * The cas of {@code VALUE} in answer to gets or gats, or of a meta reply with flag {@code c}.
   *
   * @return the number; 0 when there is none
   */
  public long cas() {
    return kind == ReplyKind.VALUE ? number : number('c', 0);
  }

  /**
   * The number of {@link ReplyKind#NUMBER}.
   *
   * @return unsigned
   */
  public long number() {
    return number;
  }

  /**
   * The key of {@link ReplyKind#VALUE}.
   *
   * @return as it was sent
   */
  public String key() {
    return source.toUtf8(base + keyFrom, keyBytes);
  }

  /**
   * Compares the key of {@link ReplyKind#VALUE}.
   *
   * @param key in bytes
   * @return whether they are the same
   */
  public boolean hasKey(byte[] key) {
    return source.contentEquals(base + keyFrom, keyBytes, key);
  }

  /**
   * Compares the key of {@link ReplyKind#VALUE} with the one that a request was written with.
   *
   * @param request has a key
   * @return whether they are the same
   */
  public boolean hasLastKeyOf(MemcacheWriter request) {
    return request.isLastKey(source, base + keyFrom, keyBytes);
  }

  /**
   * Compares the key of {@link ReplyKind#VALUE} without an allocation.
   *
   * @param key ASCII; another key is never the same
   * @return whether they are the same
   */
  public boolean hasAsciiKey(String key) {
    if (key.length() != keyBytes) {
      return false;
    }
    for (int i = 0; i < keyBytes; i++) {
      int b = source.get(base + keyFrom + i);
      if (b < 0 || b != key.charAt(i)) {
        return false;
      }
    }
    return true;
  }

  /**
   * What stands behind the first word: a version, a statistic, why something failed, what is known
   * of an item, the flags of a meta reply.
   *
   * @return possibly empty
   */
  public String text() {
    return textUntil <= textFrom ? "" : source.toUtf8(base + textFrom, textUntil - textFrom);
  }

  /**
   * Whether a meta reply has a flag.
   *
   * @param flag its letter
   * @return whether it is there
   */
  public boolean hasFlag(char flag) {
    return tokenOf(flag) >= 0;
  }

  /**
   * The number of a flag of a meta reply.
   *
   * @param flag its letter
   * @param otherwise what to return without such a flag or number; -1 stands for "none" where the
   *     server says so
   * @return the number
   */
  public long number(char flag, long otherwise) {
    int at = tokenOf(flag);
    return at >= 0 && decimal.readSigned(source, at + 1, tokenEnd(at))
        ? decimal.value()
        : at >= 0 && decimal.readAll(source, at + 1, tokenEnd(at)) ? decimal.value() : otherwise;
  }

  /**
   * The text of a flag of a meta reply.
   *
   * @param flag its letter
   * @return the text, possibly empty; {@code null} without such a flag
   */
  public String text(char flag) {
    int at = tokenOf(flag);
    return at < 0 ? null : source.toLatin1(at + 1, tokenEnd(at) - at - 1);
  }

  /**
   * The key of a meta reply to a command with flag {@code k}, decoded if it was sent in base64.
   *
   * @return its bytes; {@code null} without one
   */
  public byte[] metaKey() {
    int at = tokenOf('k');
    if (at < 0) {
      return null;
    }
    byte[] sent = source.toByteArray(at + 1, tokenEnd(at) - at - 1);
    return hasFlag('b') ? Base64.getDecoder().decode(sent) : sent;
  }

  // Where the flag's token begins in `source`, or -1.
  private int tokenOf(char flag) {
    int until = base + textUntil;
    int at = base + textFrom;
    while (at < until) {
      if (source.get(at) == flag) {
        return at;
      }
      at = tokenEnd(at) + 1;
    }
    return -1;
  }

  private int tokenEnd(int from) {
    int until = base + textUntil;
    int found = source.indexOf((byte) ' ', from, until);
    return found < 0 ? until : found;
  }
}

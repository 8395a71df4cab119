package dev.uring.memcache.codec;

import dev.uring.bytes.ByteView;
import dev.uring.codec.DecodeStatus;
import dev.uring.codec.Gather;

/**
 * Finds the next line in what a server has sent, with the value behind it.
 *
 * <h2>Shapes and units</h2>
 *
 * Give {@link #decode} the unconsumed bytes; after <em>every</em> call move on by
 * {@link #consumedBytes()}, whatever the answer. After {@code DONE}, {@link #reply()} is the line.
 * Which lines together answer one command is not known here.
 *
 * <p>An unfinished line waits in the view. A value larger than
 * {@link MemcacheLimits#gatherBytesMin()} is moved into memory of the decoder as it comes.
 *
 * <h2>Ownership</h2>
 *
 * The reply and its views are valid until the next call of {@link #decode} or the end of the view,
 * whichever comes first. {@link #close()} frees the decoder's memory.
 *
 * <h2>Threading and cancellation</h2>
 *
 * One connection, one thread. Allocates nothing but for values that it gathers.
 *
 * <h2>Errors</h2>
 *
 * {@code BAD} and {@link #errorText()}, for good: nothing that follows can be trusted to belong to
 * the command it seems to answer. The protocol's own errors are replies.
 *
 * <h2>Source</h2>
 *
 * memcached protocol.txt, "Retrieval command", "Storage commands", "Meta Commands", "Error
 * strings".
 */
public final class MemcacheReplyDecoder extends LineBlockDecoder {
  private static final byte[] VALUE = word("VALUE");
  private static final byte[] STAT = word("STAT");
  private static final byte[] ITEM = word("ITEM");
  private static final byte[] PREFIX = word("PREFIX");
  private static final byte[] VERSION = word("VERSION");
  private static final byte[] CLIENT_ERROR = word("CLIENT_ERROR");
  private static final byte[] SERVER_ERROR = word("SERVER_ERROR");
  private static final byte[][] PLAIN_WORDS = {
    word("END"),
    word("STORED"),
    word("NOT_STORED"),
    word("EXISTS"),
    word("NOT_FOUND"),
    word("DELETED"),
    word("TOUCHED"),
    word("OK"),
    word("RESET"),
    word("ERROR"),
  };
  private static final ReplyKind[] PLAIN_KINDS = {
    ReplyKind.END,
    ReplyKind.STORED,
    ReplyKind.NOT_STORED,
    ReplyKind.EXISTS,
    ReplyKind.NOT_FOUND,
    ReplyKind.DELETED,
    ReplyKind.TOUCHED,
    ReplyKind.OK,
    ReplyKind.RESET,
    ReplyKind.ERROR,
  };
  private static final byte[] BUSY = word("BUSY");

  private final Decimal decimal = new Decimal();
  private final MemcacheReply reply = new MemcacheReply();

  /** A decoder with the usual limits. */
  public MemcacheReplyDecoder() {
    this(MemcacheLimits.defaults());
  }

  /**
   * A decoder.
   *
   * @param limits what a server may send
   */
  public MemcacheReplyDecoder(MemcacheLimits limits) {
    super(limits, "MemcacheReplyDecoder, its own memory", Gather.KEPT_BY_CLIENT_BYTES_MAX);
  }

  /**
   * The line found last.
   *
   * @return always the same object
   */
  public MemcacheReply reply() {
    return reply;
  }

  /**
   * Looks for the next line, and leaves the value behind it to the caller: for values that are read
   * in pieces. Only where a message begins.
   *
   * @param bytes the unconsumed bytes; after {@code NEED_MORE} the same ones followed by more
   * @param from where they begin
   * @return {@code DONE}: {@link #reply()} is the line, whose {@code value()} must not be asked
   *     for; {@link #consumedBytes()} is the size of the line, and
   *     {@link MemcacheReply#valueBytes()} and a line end follow if it has a value
   */
  public DecodeStatus decodeHead(ByteView bytes, int from) {
    return decodeLineAlone(bytes, from);
  }

  @Override
  int line(ByteView bytes, int from, int until) {
    int space = bytes.indexOf((byte) ' ', from, until);
    int wordUntil = space < 0 ? until : space;
    int wordBytes = wordUntil - from;
    reply.textFrom = space < 0 ? until - from : space + 1 - from;
    reply.textUntil = until - from;
    if (wordBytes == 2) {
      int found = metaLine(bytes, from, until);
      if (found != UNKNOWN) {
        return found;
      }
    }
    if (wordBytes == VALUE.length && bytes.contentEquals(from, wordBytes, VALUE)) {
      return valueLine(bytes, from, space + 1, until);
    }
    for (int i = 0; i < PLAIN_WORDS.length; i++) {
      if (bytes.contentEquals(from, wordBytes, PLAIN_WORDS[i])) {
        // Only an error may say more.
        return space < 0 || PLAIN_KINDS[i] == ReplyKind.ERROR
            ? plain(PLAIN_KINDS[i])
            : unknown(bytes, from, until);
      }
    }
    return otherLine(bytes, from, wordBytes, until);
  }

  private static final int UNKNOWN = -2;

  private int plain(ReplyKind kind) {
    reply.kind = kind;
    return NO_BLOCK;
  }

  // Two letters cannot be compared quicker than as one number.
  private int metaLine(ByteView bytes, int from, int until) {
    return switch (bytes.getShort(from)) {
      case 'H' << 8 | 'D' -> plain(ReplyKind.META_DONE);
      case 'E' << 8 | 'N' -> plain(ReplyKind.META_MISS);
      case 'N' << 8 | 'F' -> plain(ReplyKind.META_NOT_FOUND);
      case 'N' << 8 | 'S' -> plain(ReplyKind.META_NOT_STORED);
      case 'E' << 8 | 'X' -> plain(ReplyKind.META_EXISTS);
      case 'M' << 8 | 'N' -> plain(ReplyKind.META_NOOP);
      case 'M' << 8 | 'E' -> plain(ReplyKind.META_DEBUG);
      case 'V' << 8 | 'A' -> metaValueLine(bytes, from, until);
      default -> UNKNOWN;
    };
  }

  // protocol.txt §Meta Get: "VA <size> <flags>*\r\n<data block>\r\n"
  private int metaValueLine(ByteView bytes, int from, int until) {
    int sizeFrom = from + 3;
    if (sizeFrom >= until || !decimal.read(bytes, sizeFrom, until)) {
      return unknown(bytes, from, until);
    }
    int end = decimal.end();
    if (end < until && bytes.get(end) != ' ') {
      return unknown(bytes, from, until);
    }
    reply.kind = ReplyKind.META_VALUE;
    reply.textFrom = Math.min(end + 1, until) - from;
    return valueSize(decimal.value());
  }

  // §Retrieval command: "VALUE <key> <flags> <bytes> [<cas unique>]\r\n<data block>\r\n"
  private int valueLine(ByteView bytes, int from, int keyFrom, int until) {
    int keyUntil = keyFrom == 0 ? -1 : bytes.indexOf((byte) ' ', keyFrom, until);
    if (keyUntil <= keyFrom
        || !decimal.read(bytes, keyUntil + 1, until)
        || decimal.value() >>> Integer.SIZE != 0) {
      return unknown(bytes, from, until);
    }
    int flags = (int) decimal.value();
    int sizeFrom = decimal.end() + 1;
    if (sizeFrom >= until
        || bytes.get(sizeFrom - 1) != ' '
        || !decimal.read(bytes, sizeFrom, until)) {
      return unknown(bytes, from, until);
    }
    long size = decimal.value();
    int end = decimal.end();
    long cas = 0;
    if (end < until) {
      if (bytes.get(end) != ' ' || !decimal.readAll(bytes, end + 1, until)) {
        return unknown(bytes, from, until);
      }
      cas = decimal.value();
    }
    reply.kind = ReplyKind.VALUE;
    reply.keyFrom = keyFrom - from;
    reply.keyBytes = keyUntil - keyFrom;
    reply.clientFlags = flags;
    reply.number = cas;
    return valueSize(size);
  }

  private int valueSize(long size) {
    if (size < 0 || size > limits.valueBytesMax()) {
      return bad("value of "
          + Long.toUnsignedString(size)
          + " bytes exceeds limit valueBytesMax="
          + limits.valueBytesMax());
    }
    reply.valueBytes = (int) size;
    return (int) size;
  }

  private int otherLine(ByteView bytes, int from, int wordBytes, int until) {
    if (wordBytes > 0 && decimal.read(bytes, from, until)) {
      return numberLine(bytes, from, until);
    }
    if (bytes.contentEquals(from, wordBytes, STAT)
        || bytes.contentEquals(from, wordBytes, ITEM)
        || bytes.contentEquals(from, wordBytes, PREFIX)) {
      return plain(ReplyKind.STAT);
    }
    if (bytes.contentEquals(from, wordBytes, VERSION)) {
      return plain(ReplyKind.VERSION);
    }
    if (bytes.contentEquals(from, wordBytes, CLIENT_ERROR)) {
      return plain(ReplyKind.CLIENT_ERROR);
    }
    if (bytes.contentEquals(from, wordBytes, SERVER_ERROR)) {
      return plain(ReplyKind.SERVER_ERROR);
    }
    if (bytes.contentEquals(from, wordBytes, BUSY)) {
      return plain(ReplyKind.BUSY);
    }
    return unknown(bytes, from, until);
  }

  // §Increment/Decrement: some servers pad what decr has made with spaces.
  private int numberLine(ByteView bytes, int from, int until) {
    for (int at = decimal.end(); at < until; at++) {
      if (bytes.get(at) != ' ') {
        return unknown(bytes, from, until);
      }
    }
    reply.number = decimal.value();
    return plain(ReplyKind.NUMBER);
  }

  private int unknown(ByteView bytes, int from, int until) {
    int shown = Math.min(until - from, 64);
    return bad("'" + printable(bytes, from, shown) + "' is no reply");
  }

  static String printable(ByteView bytes, int from, int count) {
    StringBuilder text = new StringBuilder(count);
    for (int i = 0; i < count; i++) {
      int b = bytes.getUnsigned(from + i);
      if (b >= ' ' && b < 0x7F) {
        text.append((char) b);
      } else {
        text.append("\\x").append(Integer.toHexString(b | 0x100), 1, 3);
      }
    }
    return text.toString();
  }

  @Override
  void whole(ByteView bytes, int from, int blockFrom) {
    reply.open(bytes, from, blockFrom);
  }

  @Override
  boolean toleratesBadBlockEnd() {
    return false;
  }

  @Override
  boolean toleratesBareLineFeed() {
    return false;
  }

  @Override
  void forget() {
    reply.close();
  }

  private static byte[] word(String text) {
    return text.getBytes(java.nio.charset.StandardCharsets.US_ASCII);
  }
}

package dev.uring.redis.codec;

import dev.uring.codec.DecodeStatus;
import dev.uring.codec.Gather;

/**
 * Finds the next whole reply in what a server has sent, in RESP2 and RESP3.
 *
 * <h2>Shapes and units</h2>
 *
 * As {@link RespDecoder}; what is moved into memory is bounded by
 * {@link ReplyLimits#gatherBytesMin()}. After {@link DecodeStatus#DONE}, {@link #reader()} stands
 * before the reply.
 *
 * <h2>Ownership</h2>
 *
 * The reader and its views are valid as long as {@link RespDecoder} says.
 *
 * <h2>Threading and cancellation</h2>
 *
 * One connection, one thread. Allocates nothing but for replies with more values than any before
 * and replies that it gathers.
 *
 * <h2>Errors</h2>
 *
 * A fault is told with its numbers and where it stands.
 *
 * <h2>Source</h2>
 *
 * RESP protocol description, one section for each marker; streamed strings and aggregates as in the
 * RESP3 specification.
 */
public final class RespReplyDecoder extends RespDecoder {
  // So that a length line with its end is a word of eight bytes at most.
  private static final int PLAIN_DIGITS_MAX = 5;
  private static final short LINE_END = '\r' | '\n' << 8;
  private static final long OK = '+' | 'O' << 8 | 'K' << 16 | '\r' << 24 | (long) '\n' << 32;
  private static final long OK_MASK = 0xFFFFFFFFFFL;
  private static final long EVERY_BYTE_01 = 0x0101010101010101L;
  private static final long EVERY_BYTE_80 = 0x8080808080808080L;
  private static final long CARRIAGE_RETURNS = '\r' * EVERY_BYTE_01;

  private final ReplyLimits limits;
  private final ReplyTape tape = new ReplyTape();
  private final ReplyNesting nesting;
  private final ReplyReader reader = new ReplyReader(tape);

  private byte bulkMarker;
  private long wholeBytesTotal;

  /** A decoder with the usual limits. */
  public RespReplyDecoder() {
    this(ReplyLimits.defaults());
  }

  /**
   * A decoder.
   *
   * @param limits what a server may send
   */
  public RespReplyDecoder(ReplyLimits limits) {
    super("RespReplyDecoder", limits.gatherBytesMin(), Gather.KEPT_BY_CLIENT_BYTES_MAX);
    this.limits = limits;
    this.nesting = new ReplyNesting(tape, limits.depthMax());
  }

  /**
   * The reply found last.
   *
   * @return always the same reader, standing before the reply
   */
  public ReplyReader reader() {
    return reader;
  }

  /** Frees the decoder's memory; it must not be used any more. */
  @Override
  public void close() {
    reader.close();
    super.close();
  }

  @Override
  void begin() {
    reader.close();
    tape.clear();
    nesting.begin();
  }

  @Override
  void whole() {
    wholeBytesTotal += parsed;
    reader.open(source, base, parsed);
  }

  @Override
  boolean mayGather() {
    return true;
  }

  @Override
  DecodeStatus parse(int until) {
    boolean isAtStart = parsed == 0 && scanned == 0;
    return isAtStart && parsePlain(until) ? DecodeStatus.DONE : parseValues(until);
  }

  // Most replies are one string that lies there as a whole. Its length line is one word: read at
  // once, and looked at in a register. False says only that it is not so plain; the other way finds
  // out what it is.
  private boolean parsePlain(int until) {
    if (until - base < Long.BYTES) {
      return false;
    }
    long head = source.getLongLe(base);
    if ((head & OK_MASK) == OK) {
      return addPlain((byte) '+', 1, 2);
    }
    int lineBytes = lineEnd(head);
    int digits = lineBytes - 1;
    if ((byte) head != '$' || digits < 1 || digits > PLAIN_DIGITS_MAX) {
      return false;
    }
    int length = 0;
    for (int shift = Byte.SIZE; shift < Byte.SIZE * lineBytes; shift += Byte.SIZE) {
      int digit = (byte) (head >>> shift) - '0';
      if (digit < 0 || digit > 9) {
        return false;
      }
      length = 10 * length + digit;
    }
    int textFrom = lineBytes + LINE_END_BYTES;
    int end = base + textFrom + length;
    if (digits > 1 && (byte) (head >>> Byte.SIZE) == '0'
        || (byte) (head >>> Byte.SIZE * (lineBytes + 1)) != '\n'
        || length > limits.bulkBytesMax()
        || textFrom + length > limits.replyBytesMax() - LINE_END_BYTES
        || end > until - LINE_END_BYTES
        || source.getShortLe(end) != LINE_END) {
      return false;
    }
    return addPlain((byte) '$', textFrom, length);
  }

  // How many bytes of a word stand before its first carriage return; 8 when it has none. A byte of
  // `difference` is zero exactly where one stands, and the lowest zero byte is found exactly.
  private static int lineEnd(long head) {
    long difference = head ^ CARRIAGE_RETURNS;
    long zeros = (difference - EVERY_BYTE_01) & ~difference & EVERY_BYTE_80;
    return Long.numberOfTrailingZeros(zeros) >>> 3;
  }

  private boolean addPlain(byte marker, int from, int count) {
    parsed = from + count + LINE_END_BYTES;
    scanned = parsed;
    return add(marker, from, count) == DecodeStatus.DONE;
  }

  private DecodeStatus parseValues(int until) {
    while (true) {
      DecodeStatus status = bulkBytes == NOT_READ ? parseLine(until) : parseBulk(until);
      if (status != DecodeStatus.DONE || nesting.isWhole()) {
        return status;
      }
      if (parsed > limits.replyBytesMax()) {
        return bad("reply is longer than replyBytesMax=" + limits.replyBytesMax());
      }
    }
  }

  private DecodeStatus parseLine(int until) {
    int from = base + parsed;
    int found = source.indexOf((byte) '\r', base + Math.max(scanned, parsed), until);
    scanned = (found < 0 ? until : found) - base;
    if (scanned - parsed > limits.lineBytesMax()) {
      return bad("line is longer than lineBytesMax=" + limits.lineBytesMax());
    }
    if (found < 0 || found + 1 >= until) {
      return DecodeStatus.NEED_MORE;
    }
    if (found == from) {
      return bad("an empty line stands where a reply should begin");
    }
    if (source.get(found + 1) != '\n') {
      return bad("a carriage return is not followed by a line feed");
    }
    byte marker = source.get(from);
    int textFrom = parsed + 1;
    int textBytes = found - from - 1;
    parsed = found + LINE_END_BYTES - base;
    if (nesting.expectsPiece() != (marker == ReplyTape.STREAMED)) {
      return bad("'" + (char) marker + "' "
          + (nesting.expectsPiece()
              ? "stands inside a streamed string"
              : "stands outside of a streamed string"));
    }
    return parseMarked(marker, textFrom, textBytes);
  }

  private DecodeStatus parseMarked(byte marker, int from, int count) {
    switch (marker) {
      case '+', '-' -> {
        return add(marker, from, count);
      }
      case ':' -> {
        int sign = count > 1 && source.get(base + from) == '+' ? 1 : 0;
        return integer.parse(source, base + from + sign, count - sign)
            ? add(marker, from + sign, count - sign)
            : malformed("integer", from, count);
      }
      case '_' -> {
        return count == 0 ? add(marker, from, 0) : malformed("null", from, count);
      }
      case '#' -> {
        int value = count == 1 ? source.get(base + from) : 0;
        return value == 't' || value == 'f'
            ? add(marker, from, 1)
            : malformed("boolean", from, count);
      }
      case ',' -> {
        return RespDouble.isValid(source, base + from, count)
            ? add(marker, from, count)
            : malformed("double", from, count);
      }
      case '(' -> {
        return isBigNumber(from, count)
            ? add(marker, from, count)
            : malformed("big number", from, count);
      }
      case '$', '!', '=', ReplyTape.STREAMED -> {
        return parseBulkLength(marker, from, count);
      }
      case '*', '~', '%', '>', ReplyTape.ATTRIBUTE -> {
        return parseAggregate(marker, from, count);
      }
      case '.' -> {
        return count == 0 && nesting.endStreamed()
            ? DecodeStatus.DONE
            : bad("an end of a streamed aggregate stands where none can end");
      }
      default -> {
        return bad("unknown marker " + describe(marker));
      }
    }
  }

  private DecodeStatus parseBulkLength(byte marker, int from, int count) {
    if (marker == '$' && count == 1 && source.get(base + from) == '?') {
      return open(ReplyTape.STREAMED, from, ReplyNesting.STREAMED);
    }
    if (!integer.parse(source, base + from, count)) {
      return malformed("length", from, count);
    }
    long length = integer.value();
    if (marker == '$' && length == -1) {
      return add((byte) '_', from, 0); // RESP2 §Null bulk strings
    }
    if (length < 0 || length > limits.bulkBytesMax()) {
      return bad("bulk length " + length + " exceeds limit bulkBytesMax=" + limits.bulkBytesMax());
    }
    if (length > limits.replyBytesMax() - (long) parsed - LINE_END_BYTES) {
      return bad("reply is longer than replyBytesMax=" + limits.replyBytesMax());
    }
    if (marker == ReplyTape.STREAMED && length == 0) {
      nesting.endPieces();
      return DecodeStatus.DONE;
    }
    bulkMarker = marker;
    bulkBytes = (int) length;
    return DecodeStatus.DONE;
  }

  private DecodeStatus parseBulk(int until) {
    int end = base + parsed + bulkBytes;
    if (until - LINE_END_BYTES < end) {
      return DecodeStatus.NEED_MORE;
    }
    if (source.get(end) != '\r' || source.get(end + 1) != '\n') {
      return bad("a string of " + bulkBytes + " bytes is not followed by a line end");
    }
    if (bulkMarker == '=' && (bulkBytes < 4 || source.get(base + parsed + 3) != ':')) {
      return bad("a verbatim string does not begin with three characters and a colon");
    }
    int from = parsed;
    int count = bulkBytes;
    parsed += count + LINE_END_BYTES;
    bulkBytes = NOT_READ;
    return add(bulkMarker == ReplyTape.STREAMED ? (byte) '$' : bulkMarker, from, count);
  }

  private DecodeStatus parseAggregate(byte marker, int from, int count) {
    if (marker == '>' && !nesting.isOutermost()) {
      return bad("a push stands inside another reply");
    }
    boolean isPaired = marker == '%' || marker == ReplyTape.ATTRIBUTE;
    if (count == 1 && source.get(base + from) == '?' && marker != '>' && marker != '|') {
      return open(marker, from, ReplyNesting.STREAMED);
    }
    if (!integer.parse(source, base + from, count)) {
      return malformed("length", from, count);
    }
    long length = integer.value();
    if (marker == '*' && length == -1) {
      return add((byte) '_', from, 0); // RESP2 §Null arrays
    }
    long values = isPaired ? 2 * Math.min(length, Integer.MAX_VALUE) : length;
    if (length < 0 || values > limits.valuesMax() - tape.count()) {
      return bad("aggregate length " + length + " exceeds limit valuesMax=" + limits.valuesMax());
    }
    return open(marker, from, (int) values);
  }

  private DecodeStatus open(byte marker, int from, int values) {
    if (tape.count() == limits.valuesMax()) {
      return tooManyValues();
    }
    return nesting.open(marker, from, values)
        ? DecodeStatus.DONE
        : bad("replies are nested deeper than depthMax=" + limits.depthMax());
  }

  private DecodeStatus add(byte marker, int from, int count) {
    if (tape.count() == limits.valuesMax()) {
      return tooManyValues();
    }
    tape.add(marker, from, count);
    nesting.added();
    return DecodeStatus.DONE;
  }

  private boolean isBigNumber(int from, int count) {
    int at = from;
    if (count > 1 && (source.get(base + at) == '-' || source.get(base + at) == '+')) {
      at++;
    }
    int end = from + count;
    for (int i = at; i < end; i++) {
      int digit = source.get(base + i) - '0';
      if (digit < 0 || digit > 9) {
        return false;
      }
    }
    return at < end;
  }

  private DecodeStatus tooManyValues() {
    return bad("reply has more values than valuesMax=" + limits.valuesMax());
  }

  private DecodeStatus malformed(String what, int from, int count) {
    int shown = Math.min(count, 32);
    return bad("'" + source.toLatin1(base + from, shown) + "' is no " + what);
  }

  private static String describe(byte marker) {
    return marker > ' ' && marker < 0x7F ? "'" + (char) marker + "'" : "0x" + hex(marker);
  }

  private static String hex(byte value) {
    return Integer.toHexString(value & 0xFF | 0x100).substring(1);
  }

  private DecodeStatus bad(String fault) {
    return fail("RESP: " + fault + ", before offset " + (wholeBytesTotal + parsed)
        + " of what the server sent");
  }
}

package dev.uring.redis.codec;

import dev.uring.bytes.ByteView;
import dev.uring.codec.DecodeStatus;
import dev.uring.codec.Gather;
import java.util.Arrays;
import java.util.Objects;

/**
 * Finds the arguments of one request after another: multibulk and inline commands.
 *
 * <h2>Shapes and units</h2>
 *
 * As {@link RespDecoder}; what is moved into memory is bounded by
 * {@link RespLimits#gatherBytesMin()}. After {@link DecodeStatus#DONE} the arguments are parts of
 * {@link #arguments()}; there is at least one. Empty requests ({@code *0}, a blank line) are
 * skipped as Redis skips them.
 *
 * <h2>Ownership</h2>
 *
 * Positions are valid as long as {@link RespDecoder} says; {@link #detach()} makes them outlive the
 * view.
 *
 * <h2>Threading and cancellation</h2>
 *
 * One connection, one thread. Allocates nothing but for requests with more arguments than any
 * before, quoted inline commands and requests that it gathers.
 *
 * <h2>Errors</h2>
 *
 * {@link #errorText()} is Redis's text without the leading {@code ERR}; each character stands for
 * one byte.
 *
 * <h2>Source</h2>
 *
 * RESP, "Sending commands to a Redis server" and "Inline commands"; texts and leniencies as Redis
 * 7.0 {@code networking.c}.
 */
public final class RespRequestDecoder extends RespDecoder implements RespArguments {
  private static final int ARGUMENTS_KEPT_MAX = 1 << 10;

  // "$D\r" and "$DD\r" (or "*") as little-endian ints. The byte after the carriage return is
  // skipped unseen: Redis does not look at it either.
  private static final int ONE_DIGIT_MASK = 0x00FF00FF;
  private static final int TWO_DIGITS_MASK = 0xFF0000FF;
  private static final int ONE_DIGIT_LINE = '\r' << 16;
  private static final int TWO_DIGITS_LINE = '\r' << 24;

  private final RespLimits limits;

  private int[] spans = new int[32]; // position and size of each argument, in turn
  private int argumentsCount;
  private int argumentsWanted = NOT_READ;
  private RespInlineLine unquoted;

  /** A decoder with Redis's own limits. */
  public RespRequestDecoder() {
    this(RespLimits.defaults());
  }

  /**
   * A decoder.
   *
   * @param limits what a peer may send
   */
  public RespRequestDecoder(RespLimits limits) {
    super("RespRequestDecoder", limits.gatherBytesMin(), Gather.KEPT_BYTES_MAX);
    this.limits = limits;
  }

  @Override
  public ByteView arguments() {
    return source;
  }

  @Override
  public int argumentsCount() {
    return argumentsCount;
  }

  @Override
  public int argumentFrom(int index) {
    return base + spans[2 * Objects.checkIndex(index, argumentsCount)];
  }

  @Override
  public int argumentBytes(int index) {
    return spans[2 * Objects.checkIndex(index, argumentsCount) + 1];
  }

  /**
   * Copies the request into the decoder's memory, so that its arguments stay readable until the
   * next call of {@link #decode} even when the view ends earlier.
   */
  public void detach() {
    if (isDone && source != null && gather.size() == 0) {
      gather.append(source, base, parsed, parsed);
      source = gather.view();
      base = 0;
    }
  }

  /** Frees the decoder's memory; it must not be used any more. */
  @Override
  public void close() {
    argumentsCount = 0;
    super.close();
  }

  @Override
  void begin() {
    if (spans.length > 2 * ARGUMENTS_KEPT_MAX) {
      spans = new int[32];
    }
    nextRequest();
  }

  // An inline request, and the line with the count, are bounded by inlineBytesMax.
  @Override
  boolean mayGather() {
    return argumentsWanted > 0;
  }

  private void nextRequest() {
    parsed = 0;
    scanned = 0;
    argumentsCount = 0;
    argumentsWanted = NOT_READ;
    bulkBytes = NOT_READ;
  }

  @Override
  DecodeStatus parse(int until) {
    while (true) {
      if (base + parsed >= until) {
        return DecodeStatus.NEED_MORE;
      }
      if (argumentsWanted == NOT_READ) {
        DecodeStatus status = source.get(base) == '*' ? parseCount(until) : parseInline(until);
        if (status != DecodeStatus.DONE) {
          return status;
        }
      }
      if (argumentsWanted > 0) {
        return parseArguments(until);
      }
      if (argumentsCount > 0) {
        return DecodeStatus.DONE; // inline
      }
      base += parsed; // An empty request gets no answer.
      nextRequest();
    }
  }

  private DecodeStatus parseCount(int until) {
    int end = lengthLineEnd(until, "Protocol error: too big mbulk count string");
    if (end == NOT_READ) {
      return unfinished();
    }
    if (!integer.parse(source, base + 1, end - 1) || integer.value() > limits.argumentsMax()) {
      return bad("Protocol error: invalid multibulk length");
    }
    // Redis: a count below 1 is an empty request, not an error.
    argumentsWanted = (int) Math.max(integer.value(), 0);
    parsed = end + LINE_END_BYTES;
    return DecodeStatus.DONE;
  }

  // The hot loop: for the usual argument one int read, two comparisons and two stores.
  private DecodeStatus parseArguments(int until) {
    ByteView bytes = source;
    int start = base;
    int bytesMax = limits.requestBytesMax() - LINE_END_BYTES;
    while (argumentsCount < argumentsWanted) {
      int at = start + parsed;
      if (bulkBytes == NOT_READ) {
        int head = until - at >= 5 ? bytes.getIntLe(at) : 0;
        int tens = (head >>> 8 & 0xFF) - '0';
        int ones = (head >>> 16 & 0xFF) - '0';
        if ((head & ONE_DIGIT_MASK) == (ONE_DIGIT_LINE | '$') && tens >= 0 && tens <= 9) {
          bulkBytes = tens;
          parsed += 4;
          at += 4;
        } else if ((head & TWO_DIGITS_MASK) == (TWO_DIGITS_LINE | '$')
            && tens >= 1
            && tens <= 9
            && ones >= 0
            && ones <= 9) {
          bulkBytes = tens * 10 + ones;
          parsed += 5;
          at += 5;
        } else {
          DecodeStatus status = parseBulkLength(until);
          if (status != DecodeStatus.DONE) {
            return status;
          }
          at = start + parsed;
        }
        if (parsed + bulkBytes > bytesMax) {
          return bad("Protocol error: too big request");
        }
      }
      if (until - at - LINE_END_BYTES < bulkBytes) {
        return DecodeStatus.NEED_MORE;
      }
      addArgument(parsed, bulkBytes);
      parsed += bulkBytes + LINE_END_BYTES;
      bulkBytes = NOT_READ;
    }
    return DecodeStatus.DONE;
  }

  private DecodeStatus parseBulkLength(int until) {
    int end = lengthLineEnd(until, "Protocol error: too big bulk count string");
    if (end == NOT_READ) {
      return unfinished();
    }
    int marker = source.getUnsigned(base + parsed);
    if (marker != '$') {
      return bad("Protocol error: expected '$', got '" + (char) marker + "'");
    }
    int digitsFrom = parsed + 1;
    if (!integer.parse(source, base + digitsFrom, end - digitsFrom)
        || integer.value() < 0
        || integer.value() > limits.bulkBytesMax()) {
      return bad("Protocol error: invalid bulk length");
    }
    parsed = end + LINE_END_BYTES;
    bulkBytes = (int) integer.value();
    return DecodeStatus.DONE;
  }

  // Where the length line at `parsed` ends: its carriage return, once the byte behind it is here.
  private int lengthLineEnd(int until, String textIfTooBig) {
    scanned = Math.max(scanned, parsed);
    int found = source.indexOf((byte) '\r', base + scanned, until);
    scanned = (found < 0 ? until : found) - base;
    if (scanned - parsed > limits.inlineBytesMax()) {
      bad(textIfTooBig);
      return NOT_READ;
    }
    return found >= 0 && found + 1 < until ? scanned : NOT_READ;
  }

  private DecodeStatus parseInline(int until) {
    int found = source.indexOf((byte) '\n', base + scanned, until);
    scanned = (found < 0 ? until : found) - base;
    if (scanned > limits.inlineBytesMax()) {
      return bad("Protocol error: too big inline request");
    }
    if (found < 0) {
      return DecodeStatus.NEED_MORE;
    }
    parsed = scanned + 1;
    int lineBytes = scanned > 0 && source.get(found - 1) == '\r' ? scanned - 1 : scanned;
    argumentsWanted = 0;
    if (RespInlineLine.isQuoted(source, base, lineBytes)) {
      return unquote(lineBytes);
    }
    splitAtBlanks(lineBytes);
    return DecodeStatus.DONE;
  }

  private void splitAtBlanks(int lineBytes) {
    int at = 0;
    while (at < lineBytes) {
      if (RespInlineLine.isBlank(source.get(base + at))) {
        at++;
        continue;
      }
      int first = at;
      while (at < lineBytes && !RespInlineLine.endsWord(source.get(base + at))) {
        at++;
      }
      addArgument(first, at - first);
    }
  }

  // The words are not on the wire as such, so they need memory of their own: see finish().
  private DecodeStatus unquote(int lineBytes) {
    RespInlineLine line = new RespInlineLine(source.toByteArray(base, lineBytes));
    while (line.next()) {
      addArgument(line.wordFrom(), line.wordUntil() - line.wordFrom());
    }
    unquoted = line;
    return line.isUnbalanced()
        ? bad("Protocol error: unbalanced quotes in request")
        : DecodeStatus.DONE;
  }

  private void addArgument(int from, int bytes) {
    int at = 2 * argumentsCount++;
    if (at == spans.length) {
      spans = Arrays.copyOf(spans, 2 * spans.length);
    }
    spans[at] = from;
    spans[at + 1] = bytes;
  }

  @Override
  void whole() {
    if (unquoted != null) {
      gather.clear();
      gather.append(unquoted.words(), unquoted.wordUntil());
      unquoted = null;
      source = gather.view();
      base = 0;
    }
  }

  private DecodeStatus unfinished() {
    return errorText() == null ? DecodeStatus.NEED_MORE : DecodeStatus.BAD;
  }

  private DecodeStatus bad(String text) {
    argumentsCount = 0;
    return fail(text);
  }
}

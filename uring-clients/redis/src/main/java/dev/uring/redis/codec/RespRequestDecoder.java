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
 * Call {@link #decode} with all unconsumed bytes, and after <em>every</em> call move on by
 * {@link #consumedBytes()}, whatever the answer. After {@link DecodeStatus#DONE} the arguments are
 * parts of {@link #arguments()}; there is at least one. Empty requests ({@code *0}, a blank line)
 * are skipped as Redis skips them.
 *
 * <p>An unfinished request costs its bytes once: the next call continues where this one stopped, in
 * the middle of an argument or of a length line. It usually waits in the view
 * ({@code consumedBytes() == 0}). A request known to exceed {@link RespLimits#gatherBytesMin()} is
 * moved into memory of the decoder and consumed as it comes, so that a 512 MiB value needs no 512
 * MiB receive buffer.
 *
 * <h2>Ownership</h2>
 *
 * Positions are valid until the next call of {@link #decode} or the end of the view, whichever
 * comes first; {@link #detach()} makes them outlive the view. {@link #close()} frees the decoder's
 * memory.
 *
 * <h2>Threading and cancellation</h2>
 *
 * One connection, one thread. Allocates nothing but for requests with more arguments than any
 * before, quoted inline commands and requests that it gathers.
 *
 * <h2>Errors</h2>
 *
 * {@link DecodeStatus#BAD} and {@link #errorText()}, for good: after a protocol error nothing that
 * follows can be trusted, so every later call answers the same.
 *
 * <h2>Source</h2>
 *
 * RESP, "Sending commands to a Redis server" and "Inline commands"; texts and leniencies as Redis
 * 7.0 {@code networking.c}.
 */
public final class RespRequestDecoder implements RespArguments, AutoCloseable {
  private static final int ARGUMENTS_KEPT_MAX = 1 << 10;
  private static final int NOT_READ = -1;
  private static final int LINE_END_BYTES = 2;
  // Length lines are gathered in steps of this size: what belongs to the next request is copied for
  // nothing and given back, so a step is small.
  private static final int GATHER_STEP_BYTES = 4 << 10;

  // "$D\r" and "$DD\r" (or "*") as little-endian ints. The byte after the carriage return is
  // skipped
  // unseen: Redis does not look at it either.
  private static final int ONE_DIGIT_MASK = 0x00FF00FF;
  private static final int TWO_DIGITS_MASK = 0xFF0000FF;
  private static final int ONE_DIGIT_LINE = '\r' << 16;
  private static final int TWO_DIGITS_LINE = '\r' << 24;

  private final RespLimits limits;
  private final RespInteger integer = new RespInteger();
  private final Gather gather = new Gather("RespRequestDecoder, its own memory");

  // Positions below are relative to the first byte of the request, which stands at `base` in
  // `source`: the request may move between two calls.
  // Invariant: 0 <= scanned, parsed <= bytes of the request that have been seen.
  private ByteView source;
  private int base;
  private int parsed;
  private int scanned;
  private int[] spans = new int[32]; // position and size of each argument, in turn
  private int argumentsCount;
  private int argumentsWanted = NOT_READ;
  private int bulkBytes = NOT_READ;
  private int consumedBytes;
  private boolean gathering;
  private boolean done;
  private RespInlineLine unquoted;
  private String errorText;

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
    this.limits = Objects.requireNonNull(limits, "limits");
  }

  /**
   * Looks for the next request.
   *
   * @param bytes the unconsumed bytes; after {@code NEED_MORE} the same ones followed by more
   * @param from where they begin
   * @return whether there is a whole request, a part of one, or none and there never will be
   */
  public DecodeStatus decode(ByteView bytes, int from) {
    if (errorText != null) {
      consumedBytes = 0;
      return DecodeStatus.BAD;
    }
    if (done) {
      forget();
    }
    return gathering ? decodeGathering(bytes, from) : decodeInPlace(bytes, from);
  }

  /**
   * How far the last call moved the input.
   *
   * @return bytes from {@code from} on that the caller must not show again
   */
  public int consumedBytes() {
    return consumedBytes;
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
    if (done && source != null && gather.size() == 0) {
      gather.append(source, base, parsed, parsed);
      source = gather.view();
      base = 0;
    }
  }

  /**
   * What is wrong.
   *
   * @return Redis's text without the leading {@code ERR}, or {@code null} as long as nothing is;
   *     each character stands for one byte
   */
  public String errorText() {
    return errorText;
  }

  /** Frees the decoder's memory; it must not be used any more. */
  @Override
  public void close() {
    done = true;
    source = null;
    argumentsCount = 0;
    gather.free();
  }

  private void forget() {
    done = false;
    gathering = false;
    source = null;
    if (gather.size() > 0) {
      gather.clear();
    }
    if (spans.length > 2 * ARGUMENTS_KEPT_MAX) {
      spans = new int[32];
    }
    nextRequest();
  }

  private void nextRequest() {
    parsed = 0;
    scanned = 0;
    argumentsCount = 0;
    argumentsWanted = NOT_READ;
    bulkBytes = NOT_READ;
  }

  private DecodeStatus decodeInPlace(ByteView bytes, int from) {
    source = bytes;
    base = from;
    DecodeStatus status = parse(bytes.size());
    consumedBytes = base - from; // empty requests, skipped
    if (status == DecodeStatus.DONE) {
      consumedBytes += parsed;
      finish();
    } else if (status == DecodeStatus.NEED_MORE) {
      int seen = bytes.size() - base;
      // Only multibulk requests: an inline one, and the count line, are bounded by inlineBytesMax.
      if (argumentsWanted > 0 && Math.max(bytesKnownToCome(), seen) > limits.gatherBytesMin()) {
        gathering = true;
        gather.append(bytes, base, seen, bytesKnownToCome());
        consumedBytes += seen;
        base = 0;
      }
      source = null;
    }
    return status;
  }

  // Everything gathered by earlier calls belongs to this request, for it was unfinished then. So
  // whatever stands behind its end was copied by this very call, and is given back.
  private DecodeStatus decodeGathering(ByteView bytes, int from) {
    DecodeStatus status = DecodeStatus.NEED_MORE;
    int at = from;
    while (status == DecodeStatus.NEED_MORE && at < bytes.size()) {
      int expected = bytesKnownToCome();
      int step = expected == 0 ? GATHER_STEP_BYTES : expected - gather.size();
      int count = Math.min(bytes.size() - at, step);
      gather.append(bytes, at, count, expected);
      at += count;
      source = gather.view();
      status = parse(gather.size());
    }
    consumedBytes = at - from;
    if (status == DecodeStatus.DONE) {
      consumedBytes -= gather.size() - parsed;
      finish();
    }
    return status;
  }

  // The size that the request has at least; 0 while that is unknown.
  private int bytesKnownToCome() {
    return bulkBytes == NOT_READ ? 0 : parsed + bulkBytes + LINE_END_BYTES;
  }

  private DecodeStatus parse(int until) {
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

  private void finish() {
    done = true;
    if (unquoted != null) {
      gather.clear();
      gather.append(unquoted.words(), unquoted.wordUntil());
      unquoted = null;
      source = gather.view();
      base = 0;
    }
  }

  private DecodeStatus unfinished() {
    return errorText == null ? DecodeStatus.NEED_MORE : DecodeStatus.BAD;
  }

  private DecodeStatus bad(String text) {
    errorText = text;
    argumentsCount = 0;
    return DecodeStatus.BAD;
  }
}

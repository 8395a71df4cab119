package dev.uring.memcache.codec;

import dev.uring.bytes.ByteView;
import dev.uring.codec.Gather;

/**
 * Finds the next command in what a client has sent, with the value behind it.
 *
 * <h2>Shapes and units</h2>
 *
 * As {@link MemcacheReplyDecoder}: give {@link #decode} the unconsumed bytes and move on by
 * {@link #consumedBytes()} after every call. After {@code DONE}, {@link #request()} is the command.
 *
 * <h2>Ownership</h2>
 *
 * The request and its views are valid until the next call of {@link #decode} or the end of the
 * view, whichever comes first. {@link #close()} frees the decoder's memory. A value longer than
 * {@link MemcacheLimits#valueBytesMax()} is dropped as it comes.
 *
 * <h2>Threading and cancellation</h2>
 *
 * One connection, one thread. Allocates nothing but for values that it gathers.
 *
 * <h2>Errors</h2>
 *
 * What a client does wrong in a line is a request with a {@link MemcacheRequest#fault()}, and the
 * next line may be right. {@code BAD}, for good, only for a line without an end.
 *
 * <h2>Source</h2>
 *
 * memcached protocol.txt; what a fault is called is what memcached 1.6 says.
 */
public final class MemcacheRequestDecoder extends LineBlockDecoder {
  private static final int NAME_BYTES_MAX = 9; // of flush_all and verbosity
  private static final int META_SIZE_TOKEN = 2;
  private static final int TEXT_SIZE_TOKEN = 4;
  private static final int LETTER_BITS = 7;
  private static final CommandWord[] WORDS = CommandWord.values();
  private static final long[] PACKED = packed();

  private final MemcacheRequest request = new MemcacheRequest();

  /** A decoder with the usual limits. */
  public MemcacheRequestDecoder() {
    this(MemcacheLimits.defaults());
  }

  /**
   * A decoder.
   *
   * @param limits what a client may send
   */
  public MemcacheRequestDecoder(MemcacheLimits limits) {
    super(limits, "MemcacheRequestDecoder, its own memory", Gather.KEPT_BYTES_MAX);
  }

  /**
   * The command found last.
   *
   * @return always the same object
   */
  public MemcacheRequest request() {
    return request;
  }

  @Override
  int line(ByteView bytes, int from, int until) {
    request.begin();
    int at = from;
    while (at < until) {
      int space = bytes.indexOf((byte) ' ', at, until);
      int end = space < 0 ? until : space;
      if (end > at) { // Any number of spaces is one.
        request.token(at - from, end - from);
      }
      at = end + 1;
    }
    // The request is not open yet: its tokens are looked at through `bytes`.
    request.open(bytes, from, from);
    request.word = request.tokensCount() == 0 ? null : word(bytes, from);
    if (request.word == null) {
      request.faultOrNull = "ERROR";
      return NO_BLOCK;
    }
    return switch (request.word) {
      case SET, ADD, REPLACE, APPEND, PREPEND, CAS -> block(TEXT_SIZE_TOKEN);
      case MS -> block(META_SIZE_TOKEN);
      default -> NO_BLOCK;
    };
  }

  private int block(int token) {
    if (request.tokensCount() <= token) {
      request.faultOrNull = "ERROR";
      return NO_BLOCK;
    }
    // As memcached: of a line that is wrong the value is not expected either.
    boolean isRight = token == META_SIZE_TOKEN || isStorageLine();
    if (!isRight || !request.readUnsigned(token) || isTooMuch(request.number())) {
      request.faultOrNull = "CLIENT_ERROR bad command line format";
      return NO_BLOCK;
    }
    int size = (int) request.number();
    request.valueBytes = size;
    if (size > limits.valueBytesMax()) {
      request.isTooLarge = true;
      skipBlock();
    }
    return size;
  }

  // protocol.txt §Storage commands: "<command name> <key> <flags> <exptime> <bytes> [<cas>]"
  private boolean isStorageLine() {
    return request.tokenBytes(1) <= MemcacheKeys.KEY_BYTES_MAX
        && request.readUnsigned(2)
        && request.number() >>> Integer.SIZE == 0
        && request.readSigned(3)
        && (request.word != CommandWord.CAS || request.readUnsigned(5));
  }

  private static boolean isTooMuch(long size) {
    return size < 0 || size > Integer.MAX_VALUE - (1 << 17);
  }

  // A name has at most nine letters, so it is one number, and looked for as one.
  private CommandWord word(ByteView bytes, int lineFrom) {
    int count = request.tokenBytes(0);
    if (count > NAME_BYTES_MAX) {
      return null;
    }
    int from = lineFrom + request.firstTokenFrom();
    long packed = 0;
    for (int i = 0; i < count; i++) {
      packed = packed << LETTER_BITS | bytes.get(from + i) & 0x7F;
    }
    for (int i = 0; i < WORDS.length; i++) {
      if (PACKED[i] == packed && bytes.contentEquals(from, count, WORDS[i].name)) {
        return WORDS[i];
      }
    }
    return null;
  }

  private static long[] packed() {
    long[] all = new long[WORDS.length];
    for (int i = 0; i < all.length; i++) {
      for (byte letter : WORDS[i].name) {
        all[i] = all[i] << LETTER_BITS | letter;
      }
    }
    return all;
  }

  @Override
  void whole(ByteView bytes, int from, int blockFrom) {
    request.open(bytes, from, blockFrom);
    if (request.valueBytes >= 0 && !request.isTooLarge) {
      int end = blockFrom + request.valueBytes;
      if (bytes.get(end) != '\r' || bytes.get(end + 1) != '\n') {
        request.faultOrNull = "CLIENT_ERROR bad data chunk";
      }
    }
  }

  @Override
  boolean toleratesBadBlockEnd() {
    return true;
  }

  @Override
  boolean toleratesBareLineFeed() {
    return true;
  }

  @Override
  void forget() {
    request.begin();
  }
}

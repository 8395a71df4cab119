package dev.uring.memcache.store;

import dev.uring.bytes.ByteSink;
import dev.uring.memcache.codec.CommandWord;
import dev.uring.memcache.codec.MemcacheRequest;
import java.util.function.LongSupplier;

/**
 * Does what a request says with the items of a store, and answers it.
 *
 * <h2>Shapes and units</h2>
 *
 * Everything of the text protocol and the meta commands mg, ms, md, ma, mn and me. What a client
 * does wrong is answered as memcached 1.6 does.
 *
 * <h2>Ownership</h2>
 *
 * Copies what it keeps of a request.
 *
 * <h2>Threading and cancellation</h2>
 *
 * One thread, that of the store.
 */
public final class MemcacheService {
  static final int KEY_BYTES_MAX = 250;
  static final String BAD_FORMAT = "CLIENT_ERROR bad command line format";
  static final String TOO_LARGE = "SERVER_ERROR object too large for cache";
  static final String NO_MEMORY = "SERVER_ERROR out of memory storing object";
  static final String NOT_A_NUMBER = "CLIENT_ERROR cannot increment or decrement non-numeric value";
  static final String BAD_DELTA = "CLIENT_ERROR invalid numeric delta argument";

  final ItemStore store;
  final ItemClock clock;
  final ServiceCounters counters = new ServiceCounters();
  private final String version;
  private final TextService text = new TextService(this);
  private final MetaService meta = new MetaService(this);
  private long lastCas;
  private long flushesAt = Long.MAX_VALUE;

  /**
   * A service on the system's clock.
   *
   * @param store where the items are
   * @param version what {@code version} answers
   */
  public MemcacheService(ItemStore store, String version) {
    this(store, version, () -> System.currentTimeMillis() / 1000);
  }

  /**
   * A service.
   *
   * @param store where the items are
   * @param version what {@code version} answers
   * @param epochSeconds the time
   */
  public MemcacheService(ItemStore store, String version, LongSupplier epochSeconds) {
    this.store = store;
    this.version = version;
    this.clock = new ItemClock(epochSeconds);
  }

  /**
   * Executes a request.
   *
   * @param request borrowed
   * @param out gets the answer, if there is one
   */
  public void execute(MemcacheRequest request, ByteSink out) {
    flushIfDue();
    if (request.fault() != null) {
      line(out, request.fault());
      return;
    }
    CommandWord word = request.word();
    switch (word) {
      case GET, GETS -> text.get(request, 1, word == CommandWord.GETS, out);
      case GAT, GATS -> text.getAndTouch(request, word == CommandWord.GATS, out);
      case SET, ADD, REPLACE, APPEND, PREPEND, CAS -> text.store(request, out);
      case DELETE -> text.delete(request, out);
      case INCR, DECR -> text.count(request, out);
      case TOUCH -> text.touch(request, out);
      case FLUSH_ALL -> text.flushAll(request, out);
      case VERBOSITY -> text.verbosity(request, out);
      case VERSION -> line(out, "VERSION " + version);
      case STATS -> text.stats(request, version, out);
      case QUIT -> {
        // Its connection ends, and that is all of the answer.
      }
      default -> meta.execute(request, out);
    }
  }

  static void line(ByteSink out, String text) {
    out.putAscii(text).putByte('\r').putByte('\n');
  }

  /** Has everything that is there now forgotten at a time. */
  void flushAt(long epochSeconds) {
    flushesAt = epochSeconds;
    flushIfDue();
  }

  Item find(String key) {
    return store.find(key, clock.now());
  }

  /** Holds an item that is new or has a new value; its cas is a new one. */
  boolean put(Item item) {
    item.cas = ++lastCas;
    return store.put(item);
  }

  void noteRead(Item item) {
    item.wasRead = true;
    item.readAt = clock.now();
  }

  private void flushIfDue() {
    if (flushesAt <= clock.now()) {
      flushesAt = Long.MAX_VALUE;
      store.clear();
    }
  }

  /**
   * The sum of a number in text and another one.
   *
   * @return {@code null} when the text is no number of 64 bits
   */
  static String counted(byte[] value, long delta, boolean isDecrement) {
    String digits = new String(value, java.nio.charset.StandardCharsets.ISO_8859_1).stripTrailing();
    if (digits.isEmpty() || digits.charAt(0) == '+') {
      return null;
    }
    long number;
    try {
      number = Long.parseUnsignedLong(digits);
    } catch (NumberFormatException notOne) {
      return null;
    }
    // protocol.txt §Increment/Decrement: incr wraps, decr stops at 0.
    long sum = isDecrement
        ? (Long.compareUnsigned(number, delta) < 0 ? 0 : number - delta)
        : number + delta;
    return Long.toUnsignedString(sum);
  }
}

package dev.uring.memcache.store;

import static dev.uring.memcache.store.MemcacheService.line;

import dev.uring.bytes.ByteSink;
import dev.uring.bytes.ByteView;
import dev.uring.memcache.codec.CommandWord;
import dev.uring.memcache.codec.MemcacheRequest;
import java.nio.charset.StandardCharsets;

/** The text commands. Source: protocol.txt; what errors say is what memcached 1.6 says. */
final class TextService {
  private static final int KEY = 1;
  private static final int FLAGS = 2;
  private static final int EXPTIME = 3;
  private static final int CAS = 5;

  private final MemcacheService service;

  TextService(MemcacheService service) {
    this.service = service;
  }

  void get(MemcacheRequest request, int keysFrom, boolean withCas, ByteSink out) {
    if (request.tokensCount() <= keysFrom) {
      line(out, "ERROR");
      return;
    }
    for (int i = keysFrom; i < request.tokensCount(); i++) {
      if (request.tokenBytes(i) > MemcacheService.KEY_BYTES_MAX) {
        line(out, MemcacheService.BAD_FORMAT);
        return;
      }
    }
    for (int i = keysFrom; i < request.tokensCount(); i++) {
      Item item = service.find(request.text(i));
      service.counters.gets++;
      if (item != null) {
        service.counters.getHits++;
        service.noteRead(item);
        value(item, withCas, out);
      }
    }
    line(out, "END");
  }

  void getAndTouch(MemcacheRequest request, boolean withCas, ByteSink out) {
    if (request.tokensCount() < 3) {
      line(out, "ERROR");
      return;
    }
    if (!request.readSigned(1)) {
      line(out, "CLIENT_ERROR invalid exptime argument");
      return;
    }
    long expiresAt = service.clock.expiresAt(request.number());
    for (int i = 2; i < request.tokensCount(); i++) {
      Item item = service.find(request.text(i));
      service.counters.touches++;
      if (item != null) {
        item.expiresAt = expiresAt;
      }
    }
    get(request, 2, withCas, out);
  }

  private static void value(Item item, boolean withCas, ByteSink out) {
    out.putAscii("VALUE ");
    latin1(item.key, out);
    out.putByte(' ').putDecimal(Integer.toUnsignedLong(item.clientFlags));
    out.putByte(' ').putDecimal(item.value.length);
    if (withCas) {
      out.putByte(' ').putDecimal(item.cas);
    }
    out.putByte('\r').putByte('\n').putBytes(item.value).putByte('\r').putByte('\n');
  }

  static void latin1(String text, ByteSink out) {
    for (int i = 0; i < text.length(); i++) {
      out.putByte(text.charAt(i));
    }
  }

  void store(MemcacheRequest request, ByteSink out) {
    answer(request, stored(request), out);
  }

  private String stored(MemcacheRequest request) {
    boolean isCas = request.word() == CommandWord.CAS;
    service.counters.sets++;
    // The decoder has seen that these are numbers.
    request.readUnsigned(FLAGS);
    int clientFlags = (int) request.number();
    request.readSigned(EXPTIME);
    final long expiresAt = service.clock.expiresAt(request.number());
    final long cas = isCas && request.readUnsigned(CAS) ? request.number() : 0;
    String key = request.text(KEY);
    if (request.isTooLarge()) {
      // A client that wanted to change the item must not go on reading the old one.
      service.store.remove(key);
      return MemcacheService.TOO_LARGE;
    }
    Item present = service.find(key);
    String refusal = refusal(request.word(), present, cas);
    if (refusal != null) {
      return refusal;
    }
    ByteView value = request.value();
    byte[] bytes = value.isEmpty() ? new byte[0] : value.toByteArray();
    return switch (request.word()) {
      case APPEND -> kept(changed(present, join(present.value, bytes)));
      case PREPEND -> kept(changed(present, join(bytes, present.value)));
      default -> kept(new Item(key, bytes, clientFlags, expiresAt));
    };
  }

  private String refusal(CommandWord word, Item present, long cas) {
    switch (word) {
      case ADD -> {
        return present == null ? null : "NOT_STORED";
      }
      case REPLACE, APPEND, PREPEND -> {
        return present == null ? "NOT_STORED" : null;
      }
      case CAS -> {
        if (present == null) {
          service.counters.casMisses++;
          return "NOT_FOUND";
        }
        if (present.cas != cas) {
          service.counters.casBad++;
          return "EXISTS";
        }
        service.counters.casHits++;
        return null;
      }
      default -> {
        return null;
      }
    }
  }

  static Item changed(Item item, byte[] value) {
    item.value = value;
    return item;
  }

  static byte[] join(byte[] first, byte[] second) {
    byte[] joined = new byte[first.length + second.length];
    System.arraycopy(first, 0, joined, 0, first.length);
    System.arraycopy(second, 0, joined, first.length, second.length);
    return joined;
  }

  private String kept(Item item) {
    return service.put(item) ? "STORED" : MemcacheService.NO_MEMORY;
  }

  void delete(MemcacheRequest request, ByteSink out) {
    int tokens = request.tokensCount() - (request.isNoReply() ? 1 : 0);
    if (tokens < 2 || tokens > 4) {
      line(out, "ERROR");
      return;
    }
    boolean hasZero = tokens == 3 && request.readUnsigned(2) && request.number() == 0;
    if (tokens > 2 && !hasZero) {
      String usage = MemcacheService.BAD_FORMAT + ".  Usage: delete <key> [noreply]";
      answer(request, usage, out);
      return;
    }
    String key = request.text(KEY);
    boolean isThere = service.find(key) != null;
    service.store.remove(key);
    if (isThere) {
      service.counters.deleteHits++;
    } else {
      service.counters.deleteMisses++;
    }
    answer(request, isThere ? "DELETED" : "NOT_FOUND", out);
  }

  void count(MemcacheRequest request, ByteSink out) {
    if (request.tokensCount() < 3) {
      line(out, "ERROR");
      return;
    }
    answer(request, counted(request), out);
  }

  private String counted(MemcacheRequest request) {
    boolean isDecrement = request.word() == CommandWord.DECR;
    if (!request.readUnsigned(2)) {
      return MemcacheService.BAD_DELTA;
    }
    final long delta = request.number();
    Item item = service.find(request.text(KEY));
    ServiceCounters counters = service.counters;
    if (item == null) {
      counters.decrMisses += isDecrement ? 1 : 0;
      counters.incrMisses += isDecrement ? 0 : 1;
      return "NOT_FOUND";
    }
    String sum = MemcacheService.counted(item.value, delta, isDecrement);
    if (sum == null) {
      return MemcacheService.NOT_A_NUMBER;
    }
    counters.decrHits += isDecrement ? 1 : 0;
    counters.incrHits += isDecrement ? 0 : 1;
    return service.put(changed(item, sum.getBytes(StandardCharsets.US_ASCII)))
        ? sum
        : MemcacheService.NO_MEMORY;
  }

  void touch(MemcacheRequest request, ByteSink out) {
    if (request.tokensCount() < 3) {
      line(out, "ERROR");
      return;
    }
    if (!request.readSigned(2)) {
      answer(request, "CLIENT_ERROR invalid exptime argument", out);
      return;
    }
    long expiresAt = service.clock.expiresAt(request.number());
    Item item = service.find(request.text(KEY));
    service.counters.touches++;
    if (item != null) {
      item.expiresAt = expiresAt;
    }
    answer(request, item == null ? "NOT_FOUND" : "TOUCHED", out);
  }

  void flushAll(MemcacheRequest request, ByteSink out) {
    long delay = request.readSigned(1) ? request.number() : 0;
    long now = service.clock.now();
    service.counters.flushes++;
    service.flushAt(delay <= 0 ? now : service.clock.expiresAt(delay));
    answer(request, "OK", out);
  }

  void verbosity(MemcacheRequest request, ByteSink out) {
    if (request.tokensCount() < 2 || request.tokensCount() > 3) {
      line(out, "ERROR");
    } else {
      answer(request, "OK", out);
    }
  }

  void stats(MemcacheRequest request, String version, ByteSink out) {
    if (request.tokensCount() > 1) {
      String section = request.text(1);
      String other = request.isNoReply() ? "ERROR" : "END";
      line(out, "reset".equals(section) ? "RESET" : other);
      return;
    }
    ServiceCounters counters = service.counters;
    ItemStore store = service.store;
    stat(out, "pid", ProcessHandle.current().pid());
    stat(out, "time", service.clock.now());
    line(out, "STAT version " + version);
    stat(out, "cmd_get", counters.gets);
    stat(out, "cmd_set", counters.sets);
    stat(out, "cmd_flush", counters.flushes);
    stat(out, "cmd_touch", counters.touches);
    stat(out, "get_hits", counters.getHits);
    stat(out, "get_misses", counters.gets - counters.getHits);
    stat(out, "delete_misses", counters.deleteMisses);
    stat(out, "delete_hits", counters.deleteHits);
    stat(out, "incr_misses", counters.incrMisses);
    stat(out, "incr_hits", counters.incrHits);
    stat(out, "decr_misses", counters.decrMisses);
    stat(out, "decr_hits", counters.decrHits);
    stat(out, "cas_misses", counters.casMisses);
    stat(out, "cas_hits", counters.casHits);
    stat(out, "cas_badval", counters.casBad);
    stat(out, "bytes", store.sizeBytes());
    stat(out, "curr_items", store.count());
    stat(out, "evictions", store.evictions());
    line(out, "END");
  }

  private static void stat(ByteSink out, String name, long value) {
    line(out, "STAT " + name + " " + value);
  }

  private static void answer(MemcacheRequest request, String text, ByteSink out) {
    if (!request.isNoReply()) {
      line(out, text);
    }
  }
}

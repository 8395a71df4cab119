package dev.uring.memcache.store;

import static dev.uring.memcache.store.MemcacheService.line;

import dev.uring.bytes.ByteSink;
import dev.uring.bytes.ByteView;
import dev.uring.memcache.codec.CommandWord;
import dev.uring.memcache.codec.MemcacheRequest;
import java.nio.charset.StandardCharsets;
import java.util.Locale;

/** The meta commands. Source: protocol.txt, "Meta Commands"; errors as of memcached 1.6. */
final class MetaService {
  private static final int KEY = 1;
  private static final long NONE = Long.MIN_VALUE;

  private final MemcacheService service;

  // Of the present request.
  private MemcacheRequest request;
  private int flagsFrom;
  private ByteSink out;

  MetaService(MemcacheService service) {
    this.service = service;
  }

  void execute(MemcacheRequest present, ByteSink sink) {
    request = present;
    out = sink;
    flagsFrom = present.word() == CommandWord.MS ? 3 : 2;
    if (present.word() == CommandWord.MN) {
      line(sink, "MN");
      return;
    }
    if (present.tokensCount() < 2 && present.word() != CommandWord.ME) {
      line(sink, "ERROR");
      return;
    }
    byte[] bytes = present.tokensCount() < flagsFrom ? null : present.metaKey(flagsFrom);
    if (bytes == null || bytes.length == 0 || bytes.length > MemcacheService.KEY_BYTES_MAX) {
      line(sink, MemcacheService.BAD_FORMAT);
      return;
    }
    String key = new String(bytes, StandardCharsets.ISO_8859_1);
    switch (present.word()) {
      case MG -> get(key);
      case MS -> set(key);
      case MD -> delete(key);
      case MA -> arithmetic(key);
      default -> debug(key);
    }
  }

  private void get(String key) {
    Item item = service.find(key);
    service.counters.gets++;
    boolean isMade = item == null && number('N') != NONE;
    if (isMade) {
      item = new Item(key, new byte[0], 0, service.clock.expiresAt(number('N')));
      service.put(item);
    } else if (item == null) {
      if (!isQuiet()) {
        line(out, "EN");
      }
      return;
    } else {
      service.counters.getHits++;
    }
    String win = isMade ? won(item) : winner(item);
    if (number('T') != NONE) {
      item.expiresAt = service.clock.expiresAt(number('T'));
    }
    if (has('v')) {
      out.putAscii("VA ").putDecimal(item.value.length);
    } else {
      out.putAscii("HD");
    }
    flags(item, key);
    out.putAscii(win);
    if (item.isStale) {
      out.putAscii(" X");
    }
    end();
    if (has('v')) {
      out.putBytes(item.value);
      end();
    }
    service.noteRead(item);
  }

  // §Meta Get, "Win/Lose": one client at a time is told to make the value anew.
  private String winner(Item item) {
    long below = number('R');
    boolean isNearEnd = below != NONE
        && item.expiresAt != Item.NEVER
        && item.expiresAt - service.clock.now() < below;
    if (item.isWon) {
      return " Z";
    }
    return item.isStale || isNearEnd ? won(item) : "";
  }

  private static String won(Item item) {
    item.isWon = true;
    return " W";
  }

  private void set(String key) {
    service.counters.sets++;
    if (request.isTooLarge()) {
      service.store.remove(key);
      line(out, MemcacheService.TOO_LARGE);
      return;
    }
    Item present = service.find(key);
    boolean isStale = false;
    if (number('C') != NONE) {
      if (present == null) {
        answer("NF", null, key);
        return;
      }
      if (present.cas != number('C')) {
        isStale = has('I') && Long.compareUnsigned(number('C'), present.cas) < 0;
        if (!isStale) {
          answer("EX", null, key);
          return;
        }
      }
    }
    ByteView view = request.value();
    byte[] bytes = view.isEmpty() ? new byte[0] : view.toByteArray();
    Item item = stored(key, present, bytes);
    if (item == null) {
      return;
    }
    item.isStale = isStale;
    item.isWon = false;
    if (service.put(item)) {
      answer("HD", item, key);
    } else {
      line(out, MemcacheService.NO_MEMORY);
    }
  }

  // The item to keep; null when that was answered already.
  private Item stored(String key, Item present, byte[] bytes) {
    long expiresAt = number('T') == NONE ? Item.NEVER : service.clock.expiresAt(number('T'));
    int clientFlags = number('F') == NONE ? 0 : (int) number('F');
    Item fresh = new Item(key, bytes, clientFlags, expiresAt);
    String mode = text('M').toUpperCase(Locale.ROOT);
    switch (mode.isEmpty() ? "S" : mode.substring(0, 1)) {
      case "S" -> {
        return fresh;
      }
      case "E" -> {
        return present == null ? fresh : refused(key);
      }
      case "R" -> {
        return present != null ? fresh : refused(key);
      }
      case "A", "P" -> {
        if (present == null) {
          if (number('N') == NONE) {
            return refused(key);
          }
          fresh.expiresAt = service.clock.expiresAt(number('N'));
          return fresh;
        }
        boolean isAppend = mode.startsWith("A");
        return TextService.changed(
            present,
            isAppend
                ? TextService.join(present.value, bytes)
                : TextService.join(bytes, present.value));
      }
      default -> {
        line(out, "CLIENT_ERROR invalid mode for ms M token");
        return null;
      }
    }
  }

  private Item refused(String key) {
    answer("NS", null, key);
    return null;
  }

  private void delete(String key) {
    Item item = service.find(key);
    if (item == null) {
      service.counters.deleteMisses++;
      answer("NF", null, key);
      return;
    }
    if (number('C') != NONE && number('C') != item.cas) {
      answer("EX", null, key);
      return;
    }
    service.counters.deleteHits++;
    if (has('I')) {
      item.isStale = true;
      item.isWon = false;
      if (number('T') != NONE) {
        item.expiresAt = service.clock.expiresAt(number('T'));
      }
      service.put(item);
    } else {
      service.store.remove(key);
    }
    quietAnswer("HD", item, key);
  }

  private void arithmetic(String key) {
    boolean isDecrement =
        text('M').startsWith("D") || text('M').startsWith("-") || text('M').startsWith("d");
    long delta = number('D') == NONE ? 1 : number('D');
    Item item = service.find(key);
    if (item == null && number('N') == NONE) {
      quietAnswer("NF", null, key);
      return;
    }
    String sum;
    if (item == null) {
      sum = Long.toUnsignedString(number('J') == NONE ? 0 : number('J'));
      item = new Item(key, new byte[0], 0, service.clock.expiresAt(number('N')));
    } else {
      if (number('C') != NONE && number('C') != item.cas) {
        answer("EX", null, key);
        return;
      }
      sum = MemcacheService.counted(item.value, delta, isDecrement);
    }
    if (sum == null) {
      line(out, MemcacheService.NOT_A_NUMBER);
      return;
    }
    if (number('T') != NONE) {
      item.expiresAt = service.clock.expiresAt(number('T'));
    }
    service.put(TextService.changed(item, sum.getBytes(StandardCharsets.US_ASCII)));
    if (isQuiet() || !has('v')) {
      quietAnswer("HD", item, key);
      return;
    }
    out.putAscii("VA ").putDecimal(item.value.length);
    flags(item, key);
    end();
    out.putBytes(item.value);
    end();
  }

  private void debug(String key) {
    Item item = service.find(key);
    if (item == null) {
      line(out, "EN");
      return;
    }
    out.putAscii("ME ");
    TextService.latin1(request.text(KEY), out);
    long now = service.clock.now();
    line(
        out,
        " exp=" + (item.expiresAt == Item.NEVER ? -1 : item.expiresAt - now)
            + " la=" + (item.readAt == 0 ? 0 : now - item.readAt)
            + " cas=" + item.cas
            + " fetch=" + (item.wasRead ? "yes" : "no")
            + " cls=1 size=" + item.sizeBytes());
  }

  /** What the request's flags ask for, in their order. */
  private void flags(Item item, String key) {
    for (int i = flagsFrom; i < request.tokensCount(); i++) {
      switch (request.letter(i)) {
        case 'b' -> out.putAscii(" b");
        case 'O' -> out.putAscii(" O").putAscii(request.flagText(i));
        case 'k' -> {
          out.putAscii(" k");
          TextService.latin1(request.text(KEY), out);
        }
        default -> {
          if (item != null) {
            itemFlag(request.letter(i), item);
          }
        }
      }
    }
  }

  private void itemFlag(char letter, Item item) {
    long now = service.clock.now();
    switch (letter) {
      case 'c' -> out.putAscii(" c").putDecimal(item.cas);
      case 'f' -> out.putAscii(" f").putDecimal(Integer.toUnsignedLong(item.clientFlags));
      case 's' -> out.putAscii(" s").putDecimal(item.value.length);
      case 'h' -> out.putAscii(item.wasRead ? " h1" : " h0");
      case 'l' -> out.putAscii(" l").putDecimal(item.readAt == 0 ? 0 : now - item.readAt);
      case 't' ->
        out.putAscii(" t").putDecimal(item.expiresAt == Item.NEVER ? -1 : item.expiresAt - now);
      default -> {
        // Says how, and is not answered.
      }
    }
  }

  private void quietAnswer(String code, Item item, String key) {
    if (!isQuiet()) {
      out.putAscii(code);
      flags(item, key);
      end();
    }
  }

  private void answer(String code, Item item, String key) {
    if (code.equals("HD")) {
      quietAnswer(code, item, key);
      return;
    }
    out.putAscii(code);
    flags(item, key);
    end();
  }

  private void end() {
    out.putByte('\r').putByte('\n');
  }

  private boolean has(char letter) {
    return request.flag(letter, flagsFrom) >= 0;
  }

  private boolean isQuiet() {
    return has('q');
  }

  private long number(char letter) {
    int at = request.flag(letter, flagsFrom);
    return at >= 0 && request.readFlagNumber(at) ? request.number() : NONE;
  }

  private String text(char letter) {
    int at = request.flag(letter, flagsFrom);
    return at >= 0 ? request.flagText(at) : "";
  }
}

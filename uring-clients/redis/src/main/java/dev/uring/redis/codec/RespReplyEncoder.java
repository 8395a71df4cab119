package dev.uring.redis.codec;

import dev.uring.bytes.ByteSink;
import dev.uring.bytes.ByteView;
import java.nio.charset.StandardCharsets;

/**
 * Writes replies in RESP2 and RESP3.
 *
 * <h2>Shapes and units</h2>
 *
 * Methods that take {@code protocol} (2 or 3) write what that protocol has for the value; RESP2
 * gets the form that Redis itself falls back to. Aggregates write their header only; the elements
 * follow by further calls.
 *
 * <h2>Ownership</h2>
 *
 * Everything is copied into the sink at once.
 *
 * <h2>Threading and cancellation</h2>
 *
 * No state. Allocates nothing, but for doubles with more than six decimals and non-ASCII strings.
 *
 * <h2>Errors</h2>
 *
 * What the sink throws when it has no room.
 *
 * <h2>Source</h2>
 *
 * RESP protocol description, one section for each method; RESP2 forms as Redis
 * {@code networking.c}.
 */
public final class RespReplyEncoder {
  /** The protocol every connection begins with. */
  public static final int RESP2 = 2;

  /** The protocol after {@code HELLO 3}. */
  public static final int RESP3 = 3;

  private static final int CRLF = '\r' << 8 | '\n';
  private static final byte[] NULL_BULK = ascii("$-1\r\n");
  private static final byte[] NULL_ARRAY = ascii("*-1\r\n");
  private static final byte[] INFINITE = ascii("inf");
  private static final byte[] MINUS_INFINITE = ascii("-inf");
  private static final byte[] NOT_A_NUMBER = ascii("nan");
  private static final double SIX_DECIMALS = 1e6;
  private static final double EXACT_SCALED_MAX = 1L << 52; // beyond, scaling may round

  private RespReplyEncoder() {}

  /**
   * A simple string. RESP §Simple strings.
   *
   * @param sink where to write
   * @param text ASCII without line ends
   */
  public static void simpleString(ByteSink sink, String text) {
    sink.putByte('+').putAscii(text).putShort(CRLF);
  }

  /**
   * An error. RESP §Simple errors.
   *
   * @param sink where to write
   * @param text code, blank and message, for example {@code ERR syntax error}; each character is
   *     one byte. Line ends would end the reply: at the end of the text they are left out,
   *     elsewhere they become blanks
   */
  public static void error(ByteSink sink, String text) {
    int until = text.length();
    while (until > 0 && isLineEnd(text.charAt(until - 1))) {
      until--;
    }
    sink.putByte('-');
    for (int i = 0; i < until; i++) {
      char c = text.charAt(i);
      sink.putByte(isLineEnd(c) ? ' ' : c);
    }
    sink.putShort(CRLF);
  }

  /**
   * An integer. RESP §Integers.
   *
   * @param sink where to write
   * @param value the number
   */
  public static void integer(ByteSink sink, long value) {
    header(sink, ':', value);
  }

  /**
   * A bulk string. RESP §Bulk strings.
   *
   * @param sink where to write
   * @param bytes its content
   * @param from first index
   * @param count how many bytes
   */
  public static void bulk(ByteSink sink, byte[] bytes, int from, int count) {
    header(sink, '$', count);
    sink.putBytes(bytes, from, count).putShort(CRLF);
  }

  /**
   * A bulk string. RESP §Bulk strings.
   *
   * @param sink where to write
   * @param view its content
   */
  public static void bulk(ByteSink sink, ByteView view) {
    header(sink, '$', view.size());
    sink.putView(view).putShort(CRLF);
  }

  /**
   * A bulk string of text, in UTF-8. RESP §Bulk strings.
   *
   * @param sink where to write
   * @param text its content
   */
  public static void bulk(ByteSink sink, String text) {
    header(sink, '$', utf8Bytes(text));
    sink.putUtf8(text).putShort(CRLF);
  }

  /**
   * A bulk string that holds a decimal number. RESP §Bulk strings.
   *
   * @param sink where to write
   * @param value the number
   */
  public static void bulkDecimal(ByteSink sink, long value) {
    header(sink, '$', ByteSink.decimalDigits(value) + (value < 0 ? 1 : 0));
    sink.putDecimal(value).putShort(CRLF);
  }

  /**
   * No value. RESP3 §Nulls, RESP2 §Null bulk strings.
   *
   * @param sink where to write
   * @param protocol 2 or 3
   */
  public static void nil(ByteSink sink, int protocol) {
    if (protocol == RESP3) {
      sink.putByte('_').putShort(CRLF);
    } else {
      sink.putBytes(NULL_BULK);
    }
  }

  /**
   * No array. RESP3 §Nulls, RESP2 §Null arrays.
   *
   * @param sink where to write
   * @param protocol 2 or 3
   */
  public static void nilArray(ByteSink sink, int protocol) {
    if (protocol == RESP3) {
      sink.putByte('_').putShort(CRLF);
    } else {
      sink.putBytes(NULL_ARRAY);
    }
  }

  /**
   * Begins an array. RESP §Arrays.
   *
   * @param sink where to write
   * @param elementsCount how many elements follow
   */
  public static void array(ByteSink sink, long elementsCount) {
    header(sink, '*', elementsCount);
  }

  /**
   * Begins a map. RESP3 §Maps; RESP2 has an array of twice the size.
   *
   * @param sink where to write
   * @param protocol 2 or 3
   * @param pairsCount how many pairs of key and value follow
   */
  public static void map(ByteSink sink, int protocol, long pairsCount) {
    if (protocol == RESP3) {
      header(sink, '%', pairsCount);
    } else {
      header(sink, '*', 2 * pairsCount);
    }
  }

  /**
   * Begins a set. RESP3 §Sets; RESP2 has an array.
   *
   * @param sink where to write
   * @param protocol 2 or 3
   * @param elementsCount how many elements follow
   */
  public static void set(ByteSink sink, int protocol, long elementsCount) {
    header(sink, protocol == RESP3 ? '~' : '*', elementsCount);
  }

  /**
   * Begins a push, data that answers no request. RESP3 §Pushes; RESP2 has an array.
   *
   * @param sink where to write
   * @param protocol 2 or 3
   * @param elementsCount how many elements follow
   */
  public static void push(ByteSink sink, int protocol, long elementsCount) {
    header(sink, protocol == RESP3 ? '>' : '*', elementsCount);
  }

  /**
   * Begins attributes, out-of-band data in front of a reply. RESP3 §Attributes. RESP2 has nothing
   * for them: leave them out there.
   *
   * @param sink where to write
   * @param pairsCount how many pairs of key and value follow
   */
  public static void attribute(ByteSink sink, long pairsCount) {
    header(sink, '|', pairsCount);
  }

  /**
   * A truth value. RESP3 §Booleans; RESP2 has the integer 1 or 0.
   *
   * @param sink where to write
   * @param protocol 2 or 3
   * @param value the value
   */
  public static void bool(ByteSink sink, int protocol, boolean value) {
    if (protocol == RESP3) {
      sink.putByte('#').putByte(value ? 't' : 'f').putShort(CRLF);
    } else {
      integer(sink, value ? 1 : 0);
    }
  }

  /**
   * A floating-point number. RESP3 §Doubles; RESP2 has a bulk string.
   *
   * @param sink where to write
   * @param protocol 2 or 3
   * @param value the number; written with the fewest digits that give it back
   */
  public static void floating(ByteSink sink, int protocol, double value) {
    if (protocol == RESP3) {
      sink.putByte(',');
      putDouble(sink, value);
    } else {
      header(sink, '$', doubleBytes(value));
      putDouble(sink, value);
    }
    sink.putShort(CRLF);
  }

  /**
   * An integer of any size. RESP3 §Big numbers; RESP2 has a bulk string.
   *
   * @param sink where to write
   * @param protocol 2 or 3
   * @param digits decimal digits, with a minus sign if negative
   */
  public static void bigNumber(ByteSink sink, int protocol, String digits) {
    if (protocol == RESP3) {
      sink.putByte('(').putAscii(digits).putShort(CRLF);
    } else {
      bulk(sink, digits);
    }
  }

  /**
   * Text with its format. RESP3 §Verbatim strings; RESP2 has a bulk string.
   *
   * @param sink where to write
   * @param protocol 2 or 3
   * @param format three ASCII characters, {@code txt} or {@code mkd}
   * @param text the text, written as UTF-8
   */
  public static void verbatim(ByteSink sink, int protocol, String format, String text) {
    if (format.length() != 3) {
      throw new IllegalArgumentException(
          "verbatim format='" + format + "' has not three characters: use txt or mkd");
    }
    if (protocol == RESP3) {
      header(sink, '=', 4L + utf8Bytes(text));
      sink.putAscii(format).putByte(':').putUtf8(text).putShort(CRLF);
    } else {
      bulk(sink, text);
    }
  }

  private static boolean isLineEnd(char c) {
    return c == '\r' || c == '\n';
  }

  // Type byte, number, line end: in one store for the small numbers that nearly all lengths are.
  private static void header(ByteSink sink, int type, long value) {
    if (value >= 0 && value < 10) {
      sink.putInt(type << 24 | ('0' + (int) value) << 16 | CRLF);
    } else {
      sink.putByte(type).putDecimal(value).putShort(CRLF);
    }
  }

  private static void putDouble(ByteSink sink, double value) {
    byte[] word = word(value);
    if (word != null) {
      sink.putBytes(word);
    } else if (!isShort(value)) {
      sink.putAscii(plain(value));
    } else {
      long scaled = Math.round(Math.abs(value) * SIX_DECIMALS);
      if (value < 0) {
        sink.putByte('-');
      }
      sink.putDecimal(scaled / 1_000_000);
      long decimals = scaled % 1_000_000;
      if (decimals != 0) {
        sink.putByte('.');
      }
      for (long unit = 100_000; decimals != 0; unit /= 10) {
        sink.putByte('0' + (int) (decimals / unit));
        decimals %= unit;
      }
    }
  }

  private static int doubleBytes(double value) {
    byte[] word = word(value);
    if (word != null) {
      return word.length;
    }
    if (!isShort(value)) {
      return plain(value).length();
    }
    long scaled = Math.round(Math.abs(value) * SIX_DECIMALS);
    int bytes = (value < 0 ? 1 : 0) + ByteSink.decimalDigits(scaled / 1_000_000);
    long decimals = scaled % 1_000_000;
    if (decimals != 0) {
      bytes++;
    }
    for (long unit = 100_000; decimals != 0; unit /= 10) {
      bytes++;
      decimals %= unit;
    }
    return bytes;
  }

  private static byte[] word(double value) {
    if (Double.isInfinite(value)) {
      return value > 0 ? INFINITE : MINUS_INFINITE;
    }
    return Double.isNaN(value) ? NOT_A_NUMBER : null;
  }

  // Whether six decimals give the number back exactly, so that no String is needed to print it.
  private static boolean isShort(double value) {
    double scaled = Math.abs(value) * SIX_DECIMALS;
    return scaled < EXACT_SCALED_MAX && Math.round(scaled) / SIX_DECIMALS == Math.abs(value);
  }

  private static String plain(double value) {
    String text = Double.toString(value);
    return text.endsWith(".0") ? text.substring(0, text.length() - 2) : text;
  }

  // Mirrors ByteSink.putUtf8: an unpaired surrogate is one byte there.
  private static int utf8Bytes(String text) {
    int bytes = text.length();
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c >= 0x80) {
        return text.getBytes(StandardCharsets.UTF_8).length;
      }
    }
    return bytes;
  }

  private static byte[] ascii(String text) {
    return text.getBytes(StandardCharsets.US_ASCII);
  }
}

package dev.uring.redis.codec;

import dev.uring.bytes.ByteView;
import dev.uring.bytes.ByteWindow;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Walks through one whole reply, value by value.
 *
 * <h2>Shapes and units</h2>
 *
 * Each {@code read} reads the next value and goes on to the one behind it; of an aggregate only the
 * header is read, and its elements come next. RESP2 and RESP3 forms of the same thing are read
 * alike. Attributes are passed over unless {@link #readAttributes()} asks for them.
 *
 * <h2>Ownership</h2>
 *
 * Borrowed, with the views that it gives, until the call that lent it returns.
 *
 * <h2>Threading and cancellation</h2>
 *
 * One thread. Reading numbers and views allocates nothing.
 *
 * <h2>Errors</h2>
 *
 * {@link UnexpectedReplyException} the next value has another type · {@link ErrorReplyException} it
 * is an error of the server · {@link IllegalStateException} there is no next value, or the loan has
 * ended.
 */
public final class ReplyReader {
  private static final int SHOWN_BYTES_MAX = 64;

  private final ReplyTape tape;
  private final RespInteger integer = new RespInteger();
  private final ByteWindow window = new ByteWindow("ReplyReader, until Reply.read returns");
  private ByteView source;
  private int base;
  private int sizeBytes;
  private int next;

  ReplyReader(ReplyTape tape) {
    this.tape = tape;
  }

  void open(ByteView newSource, int newBase, int newSizeBytes) {
    source = newSource;
    base = newBase;
    sizeBytes = newSizeBytes;
    next = 0;
  }

  void close() {
    source = null;
    window.end();
  }

  /**
   * Where the reader stands, to come back to.
   *
   * @return a number that {@link #position(int)} takes, for this reply
   */
  public int position() {
    return next;
  }

  /**
   * Goes back.
   *
   * @param position what {@link #position()} said of this reply
   */
  public void position(int position) {
    next = position;
  }

  /**
   * The whole reply as it came, wherever the reader stands.
   *
   * @return a copy of its bytes, for a decoder to read again
   */
  public byte[] copyReply() {
    checkOpen();
    byte[] copy = new byte[sizeBytes];
    source.copyTo(base, copy, 0, sizeBytes);
    return copy;
  }

  /**
   * How long the whole reply is.
   *
   * @return bytes on the wire
   */
  public int replyBytes() {
    return sizeBytes;
  }

  /**
   * Whether every value was read.
   *
   * @return {@code true} behind the last one
   */
  public boolean isAtEnd() {
    return next >= tape.count();
  }

  /**
   * What the next value is.
   *
   * @return its type
   */
  public ReplyType peek() {
    return typeOf(nextMarker());
  }

  /**
   * Reads a null, if there is one.
   *
   * @return {@code false} when the next value is something else; nothing was read then
   */
  public boolean readNull() {
    if (nextMarker() != '_') {
      return false;
    }
    next++;
    return true;
  }

  /**
   * Reads an integer, or a string that holds one.
   *
   * @return the number
   */
  public long readLong() {
    byte marker = nextMarker();
    boolean isNumber = marker == ':' || marker == '$' || marker == '+' || marker == '(';
    if (!isNumber || !integer.parse(source, from(), size())) {
      throw unexpected("an integer");
    }
    next++;
    return integer.value();
  }

  /**
   * Reads a double, an integer, or a string that holds one of them.
   *
   * @return the number
   */
  public double readDouble() {
    byte marker = nextMarker();
    boolean isNumber = marker == ',' || marker == ':' || marker == '$' || marker == '+';
    if (!isNumber || !RespDouble.isValid(source, from(), size())) {
      throw unexpected("a double");
    }
    double value = RespDouble.parse(source, from(), size());
    next++;
    return value;
  }

  /**
   * Reads a boolean, or 0 or 1 in its place.
   *
   * @return the value
   */
  public boolean readBoolean() {
    byte marker = nextMarker();
    boolean isShort = size() == 1 && (marker == '#' || marker == ':');
    byte value = isShort ? source.get(from()) : 0;
    if (value != 't' && value != 'f' && value != '0' && value != '1') {
      throw unexpected("a boolean");
    }
    next++;
    return value == 't' || value == '1';
  }

  /**
   * Reads a string as UTF-8, or the text of a number.
   *
   * @return the text
   */
  public String readString() {
    ByteView text = readText("a string");
    return text.isEmpty() ? "" : text.toUtf8();
  }

  /**
   * Reads a string as bytes.
   *
   * @return a copy
   */
  public byte[] readBytes() {
    return readText("a string").toByteArray();
  }

  /**
   * Lends a string.
   *
   * @return its bytes, until the next read of a string or the end of the reader's own loan
   */
  public ByteView readView() {
    return readText("a string");
  }

  /**
   * Reads a string through a codec.
   *
   * @param <T> the program's type
   * @param codec reads it
   * @return the value
   */
  public <T> T read(ValueCodec<T> codec) {
    return codec.read(readText("a string"));
  }

  /**
   * Reads an integer of any size.
   *
   * @return the number
   */
  public BigInteger readBigNumber() {
    byte marker = nextMarker();
    if (marker != '(' && marker != ':') {
      throw unexpected("a big number");
    }
    BigInteger value = new BigInteger(source.toLatin1(from(), size()));
    next++;
    return value;
  }

  /**
   * Reads the header of an array, set, push or map.
   *
   * @return how many values follow; those of a map are its keys and values
   */
  public int readArrayHeader() {
    byte marker = nextMarker();
    if (marker != '*' && marker != '~' && marker != '>' && marker != '%') {
      throw unexpected("an array");
    }
    return tape.size(next++);
  }

  /**
   * Reads the header of a map, or of an array in which keys and values alternate.
   *
   * @return how many pairs follow
   */
  public int readMapHeader() {
    byte marker = nextMarker();
    if (marker != '%' && marker != '*' || (tape.size(next) & 1) != 0) {
      throw unexpected("a map");
    }
    return tape.size(next++) / 2;
  }

  /**
   * Reads what the server says about the next value.
   *
   * @return the attributes, empty when there are none
   */
  public Map<Object, Object> readAttributes() {
    checkOpen();
    Map<Object, Object> attributes = new LinkedHashMap<>();
    while (next < tape.count() && tape.marker(next) == ReplyTape.ATTRIBUTE) {
      int pairs = tape.size(next++) / 2;
      for (int i = 0; i < pairs; i++) {
        attributes.put(readAny(), readAny());
      }
    }
    return attributes;
  }

  /** Passes over the next value with all of its elements. */
  public void skip() {
    nextMarker();
    next = tape.after(next);
  }

  /**
   * Whether the next value is a certain string. Reads nothing.
   *
   * @param ascii what to compare with
   * @return {@code true} when it is a string of these characters
   */
  public boolean isString(String ascii) {
    if (typeOf(nextMarker()) != ReplyType.STRING) {
      return false;
    }
    int here = next;
    ByteView text = readText("a string");
    next = here;
    boolean isEqual = text.size() == ascii.length();
    for (int i = 0; isEqual && i < ascii.length(); i++) {
      isEqual = text.get(i) == ascii.charAt(i);
    }
    return isEqual;
  }

  /**
   * The text of an error, when the next value is one. Reads nothing.
   *
   * @return code, blank and message; {@code null} when it is no error
   */
  public String errorText() {
    byte marker = nextMarker();
    return marker == '-' || marker == '!' ? text() : null;
  }

  /**
   * Reads whatever comes.
   *
   * @return null, {@link Long}, {@link Double}, {@link Boolean}, {@link BigInteger},
   *     {@link String}, {@link List}, {@link Set}, {@link Map} or {@link RespErrorValue}
   */
  public Object readAny() {
    byte marker = nextMarker();
    return switch (typeOf(marker)) {
      case NULL -> readNull() ? null : "";
      case STRING -> readString();
      case INTEGER -> readLong();
      case DOUBLE -> readDouble();
      case BOOLEAN -> readBoolean();
      case BIG_NUMBER -> readBigNumber();
      case ERROR -> {
        RespErrorValue error = new RespErrorValue(text());
        next++;
        yield error;
      }
      case MAP -> readAnyMap();
      case SET -> new LinkedHashSet<>(readAnyList());
      case ARRAY, PUSH -> readAnyList();
    };
  }

  private List<Object> readAnyList() {
    int count = readArrayHeader();
    List<Object> elements = new ArrayList<>(count);
    for (int i = 0; i < count; i++) {
      elements.add(readAny());
    }
    return elements;
  }

  private Map<Object, Object> readAnyMap() {
    int count = readMapHeader();
    Map<Object, Object> entries = LinkedHashMap.newLinkedHashMap(count);
    for (int i = 0; i < count; i++) {
      entries.put(readAny(), readAny());
    }
    return entries;
  }

  private ByteView readText(String expected) {
    byte marker = nextMarker();
    switch (marker) {
      case '$', '+', ':', ',', '(' -> window.lend(source, from(), size());
      case '=' -> window.lend(source, from() + 4, size() - 4);
      case ReplyTape.STREAMED -> joinPieces();
      default -> throw unexpected(expected);
    }
    next = marker == ReplyTape.STREAMED ? tape.after(next) : next + 1;
    return window;
  }

  // The pieces lie apart; servers send them so seldom that a copy is no loss.
  private void joinPieces() {
    int pieces = tape.size(next);
    int total = 0;
    for (int i = 1; i <= pieces; i++) {
      total += tape.size(next + i);
    }
    byte[] joined = new byte[total];
    int at = 0;
    for (int i = 1; i <= pieces; i++) {
      int count = tape.size(next + i);
      source.copyTo(base + tape.from(next + i), joined, at, count);
      at += count;
    }
    window.lend(ByteWindow.copyOf(joined), 0, total);
  }

  private byte nextMarker() {
    checkOpen();
    while (next < tape.count() && tape.marker(next) == ReplyTape.ATTRIBUTE) {
      // Behind the attribute's own elements, not behind the value that it is about.
      int elements = tape.size(next++);
      for (int i = 0; i < elements; i++) {
        next = tape.after(next);
      }
    }
    if (next >= tape.count()) {
      throw new IllegalStateException(
          "the reply has no more values: a Reply reads exactly one value, of an aggregate as many as"
              + " its header says");
    }
    return tape.marker(next);
  }

  private void checkOpen() {
    if (source == null) {
      throw new IllegalStateException("reply used after its loan ended: read it inside Reply.read");
    }
  }

  private int from() {
    return base + tape.from(next);
  }

  private int size() {
    return tape.size(next);
  }

  private String text() {
    return source.toUtf8(from(), size());
  }

  private RuntimeException unexpected(String expected) {
    String error = errorText();
    return error != null
        ? new ErrorReplyException(error)
        : new UnexpectedReplyException(expected, describe());
  }

  private String describe() {
    ReplyType type = peek();
    if (tape.elements(next) > 0 || type.compareTo(ReplyType.ARRAY) >= 0) {
      return type + " of " + tape.size(next) + " values";
    }
    int shown = Math.min(size(), SHOWN_BYTES_MAX);
    return type + " '" + source.toUtf8(from(), shown) + (shown < size() ? "…'" : "'");
  }

  private static ReplyType typeOf(byte marker) {
    return switch (marker) {
      case '$', '+', '=', ReplyTape.STREAMED -> ReplyType.STRING;
      case ':' -> ReplyType.INTEGER;
      case '_' -> ReplyType.NULL;
      case '*' -> ReplyType.ARRAY;
      case '%' -> ReplyType.MAP;
      case '~' -> ReplyType.SET;
      case '#' -> ReplyType.BOOLEAN;
      case ',' -> ReplyType.DOUBLE;
      case '(' -> ReplyType.BIG_NUMBER;
      case '>' -> ReplyType.PUSH;
      default -> ReplyType.ERROR;
    };
  }
}

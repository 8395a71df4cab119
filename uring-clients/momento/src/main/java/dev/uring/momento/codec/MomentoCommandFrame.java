package dev.uring.momento.codec;

import dev.uring.bytes.ByteSink;

/**
 * A command as a client writes it, to be used again for the next one.
 *
 * <h2>Shapes and units</h2>
 *
 * {@link #begin}, then what the kind needs. {@link #writeTo} puts length and message into a sink in
 * one pass: all sizes are known before the first byte, so nothing is written twice or moved.
 * Numbers are always written, also when they are 0.
 *
 * <h2>Ownership</h2>
 *
 * Holds keys and values as they were given until {@link #clear()}; arrays must not change until
 * they are written.
 *
 * <h2>Threading and cancellation</h2>
 *
 * One thread. Allocates nothing.
 */
public final class MomentoCommandFrame {
  // Tags: number << 3 | wire type, 0 for numbers and 2 for bytes; each takes one byte.
  private static final int MESSAGE_ID = 2 << 3;
  private static final int CONTROL_CODE = 3 << 3;
  private static final int UNARY = 10 << 3 | 2;
  private static final int FIRST_BYTES = 1 << 3 | 2;
  private static final int SECOND_BYTES = 2 << 3 | 2;
  private static final int THIRD_BYTES = 3 << 3 | 2;
  private static final int TTL_MILLIS = 4 << 3;
  private static final FieldBytes NO_NAMESPACE = new FieldBytes();

  private final FieldBytes key = new FieldBytes();
  private final FieldBytes value = new FieldBytes();
  private FieldBytes namespace = NO_NAMESPACE;
  private CommandKind kind = CommandKind.NONE;
  private long ttlMillis;

  /** A frame without a command. */
  public MomentoCommandFrame() {}

  /**
   * Begins a command.
   *
   * @param newKind what it wants
   * @return this frame
   */
  public MomentoCommandFrame begin(CommandKind newKind) {
    clear();
    kind = newKind;
    return this;
  }

  /**
   * Begins the command that must be the first one of a connection.
   *
   * @param token who asks
   * @return this frame
   */
  public MomentoCommandFrame authenticate(String token) {
    return begin(CommandKind.AUTHENTICATE).key(token);
  }

  /**
   * Which cache.
   *
   * @param name its name; held, not copied
   * @return this frame
   */
  public MomentoCommandFrame namespace(FieldBytes name) {
    namespace = name;
    return this;
  }

  /**
   * Which item.
   *
   * @param text its key
   * @return this frame
   */
  public MomentoCommandFrame key(String text) {
    key.set(text);
    return this;
  }

  /**
   * Which item.
   *
   * @param bytes its key
   * @return this frame
   */
  public MomentoCommandFrame key(byte[] bytes) {
    key.set(bytes);
    return this;
  }

  /**
   * What to store.
   *
   * @param text the value
   * @return this frame
   */
  public MomentoCommandFrame value(String text) {
    value.set(text);
    return this;
  }

  /**
   * What to store.
   *
   * @param bytes the value
   * @return this frame
   */
  public MomentoCommandFrame value(byte[] bytes) {
    value.set(bytes);
    return this;
  }

  /**
   * For how long to store it.
   *
   * @param millis time to live
   * @return this frame
   */
  public MomentoCommandFrame ttlMillis(long millis) {
    ttlMillis = millis;
    return this;
  }

  /**
   * What it wants.
   *
   * @return as {@link #begin} was told
   */
  public CommandKind kind() {
    return kind;
  }

  /** Lets go of everything it holds. */
  public void clear() {
    kind = CommandKind.NONE;
    namespace = NO_NAMESPACE;
    key.clear();
    value.clear();
    ttlMillis = 0;
  }

  /**
   * The most bytes it takes, whatever its id.
   *
   * @return an upper bound, closer than 32 bytes
   */
  public long sizeBytesMax() {
    return Varint.BYTES_MAX + 3L * 12 + namespace.size() + (long) key.size() + value.size();
  }

  /**
   * Writes it.
   *
   * @param sink where to
   * @param messageId its number in this connection
   */
  public void writeTo(ByteSink sink, long messageId) {
    if (kind == CommandKind.NONE) {
      writeControl(sink, messageId, ControlCode.NORMAL);
      return;
    }
    int inner = innerBytes();
    int unary = 1 + Varint.size(inner) + inner;
    Varint.put(sink, headBytes(messageId) + 1L + Varint.size(unary) + unary);
    putHead(sink, messageId, ControlCode.NORMAL);
    sink.putByte(UNARY);
    Varint.put(sink, unary);
    sink.putByte(kind.field << 3 | 2);
    Varint.put(sink, inner);
    if (kind == CommandKind.AUTHENTICATE) {
      put(sink, FIRST_BYTES, key);
      return;
    }
    put(sink, FIRST_BYTES, namespace);
    put(sink, SECOND_BYTES, key);
    if (kind == CommandKind.SET) {
      put(sink, THIRD_BYTES, value);
      sink.putByte(TTL_MILLIS);
      Varint.put(sink, ttlMillis);
    }
  }

  /**
   * Writes a message with a control code alone.
   *
   * @param sink where to
   * @param messageId the command that it is about
   * @param code what it says
   */
  public static void writeControl(ByteSink sink, long messageId, ControlCode code) {
    Varint.put(sink, headBytes(messageId));
    putHead(sink, messageId, code);
  }

  private static int headBytes(long messageId) {
    return 1 + Varint.size(messageId) + 2;
  }

  private static void putHead(ByteSink sink, long messageId, ControlCode code) {
    sink.putByte(MESSAGE_ID);
    Varint.put(sink, messageId);
    sink.putByte(CONTROL_CODE);
    sink.putByte(code.ordinal());
  }

  private int innerBytes() {
    return switch (kind) {
      case AUTHENTICATE -> size(key);
      case SET -> size(namespace) + size(key) + size(value) + 1 + Varint.size(ttlMillis);
      default -> size(namespace) + size(key);
    };
  }

  private static int size(FieldBytes bytes) {
    return 1 + Varint.size(bytes.size()) + bytes.size();
  }

  private static void put(ByteSink sink, int tag, FieldBytes bytes) {
    sink.putByte(tag);
    Varint.put(sink, bytes.size());
    bytes.writeTo(sink);
  }
}

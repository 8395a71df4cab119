package dev.uring.redis.codec;

import dev.uring.bytes.ByteView;

/**
 * Finds where an encoded reply ends, without looking into it.
 *
 * <h2>Shapes and units</h2>
 *
 * Knows every type of RESP2 and RESP3 but streamed ones. Nesting costs no stack: an aggregate only
 * adds to the number of values still to be skipped.
 *
 * <h2>Threading and cancellation</h2>
 *
 * One thread; allocates nothing.
 *
 * <h2>Source</h2>
 *
 * RESP protocol description, the first byte of each type.
 */
public final class RespReplyFrame {
  /** What {@link #end} answers when the reply is not complete. */
  public static final int INCOMPLETE = -1;

  /** What {@link #end} answers when no reply begins like this. */
  public static final int MALFORMED = -2;

  private final RespInteger integer = new RespInteger();

  /** A reader that has read nothing yet. */
  public RespReplyFrame() {}

  /**
   * Skips one reply with all that it contains.
   *
   * @param bytes where it stands
   * @param from its first byte
   * @return the position after its last byte, {@link #INCOMPLETE} or {@link #MALFORMED}
   */
  public int end(ByteView bytes, int from) {
    int at = from;
    long valuesLeft = 1;
    while (valuesLeft > 0) {
      int line = at < bytes.size() ? bytes.indexOf((byte) '\r', at) : -1;
      if (line < 0 || line + 1 >= bytes.size()) {
        return INCOMPLETE;
      }
      valuesLeft--;
      byte type = bytes.get(at);
      switch (type) {
        case '+', '-', ':', '_', '#', ',', '(' -> at = line + 2;
        case '$', '=', '!' -> {
          if (!parseLength(bytes, at + 1, line)) {
            return MALFORMED;
          }
          long end = line + 2 + (integer.value() < 0 ? 0 : integer.value() + 2);
          if (end > bytes.size()) {
            return INCOMPLETE;
          }
          at = (int) end;
        }
        case '*', '~', '>', '%', '|' -> {
          if (!parseLength(bytes, at + 1, line)) {
            return MALFORMED;
          }
          at = line + 2;
          // Attributes stand in front of the value that they belong to: they are no value
          // themselves.
          valuesLeft += Math.max(integer.value(), 0) * (type == '%' || type == '|' ? 2 : 1);
          valuesLeft += type == '|' ? 1 : 0;
        }
        default -> {
          return MALFORMED;
        }
      }
    }
    return at;
  }

  /**
   * The number behind the type byte of a reply: an integer's value, a bulk's length, an aggregate's
   * number of elements.
   *
   * @param bytes where the reply stands
   * @param from its first byte
   * @return the number; {@link Long#MIN_VALUE} when there is none
   */
  public long number(ByteView bytes, int from) {
    int line = bytes.indexOf((byte) '\r', from);
    boolean found = line > from && integer.parse(bytes, from + 1, line - from - 1);
    return found ? integer.value() : Long.MIN_VALUE;
  }

  private boolean parseLength(ByteView bytes, int from, int until) {
    return integer.parse(bytes, from, until - from) && integer.value() <= Integer.MAX_VALUE;
  }
}

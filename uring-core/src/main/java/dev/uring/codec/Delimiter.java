package dev.uring.codec;

import dev.uring.base.FramingException;
import dev.uring.bytes.ByteView;
import java.util.HexFormat;

/** Messages that end with certain bytes, which are not part of their payload. */
public final class Delimiter implements Framing {
  private static final byte NEWLINE = '\n';
  private static final byte RETURN = '\r';

  private final byte[] delimiter;
  private final int payloadBytesMax;
  private final boolean isLine;

  private Delimiter(byte[] delimiter, int payloadBytesMax, boolean isLine) {
    if (delimiter.length == 0 || payloadBytesMax < 0) {
      throw new IllegalArgumentException("delimiter of "
          + delimiter.length
          + " bytes (1 or more), payloadBytesMax="
          + payloadBytesMax
          + " (0 or more)");
    }
    this.delimiter = delimiter;
    this.payloadBytesMax = payloadBytesMax;
    this.isLine = isLine;
  }

  /**
   * Messages that end with given bytes.
   *
   * @param delimiter the bytes, at least one
   * @param payloadBytesMax most bytes of a message before them
   * @return the framing
   */
  public static Delimiter of(byte[] delimiter, int payloadBytesMax) {
    return new Delimiter(delimiter.clone(), payloadBytesMax, false);
  }

  /**
   * Lines that end with a line feed; a carriage return before it belongs to the end.
   *
   * @param lineBytesMax most bytes of a line without its end
   * @return the framing
   */
  public static Delimiter line(int lineBytesMax) {
    return new Delimiter(new byte[] {NEWLINE}, lineBytesMax, true);
  }

  @Override
  public int measure(ByteView bytes, int seenBytes) {
    int from = Math.min(Math.max(seenBytes - delimiter.length + 1, 0), bytes.size());
    int at = find(bytes, from);
    // A line's carriage return is not counted: the limit is the payload's.
    long payloadMax = (long) payloadBytesMax + (isLine ? 1 : 0);
    if (at < 0) {
      if (bytes.size() - delimiter.length >= payloadMax) {
        throw tooLong(">= " + (payloadBytesMax + 1L));
      }
      return -(bytes.size() + 1);
    }
    int frameBytes = at + delimiter.length;
    int payload = payloadBytes(bytes, frameBytes);
    if (payload > payloadBytesMax) {
      throw tooLong(Integer.toString(payload));
    }
    return frameBytes;
  }

  @Override
  public int payloadFrom(ByteView frame) {
    return 0;
  }

  @Override
  public int payloadBytes(ByteView frame, int frameBytes) {
    int end = frameBytes - delimiter.length;
    return isLine && end > 0 && frame.get(end - 1) == RETURN ? end - 1 : end;
  }

  @Override
  public String toString() {
    return isLine ? "line" : "delimiter 0x" + HexFormat.of().formatHex(delimiter);
  }

  private int find(ByteView bytes, int from) {
    byte first = delimiter[0];
    int at = bytes.indexOf(first, from);
    while (at >= 0 && at + delimiter.length <= bytes.size()) {
      if (delimiter.length == 1 || bytes.contentEquals(at, delimiter.length, delimiter)) {
        return at;
      }
      at = bytes.indexOf(first, at + 1);
    }
    return -1;
  }

  private FramingException tooLong(String found) {
    return new FramingException(
        (isLine ? "line" : "message before its delimiter 0x" + HexFormat.of().formatHex(delimiter))
            + " of "
            + found
            + " bytes exceeds payloadBytesMax="
            + payloadBytesMax
            + " bytes.\n  Likely cause: the peer writes another format, or longer messages than this"
            + " side takes. Raise the limit of the framing.");
  }
}

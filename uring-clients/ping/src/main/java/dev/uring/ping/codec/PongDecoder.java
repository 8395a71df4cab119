package dev.uring.ping.codec;

import dev.uring.bytes.ByteView;
import dev.uring.codec.DecodeStatus;
import java.nio.charset.StandardCharsets;

/**
 * Finds the next answer in what a server has sent.
 *
 * <h2>Shapes and units</h2>
 *
 * After {@code DONE}, {@link #pong()} is the answer and {@link #consumedBytes()} says how far it
 * went; an unfinished line stays in the view.
 *
 * <h2>Ownership</h2>
 *
 * Keeps nothing of the view.
 *
 * <h2>Threading and cancellation</h2>
 *
 * One connection, one thread. A pong allocates nothing.
 *
 * <h2>Errors</h2>
 *
 * {@code BAD} and {@link #errorText()}, for good: another line, or one longer than
 * {@link PingCodec#LINE_BYTES_MAX}.
 */
public final class PongDecoder {
  private static final byte[] PONG = "PONG".getBytes(StandardCharsets.US_ASCII);
  private static final int SHOWN_BYTES_MAX = 40;

  // Bytes of the unfinished line that hold no line end: they need not be looked at again.
  private int seenBytes;
  private int consumedBytes;
  private Pong pong;
  private String errorText;

  /** A decoder that has seen nothing yet. */
  public PongDecoder() {}

  /**
   * Looks for the next answer.
   *
   * @param bytes the unconsumed bytes; after {@code NEED_MORE} the same ones followed by more
   * @param from where they begin
   * @return whether there is a whole one, a part of one, or none and there never will be
   */
  public DecodeStatus decode(ByteView bytes, int from) {
    consumedBytes = 0;
    if (errorText != null) {
      return DecodeStatus.BAD;
    }
    int end = bytes.indexOf((byte) '\n', from + seenBytes);
    int lineBytes = (end < 0 ? bytes.size() : end) - from;
    if (lineBytes - 1 > PingCodec.LINE_BYTES_MAX) {
      return bad("line is longer than lineBytesMax=" + PingCodec.LINE_BYTES_MAX);
    }
    if (end < 0) {
      seenBytes = lineBytes;
      return DecodeStatus.NEED_MORE;
    }
    seenBytes = 0;
    int until = end > from && bytes.get(end - 1) == '\r' ? end - 1 : end;
    consumedBytes = end + 1 - from;
    return line(bytes, from, until);
  }

  private DecodeStatus line(ByteView bytes, int from, int until) {
    int first = until > from ? bytes.get(from) : 0;
    if (first == '+' || bytes.contentEquals(from, until - from, PONG)) {
      pong = Pong.GOOD;
      return DecodeStatus.DONE;
    }
    if (first == '-') {
      pong = new Pong(until == from + 1 ? "" : bytes.toUtf8(from + 1, until - from - 1));
      return DecodeStatus.DONE;
    }
    consumedBytes = 0;
    int shown = Math.min(until - from, SHOWN_BYTES_MAX);
    return bad("'" + (shown == 0 ? "" : bytes.toLatin1(from, shown)) + "' is no answer to PING");
  }

  /**
   * The answer found last.
   *
   * @return never {@code null} after {@code DONE}
   */
  public Pong pong() {
    return pong;
  }

  /**
   * How far the last call moved the input.
   *
   * @return bytes from {@code from} on that the caller must not show again
   */
  public int consumedBytes() {
    return consumedBytes;
  }

  /**
   * What is wrong.
   *
   * @return the fault, or {@code null} as long as there is none
   */
  public String errorText() {
    return errorText;
  }

  private DecodeStatus bad(String fault) {
    errorText = "ping: " + fault;
    return DecodeStatus.BAD;
  }
}

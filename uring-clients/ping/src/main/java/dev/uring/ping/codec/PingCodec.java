package dev.uring.ping.codec;

import dev.uring.bytes.ByteSink;
import dev.uring.bytes.ByteView;
import java.nio.charset.StandardCharsets;

/**
 * The bytes of the protocol.
 *
 * <h2>Shapes and units</h2>
 *
 * A request is {@code PING\r\n}. The answer is one line: {@code PONG} or any line that begins with
 * {@code +} is a pong, one that begins with {@code -} is an error. Lines end with {@code \n}; a
 * {@code \r} before it belongs to the end.
 *
 * <h2>Threading and cancellation</h2>
 *
 * Without state.
 */
public final class PingCodec {
  /** 64 KiB: an error may say a lot, and a peer without line ends must not fill the memory. */
  public static final int LINE_BYTES_MAX = 64 << 10;

  /** How long a request is. */
  public static final int PING_BYTES = 6;

  private static final byte[] PING = "PING\r\n".getBytes(StandardCharsets.US_ASCII);
  private static final byte[] PONG = "PONG\r\n".getBytes(StandardCharsets.US_ASCII);
  private static final byte[] PING_WORD = "PING".getBytes(StandardCharsets.US_ASCII);

  private PingCodec() {}

  /**
   * Writes a request.
   *
   * @param out where to
   */
  public static void ping(ByteSink out) {
    out.putBytes(PING);
  }

  /**
   * Writes the answer to a request.
   *
   * @param out where to
   */
  public static void pong(ByteSink out) {
    out.putBytes(PONG);
  }

  /**
   * Writes an answer that refuses.
   *
   * @param out where to
   * @param text why; without line ends
   */
  public static void error(ByteSink out, String text) {
    if (text.indexOf('\n') >= 0 || text.indexOf('\r') >= 0) {
      throw new IllegalArgumentException("ping: an error is one line, this is not: " + text);
    }
    out.putByte('-').putUtf8(text).putByte('\r').putByte('\n');
  }

  /**
   * Whether a line is a request.
   *
   * @param line without its end, borrowed
   * @return {@code false} for anything but {@code PING} in capitals
   */
  public static boolean isPing(ByteView line) {
    return line.size() == PING_WORD.length && line.contentEquals(0, line.size(), PING_WORD);
  }
}

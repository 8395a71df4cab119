package dev.uring.bench.subject;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/**
 * Answers every {@code PING} of redis-benchmark with {@code PONG}, after burning as much CPU as
 * {@code MODE spin NANOS} says: the self-check's server of known slowness.
 *
 * <p>Not a Redis: it counts bytes. Every PING is the same 14 bytes, and whatever does not begin
 * with a one-element array (redis-benchmark asks for {@code CONFIG} first and lives without it)
 * gets an error.
 */
public final class NioPingTwin implements NioServer.Responder {
  private static final int CONNECTIONS_MAX = 4096;
  private static final byte[] PING = ascii("*1\r\n$4\r\nPING\r\n");
  private static final byte[] PONG = ascii("+PONG\r\n");
  private static final byte[] ERROR = ascii("-ERR unknown command\r\n");

  // Bytes of an unfinished PING at the end of the connection's last read.
  private final int[] unfinishedBytes = new int[CONNECTIONS_MAX];
  private final ByteBuffer replies = ByteBuffer.allocateDirect(NioServer.READ_BYTES);
  private volatile long spinNanos;

  private NioPingTwin() {}

  /**
   * Runs the server until the harness ends it.
   *
   * @param args none
   * @throws IOException when the server cannot listen
   */
  public static void main(String[] args) throws IOException {
    NioPingTwin twin = new NioPingTwin();
    int port = NioServer.start(0, twin);
    new SubjectControl(port, "PING of a known cost, only for the self-check")
        .modes(text -> twin.spinNanos = Long.parseLong(text.substring("spin ".length())))
        .serve();
  }

  @Override
  public ByteBuffer respond(ByteBuffer received, int connection) {
    int slot = connection % CONNECTIONS_MAX;
    replies.clear();
    if (unfinishedBytes[slot] == 0 && received.remaining() > 1 && received.get(1) != PING[1]) {
      return replies.put(ERROR).flip();
    }
    int bytes = unfinishedBytes[slot] + received.remaining();
    unfinishedBytes[slot] = bytes % PING.length;
    int pings = bytes / PING.length;
    Spin.nanos(spinNanos * pings);
    for (int i = 0; i < pings; i++) {
      replies.put(PONG);
    }
    return replies.flip();
  }

  private static byte[] ascii(String text) {
    return text.getBytes(StandardCharsets.US_ASCII);
  }
}

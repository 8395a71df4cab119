package dev.uring.bench.subject;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Locale;
import java.util.Random;

/**
 * {@link NioEcho} that can be told to misbehave, so that the harness can show that it would notice.
 *
 * <p>Modes, given by {@code MODE} lines: {@code none}; {@code spin NANOS REQUEST_BYTES} burns that
 * much CPU for each request; {@code flip}, {@code drop}, {@code duplicate}, {@code cross},
 * {@code hang-up} spoil about one reply in {@value #REPLIES_PER_FAULT}: a wrong bit, a byte too
 * few, a byte too many, another connection's bytes, a close.
 */
public final class NioEchoTwin implements NioServer.Responder {
  private static final int REPLIES_PER_FAULT = 20;
  private static final long SEED = 0x5eedL;

  private enum Fault {
    NONE,
    FLIP,
    DROP,
    DUPLICATE,
    CROSS,
    HANG_UP
  }

  private record Mode(Fault fault, long spinNanosPerRequest, int requestBytes) {
    static Mode parse(String text) {
      String[] words = text.split(" ");
      if (words[0].equals("spin") && words.length == 3) {
        return new Mode(Fault.NONE, Long.parseLong(words[1]), Integer.parseInt(words[2]));
      }
      return new Mode(Fault.valueOf(text.toUpperCase(Locale.ROOT).replace('-', '_')), 0, 1);
    }
  }

  private final Random random = new Random(SEED);
  private final ByteBuffer spoiled = ByteBuffer.allocateDirect(NioServer.READ_BYTES + 1);
  private final ByteBuffer previous = ByteBuffer.allocateDirect(NioServer.READ_BYTES);
  private int previousConnection = -1;
  private volatile Mode mode = Mode.parse("none");

  private NioEchoTwin() {}

  /**
   * Runs the server until the harness ends it.
   *
   * @param args none
   * @throws IOException when the server cannot listen
   */
  public static void main(String[] args) throws IOException {
    NioEchoTwin twin = new NioEchoTwin();
    int port = NioServer.start(0, twin);
    new SubjectControl(port, "jdk-nio with switchable faults, only for the self-check")
        .modes(text -> twin.mode = Mode.parse(text))
        .serve();
  }

  @Override
  public ByteBuffer respond(ByteBuffer received, int connection) {
    Mode now = mode;
    Spin.nanos(now.spinNanosPerRequest * Math.max(1, received.remaining() / now.requestBytes));
    if (now.fault == Fault.NONE) {
      return received;
    }
    ByteBuffer reply = random.nextInt(REPLIES_PER_FAULT) == 0 && received.hasRemaining()
        ? spoil(now.fault, received, connection)
        : received;
    previous.clear().put(received.duplicate()).flip();
    previousConnection = connection;
    return reply;
  }

  private ByteBuffer spoil(Fault fault, ByteBuffer received, int connection) {
    int at = random.nextInt(received.remaining());
    spoiled.clear().put(received.duplicate());
    switch (fault) {
      case FLIP -> spoiled.put(at, (byte) (spoiled.get(at) ^ 1));
      case DROP -> spoiled.position(at).put(received.duplicate().position(at + 1));
      case DUPLICATE -> spoiled.position(at + 1).put(received.duplicate().position(at));
      case CROSS -> {
        if (previousConnection == connection || previous.limit() != received.remaining()) {
          return received;
        }
        spoiled.clear().put(previous.duplicate());
      }
      case HANG_UP -> {
        return null;
      }
      case NONE -> throw new AssertionError();
    }
    return spoiled.flip();
  }
}

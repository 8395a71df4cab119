package dev.uring.bench.subject;

import java.io.IOException;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.DatagramChannel;
import java.util.Locale;
import java.util.Random;

/**
 * {@link NioUdpEcho} that can be told to misbehave, so that the harness can show that it would
 * notice.
 *
 * <p>Modes, given by {@code MODE} lines: {@code none}; {@code spin NANOS} burns that much CPU for
 * each datagram; {@code flip}, {@code cut}, {@code duplicate}, {@code cross}, {@code drop} spoil
 * about one reply in {@value #REPLIES_PER_FAULT}: a wrong bit, a byte too few, the reply twice, the
 * reply to the one who was answered before, none at all.
 */
public final class NioUdpEchoTwin implements NioUdpServer.Responder {
  private static final int REPLIES_PER_FAULT = 20;

  // Looking at the clock costs a twentieth of what is to be burnt: done for some datagrams at once.
  private static final int DATAGRAMS_PER_SPIN = 16;
  private static final long SEED = 0x5eedL;

  private enum Fault {
    NONE,
    FLIP,
    CUT,
    DUPLICATE,
    CROSS,
    DROP
  }

  private record Mode(Fault fault, long spinNanos) {
    static Mode parse(String text) {
      String[] words = text.split(" ");
      return words[0].equals("spin") && words.length == 2
          ? new Mode(Fault.NONE, Long.parseLong(words[1]))
          : new Mode(Fault.valueOf(text.toUpperCase(Locale.ROOT)), 0);
    }
  }

  private final Random random = new Random(SEED);
  private SocketAddress previous;
  private int sinceSpin;
  private volatile Mode mode = Mode.parse("none");

  private NioUdpEchoTwin() {}

  /**
   * Runs the server until the harness ends it.
   *
   * @param args none
   * @throws IOException when the server cannot be bound
   */
  public static void main(String[] args) throws IOException {
    NioUdpEchoTwin twin = new NioUdpEchoTwin();
    int port = NioUdpServer.start(twin);
    new SubjectControl(port, "jdk-nio with switchable faults, only for the self-check")
        .modes(text -> twin.mode = Mode.parse(text))
        .serve();
  }

  @Override
  public void respond(ByteBuffer received, SocketAddress from, DatagramChannel channel)
      throws IOException {
    Mode now = mode;
    if (now.fault == Fault.NONE) {
      spin(now.spinNanos);
      channel.send(received, from);
      return;
    }
    Fault fault = random.nextInt(REPLIES_PER_FAULT) == 0 ? now.fault : Fault.NONE;
    SocketAddress to = from;
    switch (fault) {
      case FLIP -> {
        int at = received.remaining() - 1;
        received.put(at, (byte) (received.get(at) ^ 1));
      }
      case CUT -> received.limit(received.limit() - 1);
      case DUPLICATE -> channel.send(received.duplicate(), from);
      case CROSS -> to = previous == null ? from : previous;
      case DROP, NONE -> {
        // Nothing about the bytes.
      }
    }
    previous = from;
    if (fault != Fault.DROP) {
      channel.send(received, to);
    }
  }

  private void spin(long nanosPerDatagram) {
    if (++sinceSpin == DATAGRAMS_PER_SPIN) {
      sinceSpin = 0;
      Spin.nanos(nanosPerDatagram * DATAGRAMS_PER_SPIN);
    }
  }
}

package dev.uring.bench.subject;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.DatagramChannel;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;

/**
 * A careful single-threaded UDP server on the JDK's {@link DatagramChannel}: the peer without a
 * library. One shared direct buffer, {@code select} with a consumer, and receives until nothing is
 * left, each answered at once.
 */
final class NioUdpServer {
  static final int DATAGRAM_BYTES = 2048;

  /** Answers datagrams. */
  interface Responder {
    /**
     * Answers one datagram.
     *
     * @param received ready to be read
     * @param from who sent it
     * @param channel where to send the answer
     * @throws IOException when it cannot be sent
     */
    void respond(ByteBuffer received, SocketAddress from, DatagramChannel channel)
        throws IOException;
  }

  private final Selector selector;
  private final DatagramChannel channel;
  private final ByteBuffer shared = ByteBuffer.allocateDirect(DATAGRAM_BYTES);
  private final Responder responder;

  private NioUdpServer(Responder responder) throws IOException {
    this.responder = responder;
    selector = Selector.open();
    channel = DatagramChannel.open();
    channel.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
    channel.configureBlocking(false);
    channel.register(selector, SelectionKey.OP_READ);
  }

  /**
   * Binds a free loopback port and serves on a daemon thread.
   *
   * @return the port
   */
  static int start(Responder responder) throws IOException {
    NioUdpServer server = new NioUdpServer(responder);
    Thread.ofPlatform().daemon().name("nio-udp-server").start(server::loop);
    return ((InetSocketAddress) server.channel.getLocalAddress()).getPort();
  }

  private void loop() {
    try {
      while (true) {
        selector.select(this::onReadable);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void onReadable(SelectionKey key) {
    try {
      SocketAddress from = channel.receive(shared.clear());
      while (from != null) {
        responder.respond(shared.flip(), from, channel);
        from = channel.receive(shared.clear());
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}

package dev.uring.bench.subject;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;

/**
 * A careful single-threaded server on the JDK's {@link Selector}: the peer without a library.
 *
 * <p>What a good program does, and all of it: one shared direct buffer (a heap buffer would be
 * copied into a direct one by each call), {@code select} with a consumer (no selected-key set to
 * fill and clear), the reply written at once without registering for writability, and interest in
 * writability only while the peer does not take the reply. While a rest is unsent the connection
 * does not read: a slow reader costs only itself.
 */
final class NioServer {
  /**
   * One read takes the largest request of any workload, so that a large echo is one read and one
   * write.
   */
  static final int READ_BYTES = 512 * 1024;

  private static final int BACKLOG = 4096;

  /** Turns what was received into what is sent. */
  interface Responder {
    /**
     * Answers the bytes of one read.
     *
     * @param received ready to be read; may be changed and returned
     * @param connection the connection's attachment, its index since start
     * @return what to send, valid until the next call; {@code null} closes the connection
     */
    ByteBuffer respond(ByteBuffer received, int connection);
  }

  private static final class Connection {
    final int index;
    ByteBuffer rest = ByteBuffer.allocateDirect(0);

    Connection(int index) {
      this.index = index;
    }
  }

  private final Selector selector;
  private final ServerSocketChannel listener;
  private final ByteBuffer shared = ByteBuffer.allocateDirect(READ_BYTES);
  private final Responder responder;
  private int connectionsCount;

  private NioServer(int port, Responder responder) throws IOException {
    this.responder = responder;
    selector = Selector.open();
    listener = ServerSocketChannel.open();
    listener.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), BACKLOG);
    listener.configureBlocking(false);
    listener.register(selector, SelectionKey.OP_ACCEPT);
  }

  /**
   * Listens on loopback and serves on a daemon thread.
   *
   * @param port 0 for a free one
   * @return the port
   */
  static int start(int port, Responder responder) throws IOException {
    NioServer server = new NioServer(port, responder);
    Thread.ofPlatform().daemon().name("nio-server").start(server::loop);
    return ((InetSocketAddress) server.listener.getLocalAddress()).getPort();
  }

  private void loop() {
    try {
      while (true) {
        selector.select(this::onReady);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void onReady(SelectionKey key) {
    try {
      if (key.isAcceptable()) {
        accept();
      } else if (key.isWritable()) {
        onWritable(key);
      } else {
        onReadable(key);
      }
    } catch (IOException e) {
      close(key); // the peer reset the connection
    }
  }

  private void accept() throws IOException {
    for (SocketChannel peer = listener.accept(); peer != null; peer = listener.accept()) {
      peer.configureBlocking(false);
      peer.setOption(StandardSocketOptions.TCP_NODELAY, true);
      peer.register(selector, SelectionKey.OP_READ, new Connection(connectionsCount++));
    }
  }

  private void onReadable(SelectionKey key) throws IOException {
    SocketChannel channel = (SocketChannel) key.channel();
    Connection connection = (Connection) key.attachment();
    shared.clear();
    int received = channel.read(shared);
    if (received < 0) {
      close(key);
      return;
    }
    ByteBuffer reply = responder.respond(shared.flip(), connection.index);
    if (reply == null) {
      close(key);
      return;
    }
    channel.write(reply);
    if (reply.hasRemaining()) {
      if (connection.rest.capacity() < reply.remaining()) {
        connection.rest = ByteBuffer.allocateDirect(reply.remaining());
      }
      connection.rest.clear().put(reply).flip();
      key.interestOps(SelectionKey.OP_WRITE);
    }
  }

  private void onWritable(SelectionKey key) throws IOException {
    Connection connection = (Connection) key.attachment();
    ((SocketChannel) key.channel()).write(connection.rest);
    if (!connection.rest.hasRemaining()) {
      key.interestOps(SelectionKey.OP_READ);
    }
  }

  private static void close(SelectionKey key) {
    key.cancel();
    try {
      key.channel().close();
    } catch (IOException e) {
      // The descriptor is released all the same.
    }
  }
}

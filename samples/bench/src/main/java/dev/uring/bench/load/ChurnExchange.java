package dev.uring.bench.load;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;

/**
 * One connection after another: connects, sends one request, compares the reply byte for byte,
 * sends the end, waits for the server's and begins again.
 *
 * <p>An operation is over with the server's end of the stream, so that a round leaves nothing for
 * the server to do. This side ends first and keeps the port in TIME_WAIT; the connections come from
 * {@value #SOURCES} loopback addresses by turns, which have ports enough for every rate.
 */
final class ChurnExchange {
  private static final int SOURCES = 200;
  private static final int SURPLUS_BYTES = 64;

  private final int slot;
  private final int slotsCount;
  private final InetSocketAddress server;
  private final LoadWindow window;
  private final Selector selector;
  private final ByteBuffer outgoing;
  private final ByteBuffer expected;
  private final ByteBuffer received;
  private final int requestBytes;

  private int serial;
  private SocketChannel channel;
  private SelectionKey key;
  private long beganNanos;

  ChurnExchange(
      int slot,
      int slotsCount,
      int port,
      int requestBytes,
      LoadContent content,
      LoadWindow window,
      Selector selector) {
    this.slot = slot;
    this.slotsCount = slotsCount;
    this.server = new InetSocketAddress(InetAddress.getLoopbackAddress(), port);
    this.requestBytes = requestBytes;
    this.window = window;
    this.selector = selector;
    outgoing = content.view();
    expected = content.view();
    received = ByteBuffer.allocateDirect(requestBytes + SURPLUS_BYTES);
    serial = slot;
  }

  void begin() throws IOException {
    beganNanos = window.nowNanos();
    window.sent(1);
    // No two exchanges under way have the same content: another's bytes are wrong bytes.
    serial += slotsCount;
    int from = (int) (LoadContent.base(serial) % LoadContent.PERIOD);
    outgoing.clear().position(from).limit(from + requestBytes);
    expected.clear().position(from).limit(from + requestBytes);
    received.clear();
    channel = SocketChannel.open();
    channel.configureBlocking(false);
    channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
    byte[] source = {127, 0, 1, (byte) (1 + serial % SOURCES)};
    channel.bind(new InetSocketAddress(InetAddress.getByAddress(source), 0));
    key = channel.register(selector, 0, this);
    if (channel.connect(server)) {
      send();
    } else {
      key.interestOps(SelectionKey.OP_CONNECT);
    }
  }

  void onReady(SelectionKey ready) {
    try {
      if (ready.isConnectable()) {
        channel.finishConnect();
        send();
      } else if (ready.isWritable()) {
        send();
      } else if (ready.isReadable()) {
        receive();
      }
    } catch (IOException e) {
      throw refuse("failed: " + e.getMessage());
    }
  }

  private void send() throws IOException {
    channel.write(outgoing);
    key.interestOps(outgoing.hasRemaining() ? SelectionKey.OP_WRITE : SelectionKey.OP_READ);
  }

  private void receive() throws IOException {
    int before = received.position();
    int count = channel.read(received);
    if (count < 0) {
      ended(before);
      return;
    }
    if (received.position() > requestBytes) {
      throw refuse((received.position() - requestBytes) + " bytes more than were sent");
    }
    int wrong = expected.mismatch(received.duplicate().flip());
    if (wrong >= 0 && wrong < received.position()) {
      throw refuse("wrong byte at offset %d: expected 0x%02x, got 0x%02x"
          .formatted(wrong, expected.get(expected.position() + wrong), received.get(wrong)));
    }
    if (received.position() == requestBytes) {
      channel.shutdownOutput();
    }
  }

  private void ended(int receivedBytes) throws IOException {
    if (receivedBytes < requestBytes) {
      throw refuse("closed by the server after " + receivedBytes + " bytes");
    }
    channel.close();
    window.replied(1, beganNanos);
    if (window.going()) {
      begin();
    }
  }

  void drop() {
    try {
      if (channel != null) {
        channel.close();
      }
    } catch (IOException e) {
      // The descriptor is released all the same.
    }
  }

  private LoadException refuse(String what) {
    return new LoadException("connection " + serial + " of slot " + slot + ": " + what);
  }
}

package dev.uring.bench.load;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketTimeoutException;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;

/**
 * One connection of the Java load generator: sends a pipeline of requests and compares every byte
 * that comes back.
 */
final class LoadConnection {
  private static final int READ_BYTES = 256 * 1024;
  // Shared by all connections: one thread, and every read is compared before the next.
  private static final ByteBuffer RECEIVED = ByteBuffer.allocateDirect(READ_BYTES);

  private final int slot;
  private final int payloadBytes;
  private final int pipeline;
  private final LoadWindow window;
  private final ByteBuffer outgoing;
  private final ByteBuffer expected;
  private final SocketChannel channel;
  private final SelectionKey key;

  // Requests written at the same moment; replies complete them oldest first.
  private final long[] batchAtNanos;
  private final int[] batchCount;
  private int batchHead;
  private int batches;

  // Invariant: receivedBytes <= sentBytes <= wantedBytes.
  private long wantedBytes;
  private long sentBytes;
  private long receivedBytes;
  private long replies;

  LoadConnection(
      int slot,
      int port,
      int payloadBytes,
      int pipeline,
      LoadContent content,
      LoadWindow window,
      Selector selector)
      throws IOException {
    this.slot = slot;
    this.payloadBytes = payloadBytes;
    this.pipeline = pipeline;
    this.window = window;
    outgoing = content.view();
    expected = content.view();
    batchAtNanos = new long[pipeline];
    batchCount = new int[pipeline];
    channel = SocketChannel.open(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
    channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
    channel.configureBlocking(false);
    key = channel.register(selector, SelectionKey.OP_READ, this);
  }

  void fillPipeline() throws IOException {
    want(pipeline);
    send();
  }

  void onReady(SelectionKey ready) {
    try {
      if (ready.isWritable()) {
        send();
      }
      if (ready.isReadable()) {
        receive();
      }
    } catch (IOException e) {
      throw refuse("failed: " + e.getMessage());
    }
  }

  private void want(int requests) {
    int batch = (batchHead + batches++) % pipeline;
    batchAtNanos[batch] = window.nowNanos();
    batchCount[batch] = requests;
    wantedBytes += (long) requests * payloadBytes;
    window.sent(requests);
  }

  // What is wanted and not yet sent is one piece of the table, except where the table wraps.
  private void send() throws IOException {
    while (sentBytes < wantedBytes) {
      at(outgoing, sentBytes);
      int bytes = (int) Math.min(outgoing.remaining(), wantedBytes - sentBytes);
      outgoing.limit(outgoing.position() + bytes);
      int sent = channel.write(outgoing);
      sentBytes += sent;
      if (sent < bytes) {
        key.interestOps(SelectionKey.OP_READ | SelectionKey.OP_WRITE);
        return;
      }
    }
    if (key.interestOps() != SelectionKey.OP_READ) {
      key.interestOps(SelectionKey.OP_READ);
    }
  }

  private void receive() throws IOException {
    RECEIVED.clear();
    int received = channel.read(RECEIVED);
    if (received < 0) {
      throw refuse("closed by the server after " + receivedBytes + " bytes");
    }
    verify(RECEIVED.flip());
    completeReplies();
  }

  private void verify(ByteBuffer received) {
    long excess = receivedBytes + received.remaining() - wantedBytes;
    if (excess > 0) {
      throw refuse(excess + " bytes more than were sent");
    }
    int until = received.limit();
    while (received.position() < until) {
      at(expected, receivedBytes);
      int bytes = Math.min(expected.remaining(), until - received.position());
      expected.limit(expected.position() + bytes);
      received.limit(received.position() + bytes);
      int wrong = expected.mismatch(received);
      if (wrong >= 0) {
        throw refuse("wrong byte at offset %d: expected 0x%02x, got 0x%02x"
            .formatted(
                receivedBytes + wrong,
                expected.get(expected.position() + wrong),
                received.get(received.position() + wrong)));
      }
      receivedBytes += bytes;
      received.position(received.position() + bytes);
      received.limit(until);
    }
  }

  private void completeReplies() throws IOException {
    int done = (int) (receivedBytes / payloadBytes - replies);
    if (done == 0) {
      return;
    }
    replies += done;
    for (int left = done; left > 0; ) {
      int part = Math.min(left, batchCount[batchHead]);
      window.replied(part, batchAtNanos[batchHead]);
      left -= part;
      batchCount[batchHead] -= part;
      if (batchCount[batchHead] == 0) {
        batchHead = (batchHead + 1) % pipeline;
        batches--;
      }
    }
    if (window.going()) {
      want(done);
      send();
    }
  }

  private void at(ByteBuffer table, long position) {
    table.clear().position((int) ((LoadContent.base(slot) + position) % LoadContent.PERIOD));
  }

  /** Half-closes and waits for the server to do the same, without a byte too many. */
  void expectEnd(long withinNanos) throws IOException {
    key.cancel();
    key.selector().selectNow();
    channel.configureBlocking(true);
    channel.shutdownOutput();
    channel.socket().setSoTimeout((int) Math.max(1, withinNanos / 1_000_000));
    try {
      if (channel.socket().getInputStream().read() >= 0) {
        throw refuse("bytes after the last reply");
      }
    } catch (SocketTimeoutException e) {
      throw refuse("stalled: not closed by the server");
    }
  }

  void drop() {
    try {
      channel.close();
    } catch (IOException e) {
      // The descriptor is released all the same.
    }
  }

  private LoadException refuse(String what) {
    return new LoadException("connection " + slot + ": " + what);
  }
}

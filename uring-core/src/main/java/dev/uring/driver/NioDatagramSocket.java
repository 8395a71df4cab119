package dev.uring.driver;

import dev.uring.abi.Errno;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.DatagramChannel;
import java.nio.channels.MembershipKey;
import java.nio.channels.SelectionKey;
import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.Map;

/**
 * A UDP socket: one receive and any number of sends under way.
 *
 * <p>Sends are tried inside the call that asks; those that the socket has no room for wait here, in
 * order. A train is sent datagram by datagram.
 */
final class NioDatagramSocket extends NioSocket {
  // Datagrams that one socket brings in a turn before the others have theirs.
  private static final int RECEIVES_PER_TURN = 64;

  /** Where a group was joined: the key of its membership. */
  record Group(InetAddress address, int interfaceIndex) {}

  final Map<Group, MembershipKey> memberships = new HashMap<>();

  private final DatagramChannel channel;
  private final ArrayDeque<DatagramSend> waiting = new ArrayDeque<>();
  private final PackedAddress sender = new PackedAddress();
  private SocketAddress lastSender;
  private NioDatagrams datagrams;
  private NioDatagramBuffers buffers;
  private Operation receiving;

  // Bytes of the first waiting train that are sent.
  private int sentBytes;

  NioDatagramSocket(DatagramChannel channel) {
    this.channel = channel;
  }

  @Override
  DatagramChannel channel() {
    return channel;
  }

  @Override
  SocketAddress localAddress() throws IOException {
    return channel.getLocalAddress();
  }

  @Override
  SocketAddress remoteAddress() throws IOException {
    return channel.getRemoteAddress();
  }

  void receive(NioDriver by, NioDatagrams with, NioDatagramBuffers into, Operation operation) {
    by.begin(operation, this);
    datagrams = with;
    buffers = into;
    receiving = operation;
    watch(SelectionKey.OP_READ);
  }

  void send(NioDriver by, NioDatagrams with, DatagramSend operation) {
    by.begin(operation, this);
    datagrams = with;
    if (!waiting.isEmpty()) {
      waiting.add(operation);
      return;
    }
    sentBytes = 0;
    int result = trySend(operation);
    if (result == -Errno.EAGAIN) {
      waiting.add(operation);
      watch(SelectionKey.OP_WRITE);
    } else {
      by.answerLater(operation, result);
    }
  }

  @Override
  void ready(int ops) {
    if ((ops & SelectionKey.OP_WRITE) != 0) {
      writable();
    }
    if ((ops & SelectionKey.OP_READ) != 0) {
      readable();
    }
  }

  @Override
  void cancel(Operation operation) {
    int result = -Errno.ECANCELED;
    if (operation == receiving) {
      receiving = null;
    } else {
      boolean isFirst = waiting.peek() == operation;
      if (!(operation instanceof DatagramSend send) || !waiting.remove(send)) {
        // Its answer is on its way.
        return;
      }
      if (isFirst) {
        result = sentBytes > 0 ? sentBytes : result;
        sentBytes = 0;
      }
    }
    driver().answerLater(operation, result);
  }

  private void writable() {
    while (!waiting.isEmpty()) {
      DatagramSend first = waiting.peek();
      int result = trySend(first);
      if (result == -Errno.EAGAIN) {
        return;
      }
      waiting.remove();
      sentBytes = 0;
      driver().answer(first, result);
    }
    unwatch(SelectionKey.OP_WRITE);
  }

  // Sends what is left of it: the answer, or EAGAIN when the socket has no room.
  private int trySend(DatagramSend send) {
    int step = send.segmentBytes() == 0 ? send.length() : send.segmentBytes();
    try {
      do {
        int bytes = Math.min(step, send.length() - sentBytes);
        ByteBuffer view = driver().gather().view(send.memory, send.offset + sentBytes, bytes);
        if (!sendOne(view, send.to())) {
          return -Errno.EAGAIN;
        }
        sentBytes += bytes;
      } while (sentBytes < send.length());
      return send.length();
    } catch (IOException | RuntimeException refused) {
      return -NioErrors.errno(refused);
    }
  }

  // Of an empty datagram the JDK says 0 whether it was sent or not; there is nearly always room for
  // one.
  private boolean sendOne(ByteBuffer view, PackedAddress to) throws IOException {
    int wanted = view.remaining();
    if (wanted == 0 && to == null) {
      throw new UnsupportedOperationException("the JDK sends no empty datagram to a fixed peer");
    }
    int sent = to == null ? channel.write(view) : channel.send(view, datagrams.peer(to));
    return sent == wanted;
  }

  private void readable() {
    if (receiving == null) {
      unwatch(SelectionKey.OP_READ);
      return;
    }
    for (int i = 0; receiving != null && i < RECEIVES_PER_TURN; i++) {
      int bufferId = buffers.next();
      int result = receiveOne(bufferId);
      if (result == -Errno.EAGAIN) {
        return;
      }
      if (result < 0) {
        Operation operation = receiving;
        receiving = null;
        driver().answer(operation, result);
        return;
      }
      deliver(bufferId, result);
    }
  }

  // The bytes that are in the buffer, or a negative errno.
  private int receiveOne(int bufferId) {
    ByteBuffer into = datagrams.receiveView(buffers, bufferId);
    try {
      SocketAddress from = channel.receive(into);
      if (from == null) {
        return -Errno.EAGAIN;
      }
      if (from != lastSender) {
        // The JDK keeps the object of the last sender, too.
        lastSender = from;
        sender.set((InetSocketAddress) from);
      }
    } catch (IOException | RuntimeException refused) {
      return -NioErrors.errno(refused);
    }
    int fullLength = into.position();
    buffers.note(bufferId, sender, fullLength);
    return datagrams.received(buffers, bufferId, fullLength);
  }

  private void deliver(int bufferId, int bytes) {
    driver().counters().completed++;
    NioDatagramBuffers lent = buffers;
    lent.lend(bufferId);
    try {
      receiving.completed(bytes, bufferId, false);
    } finally {
      lent.release(bufferId);
    }
  }
}

package dev.uring.driver;

import dev.uring.abi.Errno;
import java.io.IOException;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SelectableChannel;
import java.nio.channels.SelectionKey;
import java.nio.channels.SocketChannel;

/**
 * A TCP or Unix connection: one connect, receive and send under way at a time, each.
 *
 * <p>A send is tried inside the call that asks for it; the selector is only told when the socket
 * takes no more. Its answer waits for the next delivery all the same.
 */
final class NioStream extends NioSocket {
  // Buffers that one connection fills in a turn before the others have theirs: a fast sender is
  // read with one selection for each 128 KiB and delays nobody by more than that.
  private static final int READS_PER_TURN = 4;

  private final SocketChannel channel;
  private Operation connecting;
  private Operation receiving;

  // The send under way: what of it is sent, and the part and byte it goes on with.
  private SendOperation sending;
  private int sentBytes;
  private int partIndex;
  private int partBytes;

  NioStream(SocketChannel channel) {
    this.channel = channel;
  }

  @Override
  SelectableChannel channel() {
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

  void connect(NioDriver by, SocketAddress remote, Operation operation) {
    by.begin(operation, this);
    try {
      if (channel.connect(remote)) {
        by.answerLater(operation, 0);
        return;
      }
    } catch (IOException | RuntimeException refused) {
      by.answerLater(operation, -NioErrors.errno(refused));
      return;
    }
    connecting = operation;
    watch(SelectionKey.OP_CONNECT);
  }

  void receive(NioDriver by, Operation operation) {
    by.begin(operation, this);
    receiving = operation;
    watch(SelectionKey.OP_READ);
  }

  void send(NioDriver by, SendOperation operation) {
    by.begin(operation, this);
    if (operation.isZeroCopy()) {
      // As a kernel that cannot: the sender copies from now on.
      by.answerLater(operation, -Errno.EOPNOTSUPP);
      return;
    }
    sending = operation;
    sentBytes = 0;
    partIndex = 0;
    partBytes = 0;
    int result = write();
    if (result == -Errno.EAGAIN) {
      watch(SelectionKey.OP_WRITE);
    } else {
      sending = null;
      by.answerLater(operation, result);
    }
  }

  void shutdownOutput(NioDriver by, Operation operation) {
    by.begin(operation, this);
    int result = 0;
    try {
      channel.shutdownOutput();
    } catch (IOException | RuntimeException refused) {
      result = -NioErrors.errno(refused);
    }
    by.answerLater(operation, result);
  }

  @Override
  void ready(int ops) {
    if ((ops & SelectionKey.OP_CONNECT) != 0) {
      connectable();
    }
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
    } else if (operation == sending) {
      sending = null;
      result = sentBytes > 0 ? sentBytes : result;
    } else if (operation == connecting) {
      connecting = null;
    } else {
      // Its answer is on its way.
      return;
    }
    driver().answerLater(operation, result);
  }

  private void connectable() {
    unwatch(SelectionKey.OP_CONNECT);
    Operation operation = connecting;
    if (operation == null) {
      return;
    }
    int result = 0;
    try {
      if (!channel.finishConnect()) {
        watch(SelectionKey.OP_CONNECT);
        return;
      }
    } catch (IOException | RuntimeException refused) {
      result = -NioErrors.errno(refused);
    }
    connecting = null;
    driver().answer(operation, result);
  }

  private void writable() {
    SendOperation operation = sending;
    if (operation == null) {
      unwatch(SelectionKey.OP_WRITE);
      return;
    }
    int result = write();
    if (result != -Errno.EAGAIN) {
      sending = null;
      driver().answer(operation, result);
    }
  }

  // Writes what the socket takes; the answer, or EAGAIN when it is not all of it.
  private int write() {
    NioGather gather = driver().gather();
    try {
      while (partIndex < sending.partsCount()) {
        ByteBuffer bytes = gather.next(sending, partIndex, partBytes);
        int wanted = bytes.remaining();
        int written = channel.write(bytes);
        sent(written);
        if (written < wanted) {
          return -Errno.EAGAIN;
        }
      }
      return sentBytes;
    } catch (IOException | RuntimeException refused) {
      // What the kernel took it took; the next send hears of the error.
      return sentBytes > 0 ? sentBytes : -NioErrors.errno(refused);
    }
  }

  private void sent(int bytes) {
    sentBytes += bytes;
    partBytes += bytes;
    while (partIndex < sending.partsCount()
        && partBytes >= sending.part(partIndex).length()) {
      partBytes -= sending.part(partIndex).length();
      partIndex++;
    }
  }

  private void readable() {
    Operation told = receiving;
    if (told == null) {
      unwatch(SelectionKey.OP_READ);
      return;
    }
    read();
    // Now, and not when all the others were read: what kernel and program know of this connection
    // is still in the caches then. Groups of three and more were measured and are slower.
    told.deliveryEnded();
    driver().deliverAnswersAhead();
  }

  private void read() {
    NioReceiveBuffers buffers = driver().receiveBuffers();
    for (int reads = 0; receiving != null && reads < READS_PER_TURN; reads++) {
      int bufferId = buffers.next();
      int bytes = read(buffers.view(bufferId));
      if (bytes == -Errno.EAGAIN) {
        return;
      }
      if (bytes <= 0) {
        Operation operation = receiving;
        receiving = null;
        driver().answer(operation, bytes);
        return;
      }
      deliver(buffers, bufferId, bytes);
      if (bytes < buffers.bufferBytes()) {
        // The socket is empty, or nearly: the selector knows, and asking it is due anyway.
        return;
      }
    }
  }

  // A count, 0 at the end, or a negative errno.
  private int read(ByteBuffer into) {
    try {
      int bytes = channel.read(into);
      return bytes == 0 ? -Errno.EAGAIN : Math.max(bytes, 0);
    } catch (IOException | RuntimeException lost) {
      return -NioErrors.errno(lost);
    }
  }

  private void deliver(NioReceiveBuffers buffers, int bufferId, int bytes) {
    driver().counters().completed++;
    buffers.lend(bufferId);
    try {
      receiving.completed(bytes, bufferId, false);
    } finally {
      buffers.release(bufferId);
    }
  }
}

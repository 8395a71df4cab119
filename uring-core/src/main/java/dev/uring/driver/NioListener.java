package dev.uring.driver;

import dev.uring.abi.Errno;
import dev.uring.socket.SocketOptions;
import java.io.IOException;
import java.net.SocketAddress;
import java.nio.channels.SelectableChannel;
import java.nio.channels.SelectionKey;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;

/** A listening socket: accepts until it is told to stop. */
final class NioListener extends NioSocket {
  // Connections that a turn accepts at most before it looks after the others; a longer queue is
  // gone on with in the next turn.
  private static final int ACCEPTS_PER_TURN = 256;

  private final ServerSocketChannel channel;
  private final SocketAddress local;
  private final SocketOptions options;
  private Operation accepting;

  /** Where it listens is said apart: a Unix socket may have been renamed since it was bound. */
  NioListener(ServerSocketChannel channel, SocketAddress local, SocketOptions options) {
    this.channel = channel;
    this.local = local;
    this.options = options;
  }

  @Override
  SelectableChannel channel() {
    return channel;
  }

  @Override
  SocketAddress localAddress() {
    return local;
  }

  @Override
  SocketAddress remoteAddress() {
    return null;
  }

  void accept(NioDriver by, Operation operation) {
    by.begin(operation, this);
    accepting = operation;
    watch(SelectionKey.OP_ACCEPT);
  }

  @Override
  void ready(int ops) {
    if (accepting == null) {
      unwatch(SelectionKey.OP_ACCEPT);
      return;
    }
    for (int i = 0; accepting != null && i < ACCEPTS_PER_TURN; i++) {
      int accepted = acceptOne();
      if (accepted == -Errno.EAGAIN) {
        return;
      }
      if (accepted < 0) {
        Operation operation = accepting;
        accepting = null;
        driver().answer(operation, accepted);
        return;
      }
      driver().counters().completed++;
      accepting.completed(accepted, Driver.NO_BUFFER, false);
    }
  }

  @Override
  void cancel(Operation operation) {
    if (accepting == operation) {
      accepting = null;
      driver().answerLater(operation, -Errno.ECANCELED);
    }
  }

  private int acceptOne() {
    SocketChannel accepted = null;
    try {
      accepted = channel.accept();
      if (accepted == null) {
        return -Errno.EAGAIN;
      }
      accepted.configureBlocking(false);
      // Of the options none but the buffer size is inherited here.
      NioSocketOptions.applyToAccepted(accepted, options);
      return driver().sockets().add(new NioStream(accepted));
    } catch (IOException | RuntimeException refused) {
      NioSocketOptions.closeQuietly(accepted);
      return -NioErrors.errno(refused);
    }
  }
}

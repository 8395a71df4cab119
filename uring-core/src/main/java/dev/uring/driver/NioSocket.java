package dev.uring.driver;

import java.io.IOException;
import java.net.SocketAddress;
import java.net.StandardSocketOptions;
import java.nio.channels.NetworkChannel;
import java.nio.channels.SelectableChannel;
import java.nio.channels.SelectionKey;

/**
 * A channel, its key, and the operations that are under way on it.
 *
 * <p>What the selector watches for is taken back late: when an operation is over its interest
 * stays, and goes only when an event comes that nobody waits for. A connection that asks again at
 * once, as most do, so costs no system call for it.
 *
 * <p><i>Invariant:</i> the key is registered from the first operation that has to wait, with the
 * selector of the driver that was asked. <i>Thread:</i> that driver's, except the addresses and
 * {@link #closeChannel}.
 */
abstract class NioSocket {
  int id;

  // Read by a thread that closes a socket of another's.
  private volatile NioDriver driver;
  private SelectionKey key;
  private int interestOps;

  abstract SelectableChannel channel();

  /** Where it is bound, or null. */
  abstract SocketAddress localAddress() throws IOException;

  /** The peer, or null. */
  abstract SocketAddress remoteAddress() throws IOException;

  /**
   * Does what the selector says can be done now. At the top level of a delivery.
   *
   * @param ops operations, as a selection key names them
   */
  abstract void ready(int ops);

  /** Ends an operation, unless its answer is on its way already. */
  abstract void cancel(Operation operation);

  /** The driver that was last asked for something on this socket. */
  final NioDriver driver() {
    return driver;
  }

  final void usedBy(NioDriver by) {
    if (driver != by) {
      driver = by;
    }
  }

  /** Makes the selector watch for operations too. */
  final void watch(int ops) {
    if (key == null) {
      register(ops);
    } else if ((interestOps & ops) != ops) {
      interestOps |= ops;
      key.interestOps(interestOps);
    }
  }

  /** Nobody waits for these operations any more. */
  final void unwatch(int ops) {
    if (key != null && (interestOps & ops) != 0 && key.isValid()) {
      interestOps &= ~ops;
      key.interestOps(interestOps);
    }
  }

  final boolean isOpen() {
    return channel().isOpen();
  }

  /**
   * Closes the channel. One that a selector knows is closed by the system at its next selection, so
   * a thread that is not the driver's sees to it that there is one.
   */
  final void closeChannel() {
    try {
      channel().close();
    } catch (IOException ignored) {
      // It is closed whatever the system says, and what it says is about bytes nobody waits for.
    }
    NioDriver user = driver;
    if (user != null) {
      user.channelClosed();
    }
  }

  /** Makes closing drop what is unsent and reset the connection. */
  final void resetOnClose() {
    try {
      // A linger of 0 seconds is how the socket interface spells "close with RST".
      ((NetworkChannel) channel()).setOption(StandardSocketOptions.SO_LINGER, 0);
    } catch (IOException | UnsupportedOperationException ignored) {
      // A Unix socket has no linger, and a connection that is gone needs none.
    }
  }

  private void register(int ops) {
    try {
      key = driver.selection().register(channel(), ops, this);
      interestOps = ops;
    } catch (IOException closed) {
      throw new IllegalStateException("socket " + id + " is used after it was closed", closed);
    }
  }
}

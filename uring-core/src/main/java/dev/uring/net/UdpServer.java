package dev.uring.net;

import java.net.InetSocketAddress;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.RejectedExecutionException;

/**
 * A UDP address with one socket on each worker. The kernel gives all datagrams of one peer to the
 * same socket, and spreads peers over the sockets.
 *
 * <h2>Threading and cancellation</h2>
 *
 * For any thread; the sockets themselves belong to their workers.
 */
public final class UdpServer implements AutoCloseable {
  private final InetSocketAddress localAddress;
  private final List<UdpSocket> sockets;
  private final CompletableFuture<Void> closed;

  UdpServer(InetSocketAddress localAddress, List<UdpSocket> sockets) {
    this.localAddress = localAddress;
    this.sockets = List.copyOf(sockets);
    this.closed = CompletableFuture.allOf(
        sockets.stream().map(UdpSocket::closed).toArray(CompletableFuture[]::new));
  }

  /**
   * Where it is bound, with the port the system chose if 0 was asked for.
   *
   * @return the address
   */
  public InetSocketAddress localAddress() {
    return localAddress;
  }

  /**
   * The sockets, one for each worker, in their order.
   *
   * @return an immutable list
   */
  public List<UdpSocket> sockets() {
    return sockets;
  }

  /** Closes every socket after what it has queued has been sent. Returns at once; idempotent. */
  @Override
  public void close() {
    for (UdpSocket socket : sockets) {
      try {
        socket.worker().execute(socket::close);
      } catch (RejectedExecutionException stopped) {
        // The worker's end has closed it.
        continue;
      }
    }
  }

  /**
   * When every socket is closed.
   *
   * @return a stage completed after {@link #close()}
   */
  public CompletionStage<Void> closed() {
    return closed.minimalCompletionStage();
  }

  @Override
  public String toString() {
    return "UdpServer(" + localAddress + ")";
  }
}

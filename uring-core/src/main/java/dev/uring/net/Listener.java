package dev.uring.net;

import dev.uring.driver.UnixSocketFile;
import dev.uring.socket.Endpoint;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.RejectedExecutionException;

/**
 * A listening address, and the parts of it on the workers.
 *
 * <h2>Ownership</h2>
 *
 * Owns its sockets, and the file of a Unix socket: both are gone when {@link #closed()} is.
 *
 * <h2>Threading and cancellation</h2>
 *
 * For any thread.
 */
public final class Listener implements AutoCloseable {
  private final SocketAddress localAddress;
  private final List<WorkerListener> parts;
  private final CompletableFuture<Void> closed;

  Listener(SocketAddress localAddress, List<WorkerListener> parts, UnixSocketFile file) {
    this.localAddress = localAddress;
    this.parts = List.copyOf(parts);
    CompletableFuture<Void> socketsClosed = CompletableFuture.allOf(
        parts.stream().map(WorkerListener::closed).toArray(CompletableFuture[]::new));
    // Not on the worker that closes the last socket: a file system may take its time.
    this.closed = file == null ? socketsClosed : socketsClosed.thenRunAsync(file::remove);
  }

  /**
   * Where it listens, with the port the system chose if 0 was asked for: an
   * {@link InetSocketAddress}, {@link java.net.UnixDomainSocketAddress} or
   * {@link dev.uring.socket.AbstractUnixAddress}.
   *
   * @return the address
   */
  public SocketAddress localAddress() {
    return localAddress;
  }

  /**
   * The port it listens on, with the one the system chose if 0 was asked for.
   *
   * @return the port
   * @throws IllegalStateException this is a Unix socket, which has none
   */
  public int port() {
    if (localAddress instanceof InetSocketAddress ip) {
      return ip.getPort();
    }
    throw new IllegalStateException(
        "no port: the listener is on " + Endpoint.text(localAddress) + ", see localAddress()");
  }

  /** Stops accepting on every worker; connections that exist go on. Returns at once, idempotent. */
  @Override
  public void close() {
    for (WorkerListener part : parts) {
      try {
        part.worker().execute(part::close);
      } catch (RejectedExecutionException stopped) {
        part.workerEnded();
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
    return "Listener(" + localAddress + ")";
  }
}

package dev.uring.net;

import java.net.InetSocketAddress;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.RejectedExecutionException;

/**
 * A listening address, with one socket on each worker; the kernel spreads new connections over
 * them.
 *
 * <h2>Threading and cancellation</h2>
 *
 * For any thread.
 */
public final class Listener implements AutoCloseable {
  private final InetSocketAddress localAddress;
  private final List<WorkerListener> parts;
  private final CompletableFuture<Void> closed;

  Listener(InetSocketAddress localAddress, List<WorkerListener> parts) {
    this.localAddress = localAddress;
    this.parts = List.copyOf(parts);
    this.closed = CompletableFuture.allOf(
        parts.stream().map(WorkerListener::closed).toArray(CompletableFuture[]::new));
  }

  /**
   * Where it listens, with the port the system chose if 0 was asked for.
   *
   * @return the address
   */
  public InetSocketAddress localAddress() {
    return localAddress;
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

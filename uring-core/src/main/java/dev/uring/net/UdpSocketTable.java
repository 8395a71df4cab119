package dev.uring.net;

import dev.uring.worker.Worker;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;

/**
 * The UDP sockets of one worker.
 *
 * <p><i>Thread:</i> the worker's, except {@link #empty()}.
 */
final class UdpSocketTable {
  private final Worker worker;
  private final Set<UdpSocket> sockets = new LinkedHashSet<>();
  private final CompletableFuture<Void> empty = new CompletableFuture<>();
  private boolean isDraining;

  UdpSocketTable(Worker worker) {
    this.worker = worker;
    worker.whenEnding(this::workerEnding);
  }

  Worker worker() {
    return worker;
  }

  /** When no socket is left after {@link #drain()}. */
  CompletableFuture<Void> empty() {
    return empty;
  }

  boolean isDraining() {
    return isDraining;
  }

  void drain() {
    isDraining = true;
    // Over a copy: a socket with nothing under way may end at once.
    List.copyOf(sockets).forEach(UdpSocket::drain);
    completeWhenEmpty();
  }

  void abortAll() {
    List.copyOf(sockets).forEach(UdpSocket::abort);
  }

  void add(UdpSocket socket) {
    sockets.add(socket);
  }

  void remove(UdpSocket socket) {
    sockets.remove(socket);
    completeWhenEmpty();
  }

  private void workerEnding(Throwable failure) {
    isDraining = true;
    List.copyOf(sockets).forEach(socket -> socket.workerEnding(failure));
    completeWhenEmpty();
  }

  private void completeWhenEmpty() {
    if (isDraining && sockets.isEmpty()) {
      empty.complete(null);
    }
  }
}

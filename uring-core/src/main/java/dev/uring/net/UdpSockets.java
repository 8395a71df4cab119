package dev.uring.net;

import dev.uring.base.UringException;
import dev.uring.driver.DatagramOpening;
import dev.uring.driver.Driver;
import dev.uring.driver.ListenFailure;
import dev.uring.worker.Worker;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Consumer;
import java.util.function.Function;

/** Opens UDP sockets on the workers of a runtime, and ends them with it. Any thread. */
public final class UdpSockets {
  private final List<UdpSocketTable> tables;

  /**
   * Sockets for some workers.
   *
   * @param workers the workers, none of them started or all of them
   */
  public UdpSockets(List<Worker> workers) {
    this.tables = workers.stream().map(UdpSocketTable::new).toList();
  }

  /**
   * Binds one socket for each worker.
   *
   * @param address where; with port 0 all workers share the port the system gives the first
   * @param options how
   * @param handlers chooses the handler of each socket, on its worker
   * @return the server, bound already
   * @throws UringException the address cannot be bound; nothing is left open
   */
  public UdpServer serve(
      InetSocketAddress address, UdpOptions options, Function<UdpSocket, UdpHandler> handlers) {
    boolean sharesPort = tables.size() > 1;
    DatagramOpening opening = options.opening(address, sharesPort);
    requireFree(opening, options);
    List<UdpSocket> sockets = new ArrayList<>(tables.size());
    List<Integer> descriptors = new ArrayList<>(tables.size());
    InetSocketAddress bound = address;
    try {
      for (UdpSocketTable table : tables) {
        Driver driver = table.worker().driver();
        int descriptor = open(driver, opening.at(bound));
        descriptors.add(descriptor);
        bound = addressOf(driver, descriptor);
        sockets.add(new UdpSocket(table, descriptor, bound, options));
      }
    } catch (RuntimeException failure) {
      // All or nothing: peers that the kernel gives to a missing worker would not be heard.
      Driver driver = tables.getFirst().worker().driver();
      descriptors.forEach(driver::closeNow);
      throw failure;
    }
    UdpServer server = new UdpServer(bound, sockets);
    for (int i = 0; i < sockets.size(); i++) {
      start(tables.get(i), sockets.get(i), handlers).whenComplete((socket, failure) -> {
        if (failure != null) {
          server.close();
        }
      });
    }
    return server;
  }

  /**
   * Binds one socket on one worker.
   *
   * @param worker one of these
   * @param address where; port 0 lets the system choose
   * @param options how
   * @param handlers chooses the handler, on the worker
   * @return completed on the worker once the handler has seen {@code onOpen}
   */
  public CompletionStage<UdpSocket> open(
      Worker worker,
      InetSocketAddress address,
      UdpOptions options,
      Function<UdpSocket, UdpHandler> handlers) {
    UdpSocketTable table = tables.get(worker.index());
    Driver driver = worker.driver();
    int descriptor;
    try {
      descriptor = open(driver, options.opening(address, options.reusePort()));
    } catch (RuntimeException failure) {
      return CompletableFuture.failedStage(failure);
    }
    UdpSocket socket = new UdpSocket(table, descriptor, addressOf(driver, descriptor), options);
    return start(table, socket, handlers).minimalCompletionStage();
  }

  /**
   * Tells every socket to end soon, and admits no other.
   *
   * @return completes when none is left
   */
  public CompletableFuture<Void> drain() {
    return onEach(UdpSocketTable::drain);
  }

  /** Closes every socket without what it has queued. */
  public void abortAll() {
    onEach(UdpSocketTable::abortAll);
  }

  private CompletableFuture<Void> onEach(Consumer<UdpSocketTable> action) {
    for (UdpSocketTable table : tables) {
      try {
        table.worker().execute(() -> action.accept(table));
      } catch (RejectedExecutionException stopped) {
        table.empty().complete(null);
      }
    }
    return CompletableFuture.allOf(
        tables.stream().map(UdpSocketTable::empty).toArray(CompletableFuture[]::new));
  }

  private static CompletableFuture<UdpSocket> start(
      UdpSocketTable table, UdpSocket socket, Function<UdpSocket, UdpHandler> handlers) {
    CompletableFuture<UdpSocket> started = new CompletableFuture<>();
    Worker worker = table.worker();
    try {
      worker.execute(() -> {
        if (table.isDraining()) {
          socket.discard();
          started.completeExceptionally(new UringException(
              "cannot open " + socket.localAddress() + ": the runtime is shutting down"));
          return;
        }
        try {
          socket.open(handlers);
          started.complete(socket);
        } catch (Throwable failure) {
          worker.taskFailed(failure);
          started.completeExceptionally(failure);
        }
      });
    } catch (RejectedExecutionException stopped) {
      socket.discard();
      started.completeExceptionally(stopped);
    }
    return started;
  }

  // As for listeners: sockets that share a port share it with any other of the same user that asks
  // for it, and a second server would start without a word and take half of the first one's peers.
  private void requireFree(DatagramOpening opening, UdpOptions options) {
    if (!opening.reusePort() || options.reusePort() || opening.local().getPort() == 0) {
      return;
    }
    Driver driver = tables.getFirst().worker().driver();
    driver.closeNow(open(driver, opening.sharing(false)));
  }

  private static int open(Driver driver, DatagramOpening opening) {
    int descriptor = driver.datagrams().open(opening);
    if (descriptor < 0) {
      throw new UringException(ListenFailure.text(opening.local(), -descriptor));
    }
    return descriptor;
  }

  private static InetSocketAddress addressOf(Driver driver, int descriptor) {
    return (InetSocketAddress) driver.localAddress(descriptor);
  }
}

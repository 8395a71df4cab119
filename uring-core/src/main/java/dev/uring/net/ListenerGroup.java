package dev.uring.net;

import dev.uring.base.UringException;
import dev.uring.driver.Driver;
import dev.uring.driver.ListenFailure;
import dev.uring.driver.ListenOptions;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.RejectedExecutionException;

/** Opens listeners over all workers of a runtime. Any thread. */
public final class ListenerGroup {
  private final List<ConnectionTable> tables;
  private final ListenOptions options;

  /**
   * Listeners for the workers behind some tables.
   *
   * @param tables one for each worker
   * @param options how the sockets are opened
   */
  public ListenerGroup(List<ConnectionTable> tables, ListenOptions options) {
    this.tables = List.copyOf(tables);
    this.options = options;
  }

  /**
   * Binds one socket for each worker and starts accepting.
   *
   * @param address where; with port 0 all workers share the port the system gives the first
   * @param acceptor chooses the handlers
   * @return the listener
   */
  public Listener listen(InetSocketAddress address, ConnectionAcceptor acceptor) {
    requireFree(address);
    List<WorkerListener> parts = new ArrayList<>(tables.size());
    InetSocketAddress bound = address;
    try {
      for (ConnectionTable table : tables) {
        Driver driver = table.worker().driver();
        int socket = driver.openListener(bound, options);
        if (socket < 0) {
          throw new UringException(ListenFailure.text(bound, -socket));
        }
        parts.add(new WorkerListener(table, socket, acceptor));
        bound = driver.localAddress(socket);
      }
    } catch (RuntimeException failure) {
      // All or nothing: a server that listens on some of its workers would lose connections.
      parts.forEach(part -> part.worker().driver().closeNow(part.socket()));
      throw failure;
    }
    Listener listener = new Listener(bound, parts);
    try {
      parts.forEach(part -> part.worker().execute(part::start));
    } catch (RejectedExecutionException stopped) {
      listener.close();
      throw new UringException("cannot listen on " + address + ": a worker has stopped", stopped);
    }
    return listener;
  }

  // Sockets that share a port share it with any other of the same user that asks for it: a second
  // server on the port would start without a word and take half of the first one's clients. A
  // socket
  // that does not share finds out.
  private void requireFree(InetSocketAddress address) {
    if (!options.reusePort() || address.getPort() == 0) {
      return;
    }
    Driver driver = tables.getFirst().worker().driver();
    int socket = driver.openListener(address, options.withoutReusePort());
    if (socket < 0) {
      throw new UringException(ListenFailure.text(address, -socket));
    }
    driver.closeNow(socket);
  }
}

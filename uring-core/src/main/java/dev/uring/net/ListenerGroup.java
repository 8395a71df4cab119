package dev.uring.net;

import dev.uring.base.UringException;
import dev.uring.driver.ListenFailure;
import dev.uring.driver.ListenOptions;
import dev.uring.driver.UnixSocketFile;
import dev.uring.socket.AcceptPlacement;
import dev.uring.socket.Endpoint;
import dev.uring.socket.SocketOptions;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicInteger;

/** Opens listeners over all workers of a runtime. Any thread. */
public final class ListenerGroup {
  private final List<ConnectionTable> tables;
  private final int backlog;
  private final AtomicInteger acceptorsCount = new AtomicInteger();

  /**
   * Listeners for the workers behind some tables.
   *
   * @param tables one for each worker
   * @param backlog most connections the kernel completes before the program accepts them, for each
   *     listening socket
   */
  public ListenerGroup(List<ConnectionTable> tables, int backlog) {
    this.tables = List.copyOf(tables);
    this.backlog = backlog;
  }

  /**
   * Binds and starts accepting: on one socket for each worker, or on one for all, as
   * {@link SocketOptions#acceptPlacement()} says.
   *
   * @param endpoint where; with port 0 all workers share the port the system gives the first
   * @param options how
   * @param acceptor chooses the handlers
   * @return the listener
   */
  public Listener listen(Endpoint endpoint, SocketOptions options, ConnectionAcceptor acceptor) {
    SocketAddress address = endpoint.address();
    boolean isForAll = options.acceptPlacement() != AcceptPlacement.PER_WORKER
        || !(address instanceof InetSocketAddress);
    boolean reusesPort = options.sharePort() || !isForAll && tables.size() > 1;
    ListenOptions how = new ListenOptions(backlog, reusesPort, endpoint.isOnlyIpv6(), options);
    if (reusesPort && !options.sharePort()) {
      requireFree(address, how);
    }
    ConnectionSettings settings =
        ConnectionSettings.of(options, tables.getFirst().limits());
    List<WorkerListener> parts = isForAll
        ? bindOnce(address, how, settings, acceptor)
        : bindEach(address, how, settings, acceptor);
    return start(address, parts);
  }

  private List<WorkerListener> bindEach(
      SocketAddress address,
      ListenOptions how,
      ConnectionSettings settings,
      ConnectionAcceptor acceptor) {
    List<WorkerListener> parts = new ArrayList<>(tables.size());
    SocketAddress bound = address;
    try {
      for (ConnectionTable table : tables) {
        int socket = open(table, bound, how);
        parts.add(WorkerListener.forItself(table, socket, settings, acceptor));
        bound = table.worker().driver().localAddress(socket);
      }
      return parts;
    } catch (RuntimeException failure) {
      // All or nothing: a server that listens on some of its workers would lose connections.
      parts.forEach(part -> part.worker().driver().closeNow(part.socket()));
      throw failure;
    }
  }

  // The part that accepts comes first; several listeners accept on several workers.
  private List<WorkerListener> bindOnce(
      SocketAddress address,
      ListenOptions how,
      ConnectionSettings settings,
      ConnectionAcceptor acceptor) {
    int first = Math.floorMod(acceptorsCount.getAndIncrement(), tables.size());
    ConnectionTable table = tables.get(first);
    int socket = open(table, address, how);
    AcceptBalance balance =
        new AcceptBalance(how.socket().acceptPlacement(), table.worker().driver());
    WorkerListener accepting = WorkerListener.forAll(table, socket, settings, balance, acceptor);
    List<WorkerListener> parts = new ArrayList<>(tables.size());
    parts.add(accepting);
    for (int i = 1; i < tables.size(); i++) {
      parts.add(WorkerListener.fedBy(accepting, tables.get((first + i) % tables.size())));
    }
    balance.among(parts);
    return parts;
  }

  private Listener start(SocketAddress address, List<WorkerListener> parts) {
    WorkerListener first = parts.getFirst();
    UnixSocketFile file =
        address instanceof UnixDomainSocketAddress path ? UnixSocketFile.boundTo(path) : null;
    SocketAddress bound = first.worker().driver().localAddress(first.socket());
    Listener listener = new Listener(bound, parts, file);
    try {
      // Those that are fed before the one that feeds them.
      parts.reversed().forEach(part -> part.worker().execute(part::start));
    } catch (RejectedExecutionException stopped) {
      listener.close();
      throw new UringException(
          "cannot listen on " + Endpoint.text(address) + ": a worker has stopped", stopped);
    }
    return listener;
  }

  private static int open(ConnectionTable table, SocketAddress address, ListenOptions how) {
    int socket = table.worker().driver().openListener(address, how);
    if (socket < 0) {
      throw new UringException(ListenFailure.text(address, -socket));
    }
    return socket;
  }

  // Sockets that share a port share it with any other of the same user that asks for it: a second
  // server on the port would start without a word and take half of the first one's clients. A
  // socket
  // that does not share finds out.
  private void requireFree(SocketAddress address, ListenOptions how) {
    if (((InetSocketAddress) address).getPort() != 0) {
      ConnectionTable table = tables.getFirst();
      table.worker().driver().closeNow(open(table, address, how.withoutReusePort()));
    }
  }
}

package dev.uring.net;

import dev.uring.abi.Errno;
import dev.uring.driver.Operation;
import dev.uring.metrics.jfr.AcceptFailedEvent;
import dev.uring.metrics.jfr.FlightRecording;
import dev.uring.worker.Timer;
import dev.uring.worker.Worker;
import java.util.ArrayDeque;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One worker's part of a listener: accepts until it is closed or the worker has enough connections.
 *
 * <p>Either every part has a listening socket and serves what it accepts; or one part has, and
 * hands each connection to the part that an {@link AcceptBalance} chooses. A descriptor on its way
 * to another worker is noted in that worker's table, so that it is closed when it does not arrive.
 *
 * <p>At {@code connectionsPerWorkerMax} accepting stops; new connections then wait in the kernel's
 * backlog until one of the old ones ends. Those that the kernel has accepted by then, a batch at
 * most, wait here as bare sockets. When the process has no descriptor left, accepting stops for
 * {@link #RETRY_NANOS}.
 *
 * <p><i>Invariant:</i> sockets wait here only while the table is full. <i>Thread:</i> the worker's.
 */
final class WorkerListener extends Operation {
  private static final Logger LOG = LoggerFactory.getLogger(WorkerListener.class);

  // Long enough not to spin on a full descriptor table, short enough for a client's connect
  // timeout.
  private static final long RETRY_NANOS = TimeUnit.MILLISECONDS.toNanos(100);

  private static final int NO_SOCKET = -1;

  static {
    if (FlightRecording.isOn()) {
      AcceptFailedEvent.load();
    }
  }

  private final Worker worker;
  private final ConnectionTable table;
  private final int socket;
  private final ConnectionSettings settings;
  private final AcceptBalance balance;
  private final ConnectionAcceptor acceptor;
  private final CompletableFuture<Void> closed = new CompletableFuture<>();
  private final ArrayDeque<Integer> waitingForRoom = new ArrayDeque<>();
  private final Timer retry = new Retry();
  private final AtomicBoolean isSocketClosed = new AtomicBoolean();
  private WorkerListener accepting;
  private boolean isClosing;

  private WorkerListener(
      ConnectionTable table,
      int socket,
      ConnectionSettings settings,
      AcceptBalance balance,
      ConnectionAcceptor acceptor) {
    this.table = table;
    this.worker = table.worker();
    this.socket = socket;
    this.settings = settings;
    this.balance = balance;
    this.acceptor = acceptor;
  }

  /** Accepts for its own worker. */
  static WorkerListener forItself(
      ConnectionTable table, int socket, ConnectionSettings settings, ConnectionAcceptor acceptor) {
    return new WorkerListener(table, socket, settings, null, acceptor);
  }

  /** Accepts for all workers. */
  static WorkerListener forAll(
      ConnectionTable table,
      int socket,
      ConnectionSettings settings,
      AcceptBalance balance,
      ConnectionAcceptor acceptor) {
    return new WorkerListener(table, socket, settings, balance, acceptor);
  }

  /** Gets connections from another part. */
  static WorkerListener fedBy(WorkerListener accepting, ConnectionTable table) {
    WorkerListener fed =
        new WorkerListener(table, NO_SOCKET, accepting.settings, null, accepting.acceptor);
    fed.accepting = accepting;
    return fed;
  }

  ConnectionTable table() {
    return table;
  }

  Worker worker() {
    return worker;
  }

  int socket() {
    return socket;
  }

  CompletableFuture<Void> closed() {
    return closed;
  }

  void start() {
    if (table.isEnded()) {
      closeSocket();
      return;
    }
    table.listenerStarted(this);
    acceptMore();
  }

  void close() {
    if (isClosing) {
      return;
    }
    isClosing = true;
    worker.disarm(retry);
    closeWaiting();
    if (isUnderWay()) {
      worker.driver().cancel(this);
    } else {
      closeSocket();
    }
  }

  /** A connection of this worker has ended, or, for the part that accepts for all, of another. */
  void roomIsFree() {
    while (!waitingForRoom.isEmpty() && place(waitingForRoom.peek())) {
      waitingForRoom.poll();
    }
    acceptMore();
    if (accepting != null) {
      accepting.roomIsFreeElsewhere();
    }
  }

  /** The worker ends, and nothing it asked of the kernel will be answered any more. */
  void workerEnding() {
    isClosing = true;
    closeWaiting();
    closeSocket();
  }

  /**
   * The worker has ended. It closes what was started on it; a listener that came too late is closed
   * here. Any thread.
   */
  void workerEnded() {
    worker.terminated().thenRun(this::closeSocketOnce);
  }

  @Override
  protected void completed(int result, int bufferId, boolean isLast) {
    if (result >= 0) {
      accepted(result);
    }
    if (isLast) {
      stopped(result);
    }
  }

  private void acceptMore() {
    if (socket != NO_SOCKET && !isClosing && !isUnderWay() && !retry.isArmed() && hasRoom()) {
      worker.driver().accept(socket, this);
    }
  }

  private boolean hasRoom() {
    return balance == null ? !table.isFull() : balance.hasRoom();
  }

  private void accepted(int newSocket) {
    if (isClosing || table.isDraining()) {
      // Nobody will serve it: closed here, or it would stay open for ever.
      worker.driver().closeNow(newSocket);
      return;
    }
    if (!place(newSocket)) {
      waitingForRoom.add(newSocket);
    }
    if (isUnderWay() && !hasRoom()) {
      worker.counters().connectionLimitPauses++;
      worker.driver().cancel(this);
    }
  }

  /** Serves the connection, here or elsewhere; says whether any worker had room for it. */
  private boolean place(int newSocket) {
    if (balance == null) {
      if (table.isFull()) {
        return false;
      }
      serve(newSocket);
      return true;
    }
    WorkerListener chosen = balance.choose(newSocket);
    if (chosen == this) {
      serve(newSocket);
    } else if (chosen != null) {
      chosen.handOver(newSocket);
    }
    return chosen != null;
  }

  // On the accepting worker.
  private void handOver(int newSocket) {
    table.promise(newSocket);
    try {
      worker.execute(() -> claim(newSocket));
    } catch (RejectedExecutionException stopped) {
      table.closeUnclaimed();
    }
  }

  private void claim(int newSocket) {
    if (table.claim(newSocket)) {
      accepted(newSocket);
    }
  }

  // On the worker of a part that is fed.
  private void roomIsFreeElsewhere() {
    try {
      worker.execute(this::roomIsFree);
    } catch (RejectedExecutionException stopped) {
      LOG.debug("worker {} has stopped and accepts no more", worker.index());
    }
  }

  private void serve(int newSocket) {
    Connection connection = table.addAccepted(newSocket, settings);
    try {
      connection.open(acceptor.accept(connection));
    } catch (Throwable failure) {
      worker.taskFailed(failure);
      connection.refuse(failure);
    }
  }

  private void stopped(int result) {
    if (isClosing) {
      closeSocket();
    } else if (result >= 0 || result == -Errno.ECONNABORTED || result == -Errno.ECANCELED) {
      acceptMore();
    } else {
      worker.counters().acceptFailures++;
      if (FlightRecording.isOn()) {
        AcceptFailedEvent.report(worker.index(), Errno.text(-result));
      }
      LOG.warn(
          "worker {} cannot accept for a moment: {}. Likely cause: no descriptor or memory left;"
              + " raise the limit (ulimit -n) or lower connectionsPerWorkerMax.",
          worker.index(),
          Errno.text(-result));
      worker.arm(retry, RETRY_NANOS);
    }
  }

  private void closeWaiting() {
    waitingForRoom.forEach(waiting -> worker.driver().closeNow(waiting));
    waitingForRoom.clear();
  }

  private void closeSocket() {
    table.listenerEnded(this);
    closeSocketOnce();
  }

  private void closeSocketOnce() {
    if (isSocketClosed.compareAndSet(false, true)) {
      if (socket != NO_SOCKET) {
        worker.driver().closeNow(socket);
      }
      closed.complete(null);
    }
  }

  private final class Retry extends Timer {
    @Override
    protected void fire() {
      acceptMore();
    }
  }
}

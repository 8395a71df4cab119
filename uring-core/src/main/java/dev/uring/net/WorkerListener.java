package dev.uring.net;

import dev.uring.abi.Errno;
import dev.uring.driver.Operation;
import dev.uring.worker.Timer;
import dev.uring.worker.Worker;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One worker's listening socket: accepts until it is closed or the worker has enough connections.
 *
 * <p>At {@code connectionsPerWorkerMax} accepting stops; new connections then wait in the kernel's
 * backlog until one of the old ones ends. Those the kernel had accepted by then are still served.
 * When the process has no descriptor left, accepting stops for {@link #RETRY_NANOS}.
 *
 * <p><i>Thread:</i> the worker's.
 */
final class WorkerListener extends Operation {
  private static final Logger LOG = LoggerFactory.getLogger(WorkerListener.class);

  // Long enough not to spin on a full descriptor table, short enough for a client's connect
  // timeout.
  private static final long RETRY_NANOS = TimeUnit.MILLISECONDS.toNanos(100);

  private final Worker worker;
  private final ConnectionTable table;
  private final int socket;
  private final ConnectionAcceptor acceptor;
  private final CompletableFuture<Void> closed = new CompletableFuture<>();
  private final Timer retry = new Retry();
  private boolean isClosing;
  private boolean isWaitingForRoom;

  WorkerListener(ConnectionTable table, int socket, ConnectionAcceptor acceptor) {
    this.table = table;
    this.worker = table.worker();
    this.socket = socket;
    this.acceptor = acceptor;
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
    if (!isClosing && !isUnderWay()) {
      worker.driver().accept(socket, this);
    }
  }

  void close() {
    if (isClosing) {
      return;
    }
    isClosing = true;
    worker.disarm(retry);
    if (isUnderWay()) {
      worker.driver().cancel(this);
    } else {
      closeSocket();
    }
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

  private void accepted(int newSocket) {
    if (isClosing || table.isDraining()) {
      // Nobody will serve it: closed here, or it would stay open for ever.
      worker.driver().closeNow(newSocket);
      return;
    }
    Connection connection = table.addAccepted(newSocket);
    try {
      connection.open(acceptor.accept(connection));
    } catch (Throwable failure) {
      worker.taskFailed(failure);
      connection.refuse(failure);
    }
    if (table.isFull() && !isWaitingForRoom) {
      waitForRoom();
    }
  }

  private void waitForRoom() {
    isWaitingForRoom = true;
    worker.counters().connectionLimitPauses++;
    worker.driver().cancel(this);
    table.whenRoom(() -> {
      isWaitingForRoom = false;
      start();
    });
  }

  private void stopped(int result) {
    if (isClosing) {
      closeSocket();
    } else if (isWaitingForRoom) {
      return;
    } else if (result >= 0 || result == -Errno.ECONNABORTED || result == -Errno.ECANCELED) {
      start();
    } else {
      worker.counters().acceptFailures++;
      LOG.warn(
          "worker {} cannot accept for a moment: {}. Likely cause: no descriptor or memory left;"
              + " raise the limit (ulimit -n) or lower connectionsPerWorkerMax.",
          worker.index(),
          Errno.text(-result));
      worker.arm(retry, RETRY_NANOS);
    }
  }

  private void closeSocket() {
    worker.driver().closeNow(socket);
    closed.complete(null);
  }

  private final class Retry extends Timer {
    @Override
    protected void fire() {
      start();
    }
  }
}

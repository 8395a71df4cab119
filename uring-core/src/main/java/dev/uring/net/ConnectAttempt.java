package dev.uring.net;

import dev.uring.abi.Errno;
import dev.uring.base.ConnectFailedException;
import dev.uring.driver.Driver;
import dev.uring.driver.Operation;
import dev.uring.socket.Endpoint;
import dev.uring.socket.SocketOptions;
import dev.uring.worker.Timer;
import dev.uring.worker.Worker;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.RejectedExecutionException;

/**
 * A connection being opened.
 *
 * <h2>Ownership</h2>
 *
 * The socket belongs to the attempt until it has succeeded, then to the connection. Whatever ends
 * the attempt first, success, failure, timeout or {@link #cancel}, the socket is closed unless the
 * connection exists.
 *
 * <h2>Threading and cancellation</h2>
 *
 * {@link #cancel} and {@link #result} are for any thread. A cancellation that comes after the
 * success does nothing: the result then holds the connection.
 *
 * <h2>Errors</h2>
 *
 * {@link ConnectFailedException} in the result: refused, unreachable, timed out, cancelled.
 */
public final class ConnectAttempt {
  private static final int ERRNO_NONE = 0;

  private final Worker worker;
  private final ConnectionTable table;
  private final SocketAddress address;
  private final Duration timeout;
  private final SocketOptions options;
  private final ConnectionAcceptor acceptor;
  private final CompletableFuture<Connection> result = new CompletableFuture<>();
  private final Connect connect = new Connect();
  private final Deadline deadline = new Deadline();

  // Owner: the worker. A socket of -1 is none.
  private int socket = -1;
  private String gaveUpBecause;
  // Of a connection that exists but is not ready.
  private Connection opening;

  ConnectAttempt(
      ConnectionTable table,
      SocketAddress address,
      Duration timeout,
      SocketOptions options,
      ConnectionAcceptor acceptor) {
    this.table = table;
    this.worker = table.worker();
    this.address = address;
    this.timeout = timeout;
    this.options = options;
    this.acceptor = acceptor;
  }

  /**
   * Begins an attempt. Any thread.
   *
   * @param table of the worker the connection shall live on
   * @param address the peer
   * @param timeout longest wait for its answer; zero has no limit but the kernel's
   * @param options how the socket is set
   * @param acceptor chooses the handler once the connection exists
   * @return the attempt
   */
  public static ConnectAttempt start(
      ConnectionTable table,
      SocketAddress address,
      Duration timeout,
      SocketOptions options,
      ConnectionAcceptor acceptor) {
    ConnectAttempt attempt = new ConnectAttempt(table, address, timeout, options, acceptor);
    try {
      table.worker().execute(attempt::begin);
    } catch (RejectedExecutionException stopped) {
      attempt.fail("the worker has stopped", ERRNO_NONE);
    }
    return attempt;
  }

  /**
   * How the attempt ends.
   *
   * @return completed on the connection's worker, with a connection whose handler has seen
   *     {@code onOpen}
   */
  public CompletionStage<Connection> result() {
    return result.minimalCompletionStage();
  }

  /** Gives up, if the connection does not exist yet. */
  public void cancel() {
    try {
      worker.execute(() -> giveUp("it was cancelled"));
    } catch (RejectedExecutionException stopped) {
      fail("the worker has stopped", ERRNO_NONE);
    }
  }

  void begin() {
    if (gaveUpBecause != null) {
      return;
    }
    if (table.isDraining()) {
      fail("the runtime is shutting down", ERRNO_NONE);
      return;
    }
    Driver driver = worker.driver();
    int opened = driver.openStream(address, options);
    if (opened < 0) {
      fail(Errno.text(-opened), -opened);
      return;
    }
    socket = opened;
    try {
      driver.connect(socket, address, connect);
    } catch (RuntimeException failure) {
      driver.closeNow(socket);
      result.completeExceptionally(failure);
      return;
    }
    table.attemptBegan(this);
    if (!timeout.isZero()) {
      worker.arm(deadline, timeout.toNanos());
    }
  }

  void shuttingDown() {
    giveUp("the runtime is shutting down");
  }

  /** The kernel's answer will not come any more. */
  void workerEnding() {
    worker.driver().closeNow(socket);
    fail("the worker has stopped", ERRNO_NONE);
    table.attemptEnded(this);
  }

  /** As {@link #cancel}, at once and on the worker. */
  void giveUp(String because) {
    if (result.isDone() || gaveUpBecause != null) {
      return;
    }
    gaveUpBecause = because;
    worker.disarm(deadline);
    if (opening != null) {
      opening.abort();
    } else if (connect.isUnderWay()) {
      // The result waits for the kernel's answer: the socket must not be closed under its
      // operation.
      worker.driver().cancel(connect);
    } else {
      fail(because, ERRNO_NONE);
    }
  }

  private void answered(int answer) {
    if (gaveUpBecause == null && answer >= 0) {
      open();
    } else {
      worker.disarm(deadline);
      worker.driver().closeNow(socket);
      if (gaveUpBecause != null) {
        fail(gaveUpBecause, ERRNO_NONE);
      } else {
        fail(Errno.text(-answer), -answer);
      }
    }
    // Last: the table may be empty now, and whoever waits for that may stop the worker.
    table.attemptEnded(this);
  }

  private void open() {
    Connection connection =
        table.addConnected(socket, ConnectionSettings.of(options, table.limits()));
    ConnectionHandler handler;
    try {
      handler = acceptor.accept(connection);
      connection.open(handler);
    } catch (Throwable failure) {
      worker.disarm(deadline);
      connection.refuse(failure);
      result.completeExceptionally(failure);
      return;
    }
    if (handler instanceof OpeningHandler first) {
      opening = connection;
      first.ready().whenComplete((ignored, failure) -> ready(connection, failure));
    } else {
      ready(connection, null);
    }
  }

  private void ready(Connection connection, Throwable failure) {
    worker.disarm(deadline);
    opening = null;
    if (failure == null) {
      result.complete(connection);
    } else if (gaveUpBecause != null) {
      fail(gaveUpBecause, ERRNO_NONE);
    } else {
      result.completeExceptionally(failure);
    }
  }

  private void fail(String why, int errno) {
    result.completeExceptionally(new ConnectFailedException(describe(why, errno), errno));
  }

  private String describe(String why, int errno) {
    boolean isUnix = !(address instanceof InetSocketAddress);
    return "cannot connect to "
        + Endpoint.text(address)
        + ": "
        + why
        + (isUnix ? likelyUnix(errno) : likelyIp(errno));
  }

  private String likelyIp(int errno) {
    return switch (errno) {
      case Errno.ECONNREFUSED ->
        "\n  Likely cause: nothing listens there. Start the server, or check the port.";
      case Errno.EADDRNOTAVAIL ->
        options.localAddress().isPresent()
            ? "\n  Likely cause: this machine does not have localAddress="
                + Endpoint.text(options.localAddress().get())
                + "."
            : "\n  Likely cause: every local port to that address is in use or in TIME_WAIT. Keep"
                + " connections open and use them again.";
      default -> likelyAny(errno);
    };
  }

  private static String likelyUnix(int errno) {
    return switch (errno) {
      case Errno.ENOENT, Errno.ECONNREFUSED ->
        "\n  Likely cause: nothing listens there. Start the server, or check the path.";
      case Errno.EACCES ->
        "\n  Likely cause: no right to write to the socket's file. Check its mode.";
      default -> likelyAny(errno);
    };
  }

  private static String likelyAny(int errno) {
    return switch (errno) {
      case Errno.EMFILE, Errno.ENFILE ->
        "\n  Likely cause: no descriptor is left. Raise the limit (ulimit -n).";
      default -> "";
    };
  }

  private final class Connect extends Operation {
    @Override
    protected void completed(int answer, int bufferId, boolean isLast) {
      answered(answer);
    }
  }

  private final class Deadline extends Timer {
    @Override
    protected void fire() {
      giveUp("no answer within " + timeout.toMillis() + " ms");
    }
  }
}

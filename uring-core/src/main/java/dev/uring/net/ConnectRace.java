package dev.uring.net;

import dev.uring.base.ConnectFailedException;
import dev.uring.socket.SocketOptions;
import dev.uring.worker.Timer;
import dev.uring.worker.Worker;
import java.net.SocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.RejectedExecutionException;

/**
 * A connection being opened to a peer with several addresses: the first that answers gets it.
 *
 * <h2>Shapes and units</h2>
 *
 * The addresses are tried in their order. The next one is tried when the one before has failed, or
 * has not answered for {@code attemptDelay}; those before it go on meanwhile.
 *
 * <h2>Ownership</h2>
 *
 * As in {@link ConnectAttempt}. When one address has answered, the sockets of all others are
 * closed, also of one that answers in the same moment: its acceptor is never asked.
 *
 * <h2>Threading and cancellation</h2>
 *
 * {@link #cancel} and {@link #result} are for any thread.
 *
 * <h2>Errors</h2>
 *
 * {@link ConnectFailedException} when no address has answered; it names the reason of each, and has
 * the error number of the last.
 *
 * <h2>Source</h2>
 *
 * RFC 8305, Happy Eyeballs, section 5.
 */
public final class ConnectRace {
  private static final int ERRNO_NONE = 0;

  private final Worker worker;
  private final ConnectionTable table;
  private final List<SocketAddress> addresses;
  private final Duration attemptDelay;
  private final Duration timeout;
  private final SocketOptions options;
  private final ConnectionAcceptor acceptor;
  private final CompletableFuture<Connection> result = new CompletableFuture<>();
  private final Timer nextTimer = new Next();
  private final Timer deadline = new Deadline();

  // Owner: the worker.
  private final List<ConnectAttempt> running = new ArrayList<>();
  private final List<String> reasons = new ArrayList<>();
  private int next;
  private int errno = ERRNO_NONE;
  private String gaveUpBecause;

  private ConnectRace(
      ConnectionTable table,
      List<SocketAddress> addresses,
      Duration attemptDelay,
      Duration timeout,
      SocketOptions options,
      ConnectionAcceptor acceptor) {
    this.table = table;
    this.worker = table.worker();
    this.addresses = List.copyOf(addresses);
    this.attemptDelay = attemptDelay;
    this.timeout = timeout;
    this.options = options;
    this.acceptor = acceptor;
  }

  /**
   * Begins with the first address. Any thread.
   *
   * @param table of the worker the connection shall live on
   * @param addresses of the peer, the preferred one first; at least one
   * @param attemptDelay how long an address may take before the next one is tried as well
   * @param timeout longest wait for all of them; zero has no limit but the kernel's
   * @param options how the sockets are set
   * @param acceptor chooses the handler once the connection exists
   * @return the race
   */
  public static ConnectRace start(
      ConnectionTable table,
      List<SocketAddress> addresses,
      Duration attemptDelay,
      Duration timeout,
      SocketOptions options,
      ConnectionAcceptor acceptor) {
    if (addresses.isEmpty()) {
      throw new IllegalArgumentException("connect needs at least one address");
    }
    ConnectRace race = new ConnectRace(table, addresses, attemptDelay, timeout, options, acceptor);
    try {
      race.worker.execute(race::begin);
    } catch (RejectedExecutionException stopped) {
      race.failAll("the worker has stopped");
    }
    return race;
  }

  /**
   * How the race ends.
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
      failAll("the worker has stopped");
    }
  }

  private void begin() {
    if (gaveUpBecause == null) {
      if (!timeout.isZero()) {
        worker.arm(deadline, timeout.toNanos());
      }
      tryNext();
    }
  }

  private void tryNext() {
    SocketAddress address = addresses.get(next++);
    ConnectAttempt attempt = new ConnectAttempt(table, address, Duration.ZERO, options, acceptor);
    running.add(attempt);
    attempt.result().whenComplete((connection, failure) -> ended(attempt, connection, failure));
    if (hasNext()) {
      worker.arm(nextTimer, attemptDelay.toNanos());
    }
    // Last: it may fail at once, and that tries the next one from in here.
    attempt.begin();
  }

  private boolean hasNext() {
    return gaveUpBecause == null && !result.isDone() && next < addresses.size();
  }

  private void ended(ConnectAttempt attempt, Connection connection, Throwable failure) {
    running.remove(attempt);
    if (connection != null) {
      won(connection);
      return;
    }
    Throwable cause = failure instanceof CompletionException ? failure.getCause() : failure;
    reasons.add(cause.getMessage());
    errno = cause instanceof ConnectFailedException refused ? refused.errno() : ERRNO_NONE;
    if (hasNext()) {
      worker.disarm(nextTimer);
      tryNext();
    } else if (running.isEmpty()) {
      failAll(gaveUpBecause);
    }
  }

  private void won(Connection connection) {
    disarm();
    // At once and not by a message: an answer to one of them may be the next thing delivered.
    List.copyOf(running).forEach(loser -> loser.giveUp("another address answered first"));
    result.complete(connection);
  }

  private void giveUp(String because) {
    if (result.isDone() || gaveUpBecause != null) {
      return;
    }
    gaveUpBecause = because;
    disarm();
    List.copyOf(running).forEach(attempt -> attempt.giveUp(because));
    if (running.isEmpty()) {
      failAll(because);
    }
  }

  private void disarm() {
    worker.disarm(nextTimer);
    worker.disarm(deadline);
  }

  private void failAll(String because) {
    if (worker.isCurrent()) {
      disarm();
    }
    String what = "cannot connect to any of " + addresses.size() + " addresses"
        + (because == null ? "" : ": " + because);
    String why = reasons.isEmpty() ? "" : "\n  " + String.join("\n  ", reasons);
    result.completeExceptionally(
        new ConnectFailedException(what + why, because == null ? errno : ERRNO_NONE));
  }

  private final class Next extends Timer {
    @Override
    protected void fire() {
      if (hasNext()) {
        tryNext();
      }
    }
  }

  private final class Deadline extends Timer {
    @Override
    protected void fire() {
      giveUp("no answer within " + timeout.toMillis() + " ms");
    }
  }
}

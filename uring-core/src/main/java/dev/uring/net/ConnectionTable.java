package dev.uring.net;

import dev.uring.base.ConnectionLostException;
import dev.uring.metrics.jfr.ConnectionClosedEvent;
import dev.uring.metrics.jfr.ConnectionOpenedEvent;
import dev.uring.metrics.jfr.FlightRecording;
import dev.uring.worker.Worker;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;

/**
 * The connections of one worker.
 *
 * <p>A list of the connections themselves: nothing looks one up, the kernel's answers come to the
 * operations of the connection they are for.
 *
 * <p><i>Thread:</i> the worker's, except {@link #empty()}.
 */
public final class ConnectionTable {
  private static final int SEQUENCE_BITS = 48;

  private final Worker worker;
  private final NetLimits limits;
  private final CompletableFuture<Void> empty = new CompletableFuture<>();
  private final Set<ConnectAttempt> attempts = new LinkedHashSet<>();
  private final Set<WorkerListener> listeners = new LinkedHashSet<>();
  private Connection head;

  // Read by the worker that accepts for this one, too.
  private final AtomicInteger count = new AtomicInteger();

  // Descriptors that another worker accepted and that are on their way here.
  private final Set<Integer> promised = ConcurrentHashMap.newKeySet();

  private long sequence;
  private boolean isDraining;
  private boolean isEnded;

  /**
   * A table without connections.
   *
   * @param worker whose connections these are
   * @param limits the limits of each
   */
  public ConnectionTable(Worker worker, NetLimits limits) {
    this.worker = worker;
    this.limits = limits;
    worker.whenEnding(this::workerEnding);
    worker.terminated().thenRun(this::closeUnclaimed);
  }

  /**
   * Tells every connection to end soon, and admits no other.
   *
   * @return completes when none is left
   */
  public CompletableFuture<Void> drain() {
    if (!isDraining) {
      isDraining = true;
      forEach(Connection::drain);
      // Over a copy: giving up may end an attempt at once.
      List.copyOf(attempts).forEach(ConnectAttempt::shuttingDown);
      completeWhenEmpty();
    }
    return empty;
  }

  /** Resets every connection. */
  public void abortAll() {
    forEach(Connection::abort);
  }

  /**
   * When no connection is left after {@link #drain()}.
   *
   * @return a future completed on the worker
   */
  public CompletableFuture<Void> empty() {
    return empty;
  }

  Worker worker() {
    return worker;
  }

  NetLimits limits() {
    return limits;
  }

  boolean isDraining() {
    return isDraining;
  }

  /** Any thread. */
  boolean isFull() {
    return load() >= limits.connectionsMax();
  }

  /** Connections of this worker, those on their way to it included. Any thread. */
  int load() {
    return count.get() + promised.size();
  }

  /** A descriptor is sent to this worker. Any thread. */
  void promise(int socket) {
    promised.add(socket);
  }

  /** Whether a promised descriptor is still open, and the caller's from now on. */
  boolean claim(int socket) {
    return promised.remove(socket);
  }

  /** Closes descriptors whose message the worker's end has swallowed. Any thread. */
  void closeUnclaimed() {
    for (Integer socket : promised) {
      if (promised.remove(socket)) {
        worker.driver().closeNow(socket);
      }
    }
  }

  /** Whether the worker has ended: nothing may be begun any more. */
  boolean isEnded() {
    return isEnded;
  }

  /** The listener hears of room and of the worker's end. */
  void listenerStarted(WorkerListener listener) {
    listeners.add(listener);
  }

  void listenerEnded(WorkerListener listener) {
    listeners.remove(listener);
  }

  /** A socket is being connected: the table is not empty until it is a connection or closed. */
  void attemptBegan(ConnectAttempt attempt) {
    attempts.add(attempt);
  }

  void attemptEnded(ConnectAttempt attempt) {
    attempts.remove(attempt);
    completeWhenEmpty();
  }

  Connection addAccepted(int socket, ConnectionSettings settings) {
    worker.counters().connectionsAccepted++;
    if (settings.acknowledgesAtOnce()) {
      worker.driver().acknowledgeAtOnce(socket);
    }
    return add(socket, settings, true);
  }

  Connection addConnected(int socket, ConnectionSettings settings) {
    worker.counters().connectionsConnected++;
    return add(socket, settings, false);
  }

  private Connection add(int socket, ConnectionSettings settings, boolean isAccepted) {
    long id = (long) worker.index() << SEQUENCE_BITS | ++sequence;
    Connection connection = new Connection(this, socket, id, settings);
    connection.next = head;
    if (head != null) {
      head.previous = connection;
    }
    head = connection;
    count.incrementAndGet();
    worker.connectionsActiveChanged(1);
    if (FlightRecording.isOn() && ConnectionOpenedEvent.isWanted()) {
      ConnectionOpenedEvent.report(worker.index(), id, connection.remoteAddress(), isAccepted);
    }
    return connection;
  }

  void remove(Connection connection) {
    if (connection.previous != null) {
      connection.previous.next = connection.next;
    } else {
      head = connection.next;
    }
    if (connection.next != null) {
      connection.next.previous = connection.previous;
    }
    connection.previous = null;
    connection.next = null;
    boolean wasFull = isFull();
    count.decrementAndGet();
    worker.counters().connectionsClosed++;
    worker.connectionsActiveChanged(-1);
    if (FlightRecording.isOn() && ConnectionClosedEvent.isWanted()) {
      ConnectionClosedEvent.report(
          worker.index(),
          connection.id(),
          connection.receivedBytesTotal(),
          connection.sentBytesTotal(),
          worker.nanoTime() - connection.openedNanos());
    }
    if (wasFull && !isEnded) {
      List.copyOf(listeners).forEach(WorkerListener::roomIsFree);
    }
    completeWhenEmpty();
  }

  // In order, a worker ends when nothing is left here. If its loop broke, or somebody stopped it,
  // its descriptors are closed all the same and every handler hears of it. All are closed before
  // the first is told: a handler may ask things of other connections.
  private void workerEnding(Throwable failure) {
    isDraining = true;
    isEnded = true;
    List.copyOf(listeners).forEach(WorkerListener::workerEnding);
    List.copyOf(attempts).forEach(ConnectAttempt::workerEnding);
    forEach(Connection::workerEnding);
    forEach(connection -> connection.tellClosed(
        new ConnectionLostException("worker " + worker.index() + " has ended", 0, failure)));
    completeWhenEmpty();
  }

  private void forEach(Consumer<Connection> action) {
    for (Connection connection = head; connection != null; ) {
      // Taken first: the action may end the connection, though never inside the call.
      Connection following = connection.next;
      action.accept(connection);
      connection = following;
    }
  }

  private void completeWhenEmpty() {
    if (isDraining && count.get() == 0 && attempts.isEmpty()) {
      empty.complete(null);
    }
  }
}

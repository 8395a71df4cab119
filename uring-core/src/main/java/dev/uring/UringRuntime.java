package dev.uring;

import dev.uring.base.ConfigException;
import dev.uring.base.RingSetupException;
import dev.uring.base.TimeSource;
import dev.uring.base.UringException;
import dev.uring.buffer.BlockPool;
import dev.uring.driver.Driver;
import dev.uring.metrics.WorkerSnapshot;
import dev.uring.net.ConnectAttempt;
import dev.uring.net.ConnectRace;
import dev.uring.net.ConnectionAcceptor;
import dev.uring.net.ConnectionTable;
import dev.uring.net.Listener;
import dev.uring.net.ListenerGroup;
import dev.uring.net.NetLimits;
import dev.uring.net.UdpHandler;
import dev.uring.net.UdpOptions;
import dev.uring.net.UdpServer;
import dev.uring.net.UdpSocket;
import dev.uring.net.UdpSockets;
import dev.uring.socket.Endpoint;
import dev.uring.socket.SocketOptions;
import dev.uring.tls.Tls;
import dev.uring.tls.TlsClientOptions;
import dev.uring.tls.TlsServerSource;
import dev.uring.worker.CpuPlacement;
import dev.uring.worker.StallDetector;
import dev.uring.worker.Worker;
import dev.uring.worker.WorkerOptions;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Function;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A set of workers and the servers on them: the front door.
 *
 * <pre>{@code
 * try (UringRuntime runtime = UringRuntime.start(RuntimeConfig.defaults())) {
 *   runtime.listen("127.0.0.1:7000", connection -> (c, bytes) -> {
 *     c.write(bytes);
 *     return bytes.size();
 *   });
 *   runtime.termination().toCompletableFuture().join();
 * }
 * }</pre>
 *
 * <h2>Ownership</h2>
 *
 * Owns the worker threads and everything they own. Must be closed, or the threads keep the process
 * alive.
 *
 * <h2>Threading and cancellation</h2>
 *
 * For any thread. Shutting down goes by phases: stop accepting, let connections end
 * ({@link dev.uring.net.ConnectionHandler#onDrain}) for at most {@code drainTimeout}, reset the
 * rest, stop the workers.
 *
 * <h2>Errors</h2>
 *
 * {@link #start} throws when the driver that is demanded cannot be had, with the reason and the
 * remedy; see {@link RuntimeConfig#driver()}.
 */
public final class UringRuntime implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(UringRuntime.class);

  private final RuntimeConfig config;
  private final Machine machine;
  private final List<Worker> workers;
  private final List<ConnectionTable> tables;
  private final ListenerGroup listenerGroup;
  private final UdpSockets udpSockets;
  private final SocketOptions defaultOptions;
  private final CompletableFuture<Void> drained = new CompletableFuture<>();
  private final AtomicBoolean isShutDown = new AtomicBoolean();
  private final ShutdownHooks hooks;
  private final BlockingPool blocking;
  private final CompletableFuture<Void> terminated;
  private final Thread signalHook;

  // Guarded by itself; a listener opened while draining is closed at once.
  private final List<Listener> listeners = new ArrayList<>();
  private boolean isDraining;

  private UringRuntime(RuntimeConfig config, Machine machine, List<Worker> workers) {
    this.config = config;
    this.machine = machine;
    this.hooks = new ShutdownHooks(machine);
    this.workers = List.copyOf(workers);
    NetLimits limits = limitsOf(config);
    this.tables =
        workers.stream().map(worker -> new ConnectionTable(worker, limits)).toList();
    this.udpSockets = new UdpSockets(workers);
    this.listenerGroup = new ListenerGroup(tables, config.backlog());
    this.defaultOptions = SocketOptions.builder().noDelay(config.tcpNoDelay()).build();
    this.terminated = CompletableFuture.allOf(
        workers.stream().map(Worker::terminated).toArray(CompletableFuture[]::new));
    watchForStalls();
    this.blocking = new BlockingPool(
        config.blockingThreadsMax(), config.blockingQueueMax(), machine.sideThreads());
    terminated.thenRun(blocking::close);
    this.signalHook = config.shutdownOnSignal() ? installSignalHook() : null;
  }

  /**
   * Starts the workers.
   *
   * @param config sizes and limits
   * @return a runtime that is ready
   * @throws UringException a worker cannot start; nothing is left running
   */
  public static UringRuntime start(RuntimeConfig config) {
    if (config.machine() != null) {
      return start(config, config.machine());
    }
    FileLimit.raise(config);
    DriverSelection selection = DriverSelection.of(config);
    try {
      return start(config, selection);
    } catch (RingSetupException refused) {
      // A small ring worked, and these do not.
      return start(config, selection.insteadOf(refused));
    }
  }

  private static UringRuntime start(RuntimeConfig config, Machine machine) {
    CpuPlacement placement = CpuPlacement.ofAllowedCpus();
    int count = config.workersCount() == 0 ? placement.cpusCount() : config.workersCount();
    List<Worker> workers = new ArrayList<>(count);
    try {
      for (int index = 0; index < count; index++) {
        workers.add(newWorker(index, config, machine, config.pinWorkers() ? placement : null));
      }
      workers.forEach(Worker::start);
      for (Worker worker : workers) {
        worker.started().join();
      }
    } catch (RuntimeException failure) {
      stopAll(workers);
      throw failure instanceof CompletionException wrapped
              && wrapped.getCause() instanceof RuntimeException cause
          ? cause
          : failure;
    }
    return new UringRuntime(config, machine, workers);
  }

  /**
   * The configuration this runtime was started with.
   *
   * @return the configuration
   */
  public RuntimeConfig config() {
    return config;
  }

  /**
   * What the workers run on.
   *
   * @return {@code "uring"} or {@code "nio"}
   */
  public String driverName() {
    return workers.getFirst().driver().name();
  }

  /**
   * How many workers there are.
   *
   * @return at least 1
   */
  public int workersCount() {
    return workers.size();
  }

  /**
   * One of the workers.
   *
   * @param index from 0 to {@link #workersCount()}, exclusive
   * @return the worker
   */
  public Worker worker(int index) {
    return workers.get(index);
  }

  /**
   * What every worker has counted.
   *
   * @return one snapshot for each worker, in their order
   */
  public List<WorkerSnapshot> snapshots() {
    return workers.stream().map(Worker::snapshot).toList();
  }

  /**
   * Listens on an address and serves each connection on the worker that the kernel gives it to.
   *
   * @param address one of the forms of {@link Endpoint}; port 0 lets the system choose, see
   *     {@link Listener#port()}
   * @param acceptor chooses the handler of each connection
   * @return the listener, bound already
   * @throws UringException the address cannot be listened on, or the runtime is shutting down
   */
  public Listener listen(String address, ConnectionAcceptor acceptor) {
    return listen(address, SocketOptions.defaults(), acceptor);
  }

  /**
   * Listens with options.
   *
   * @param address one of the forms of {@link Endpoint}; its settings go before {@code options}
   * @param options how the listener and its connections are set
   * @param acceptor chooses the handler of each connection
   * @return the listener, bound already
   * @throws UringException the address cannot be listened on, or the runtime is shutting down
   */
  public Listener listen(String address, SocketOptions options, ConnectionAcceptor acceptor) {
    Endpoint endpoint = Endpoint.parse(address);
    if (endpoint.isTls()) {
      throw new ConfigException(
          "tls", "a listener on " + address + " needs a certificate: give TlsServerOptions");
    }
    return listen(endpoint, options, acceptor);
  }

  /**
   * Listens with TLS.
   *
   * @param address one of the forms of {@link Endpoint}, with {@code tls://} or without
   * @param tls certificates and what is spoken; asked for each connection
   * @param acceptor chooses the handler of each connection whose handshake is through
   * @return the listener, bound already
   * @throws UringException the address cannot be listened on, or the runtime is shutting down
   */
  public Listener listen(String address, TlsServerSource tls, ConnectionAcceptor acceptor) {
    return listen(address, SocketOptions.defaults(), tls, acceptor);
  }

  /**
   * Listens with TLS and options.
   *
   * @param address one of the forms of {@link Endpoint}, with {@code tls://} or without
   * @param options how the listener and its connections are set
   * @param tls certificates and what is spoken; asked for each connection
   * @param acceptor chooses the handler of each connection whose handshake is through
   * @return the listener, bound already
   * @throws UringException the address cannot be listened on, or the runtime is shutting down
   */
  public Listener listen(
      String address, SocketOptions options, TlsServerSource tls, ConnectionAcceptor acceptor) {
    return listen(Endpoint.parse(address), options, Tls.server(tls, acceptor));
  }

  private Listener listen(Endpoint endpoint, SocketOptions options, ConnectionAcceptor acceptor) {
    String address = endpoint.toString();
    if (isDraining()) {
      throw shuttingDown(address);
    }
    Listener listener =
        listenerGroup.listen(endpoint, withDefaults(endpoint.override(options)), acceptor);
    synchronized (listeners) {
      if (!isDraining) {
        listeners.add(listener);
        return listener;
      }
    }
    // The shutdown began meanwhile, and has not seen this one.
    listener.close();
    throw shuttingDown(address);
  }

  /**
   * Opens a connection that lives on a given worker.
   *
   * @param worker one of this runtime's
   * @param address one of the forms of {@link Endpoint}
   * @param timeout longest wait for the peer's answer; zero has no limit but the kernel's
   * @param acceptor chooses the handler once the connection exists
   * @return the attempt, whose result says how it ended
   */
  public ConnectAttempt connect(
      Worker worker, String address, Duration timeout, ConnectionAcceptor acceptor) {
    return connect(worker, address, timeout, SocketOptions.defaults(), acceptor);
  }

  /**
   * Opens a connection with options.
   *
   * @param worker one of this runtime's
   * @param address one of the forms of {@link Endpoint}
   * @param timeout longest wait for the peer's answer; zero has no limit but the kernel's
   * @param options how the connection is set
   * @param acceptor chooses the handler once the connection exists
   * @return the attempt, whose result says how it ended
   */
  public ConnectAttempt connect(
      Worker worker,
      String address,
      Duration timeout,
      SocketOptions options,
      ConnectionAcceptor acceptor) {
    Endpoint endpoint = Endpoint.parse(address).requireConnectable();
    return connect(
        worker,
        endpoint,
        timeout,
        options,
        endpoint.isTls()
            ? Tls.client(TlsClientOptions.defaults(), endpoint.address(), acceptor)
            : acceptor);
  }

  /**
   * Opens a connection with TLS.
   *
   * @param worker one of this runtime's
   * @param address one of the forms of {@link Endpoint}, with {@code tls://} or without
   * @param timeout longest wait for the peer's answer and the handshake; zero has no limit but the
   *     kernel's and {@code handshakeTimeout}
   * @param options how the connection is set
   * @param tls whom to trust and what is spoken
   * @param acceptor chooses the handler once the handshake is through
   * @return the attempt, whose result says how it ended
   */
  public ConnectAttempt connect(
      Worker worker,
      String address,
      Duration timeout,
      SocketOptions options,
      TlsClientOptions tls,
      ConnectionAcceptor acceptor) {
    Endpoint endpoint = Endpoint.parse(address).requireConnectable();
    return connect(
        worker, endpoint, timeout, options, Tls.client(tls, endpoint.address(), acceptor));
  }

  private ConnectAttempt connect(
      Worker worker,
      Endpoint endpoint,
      Duration timeout,
      SocketOptions options,
      ConnectionAcceptor acceptor) {
    return ConnectAttempt.start(
        tables.get(worker.index()), endpoint.address(), timeout, withDefaults(options), acceptor);
  }

  /**
   * Binds a UDP address with one socket on each worker.
   *
   * @param address {@code host:port}, as for {@link #listen}, with or without {@code udp://}
   * @param options how the sockets are opened
   * @param handlers chooses the handler of each worker's socket, on that worker
   * @return the server, bound already
   * @throws UringException the address cannot be bound, or the runtime is shutting down
   */
  public UdpServer udp(
      String address, UdpOptions options, Function<UdpSocket, UdpHandler> handlers) {
    InetSocketAddress parsed = Endpoint.parseUdp(address);
    if (isDraining()) {
      throw shuttingDown(address);
    }
    return udpSockets.serve(parsed, options, handlers);
  }

  /**
   * Binds a single UDP socket that lives on a given worker.
   *
   * @param worker one of this runtime's
   * @param address where; {@code 0.0.0.0:0} lets the system choose the port
   * @param options how; {@link UdpOptions#remote()} makes it a socket for one peer
   * @param handlers chooses the handler, on the worker
   * @return completed on the worker once the handler has seen {@code onOpen}
   */
  public CompletionStage<UdpSocket> openUdp(
      Worker worker, String address, UdpOptions options, Function<UdpSocket, UdpHandler> handlers) {
    return udpSockets.open(worker, Endpoint.parseUdp(address), options, handlers);
  }

  /**
   * Opens a connection to a peer that has several addresses, for example of both IP versions.
   *
   * @param worker one of this runtime's
   * @param addresses forms of {@link Endpoint}, the preferred one first; at least one
   * @param attemptDelay how long one may take before the next is tried as well; RFC 8305 says 250
   *     ms
   * @param timeout longest wait for all of them; zero has no limit but the kernel's
   * @param options how the connection is set
   * @param acceptor chooses the handler once the connection exists
   * @return the race between them, whose result says how it ended
   */
  public ConnectRace connect(
      Worker worker,
      List<String> addresses,
      Duration attemptDelay,
      Duration timeout,
      SocketOptions options,
      ConnectionAcceptor acceptor) {
    List<Endpoint> endpoints = connectable(addresses);
    boolean isTls = endpoints.stream().anyMatch(Endpoint::isTls);
    if (isTls && !endpoints.stream().allMatch(Endpoint::isTls)) {
      throw new ConfigException(
          "address", "of the addresses " + addresses + " some are tls:// and some are not");
    }
    return race(
        worker,
        endpoints,
        attemptDelay,
        timeout,
        options,
        isTls ? Tls.client(TlsClientOptions.defaults(), acceptor) : acceptor);
  }

  /**
   * Opens a connection with TLS to a peer that has several addresses. The one whose handshake is
   * through first gets it.
   *
   * @param worker one of this runtime's
   * @param addresses forms of {@link Endpoint}, the preferred one first; at least one
   * @param attemptDelay how long one may take before the next is tried as well; RFC 8305 says 250
   *     ms
   * @param timeout longest wait for all of them; zero has no limit but the kernel's
   * @param options how the connection is set
   * @param tls whom to trust and what is spoken; its {@code serverName} is the name that the
   *     addresses are of
   * @param acceptor chooses the handler once the handshake is through
   * @return the race between them, whose result says how it ended
   */
  public ConnectRace connect(
      Worker worker,
      List<String> addresses,
      Duration attemptDelay,
      Duration timeout,
      SocketOptions options,
      TlsClientOptions tls,
      ConnectionAcceptor acceptor) {
    return race(
        worker, connectable(addresses), attemptDelay, timeout, options, Tls.client(tls, acceptor));
  }

  private static List<Endpoint> connectable(List<String> addresses) {
    return addresses.stream()
        .map(address -> Endpoint.parse(address).requireConnectable())
        .toList();
  }

  private ConnectRace race(
      Worker worker,
      List<Endpoint> endpoints,
      Duration attemptDelay,
      Duration timeout,
      SocketOptions options,
      ConnectionAcceptor acceptor) {
    return ConnectRace.start(
        tables.get(worker.index()),
        endpoints.stream().map(Endpoint::address).toList(),
        attemptDelay,
        timeout,
        withDefaults(options),
        acceptor);
  }

  /**
   * Threads for code that must block.
   *
   * @return always the same pool
   */
  public BlockingPool blocking() {
    return blocking;
  }

  /**
   * Registers what shall happen in a phase of the shutdown.
   *
   * @param phase when
   * @param name for the log, when it fails or does not end in time
   * @param action begins it and returns at once, on any thread; the phase lasts until its stage
   *     completes, at most {@code drainTimeout}
   * @return takes the registration back when it is closed
   * @throws IllegalStateException the phase has begun already
   */
  public AutoCloseable onShutdown(
      ShutdownPhase phase, String name, Supplier<? extends CompletionStage<?>> action) {
    return hooks.add(phase, name, action);
  }

  /**
   * Stops accepting and lets every connection end, resetting those that take longer than
   * {@code drainTimeout}: the phases of {@link ShutdownPhase} up to {@code CANCEL}. Workers go on,
   * so that work without a connection can be finished. Idempotent.
   *
   * @return completes when no connection is left
   */
  public CompletionStage<Void> drain() {
    List<Listener> open;
    synchronized (listeners) {
      if (isDraining) {
        return drained.minimalCompletionStage();
      }
      isDraining = true;
      open = List.copyOf(listeners);
      listeners.clear();
    }
    open.forEach(Listener::close);
    hooks.run(ShutdownPhase.STOP_ACCEPTING, drainNanos()).thenRun(() -> drainConnections(open));
    return drained.minimalCompletionStage();
  }

  private void drainConnections(List<Listener> closing) {
    CompletableFuture<?>[] ends = new CompletableFuture<?>[closing.size() + tables.size() + 1];
    ends[closing.size() + tables.size()] = udpSockets.drain();
    for (int i = 0; i < closing.size(); i++) {
      ends[i] = closing.get(i).closed().toCompletableFuture();
    }
    for (int i = 0; i < tables.size(); i++) {
      ConnectionTable table = tables.get(i);
      execute(workers.get(i), table::drain, table.empty());
      ends[closing.size() + i] = table.empty();
    }
    CompletableFuture<Void> connections = CompletableFuture.allOf(ends);
    CompletableFuture<Void> finished =
        CompletableFuture.allOf(connections, hooks.run(ShutdownPhase.DRAIN, drainNanos()));
    machine.limit(finished, drainNanos());
    finished.whenComplete((ignored, failure) -> cancelConnections(connections));
  }

  private void cancelConnections(CompletableFuture<Void> connections) {
    abortRest();
    CompletableFuture.allOf(connections, hooks.run(ShutdownPhase.CANCEL, drainNanos()))
        .whenComplete((ignored, failure) -> drained.complete(null));
  }

  /**
   * Drains, runs what is left of the phases, and then stops the workers. Returns at once;
   * idempotent.
   */
  public void shutdown() {
    drain();
    if (isShutDown.compareAndSet(false, true)) {
      drained
          .thenCompose(ignored -> hooks.run(ShutdownPhase.CLOSE, drainNanos()))
          .thenRun(() -> workers.forEach(Worker::stop));
    }
  }

  /**
   * When every worker has stopped.
   *
   * @return a stage completed after {@link #shutdown()}
   */
  public CompletionStage<Void> termination() {
    return terminated.minimalCompletionStage();
  }

  /**
   * Waits for {@link #termination()}.
   *
   * @param timeout longest wait
   * @return whether every worker has stopped
   * @throws InterruptedException the calling thread was interrupted
   */
  public boolean awaitTermination(Duration timeout) throws InterruptedException {
    try {
      terminated.get(timeout.toNanos(), TimeUnit.NANOSECONDS);
      return true;
    } catch (TimeoutException tooLong) {
      return false;
    } catch (ExecutionException impossible) {
      throw new AssertionError("a worker's termination never fails", impossible);
    }
  }

  /** Shuts down and waits until every worker has stopped. */
  @Override
  public void close() {
    if (Worker.current() != null) {
      throw new IllegalStateException(
          "close() waits for the workers and was called on one of them; call shutdown()");
    }
    shutdown();
    terminated.join();
    if (signalHook != null) {
      removeSignalHook();
    }
  }

  private long drainNanos() {
    return config.drainTimeout().toNanos();
  }

  private void abortRest() {
    udpSockets.abortAll();
    for (int i = 0; i < tables.size(); i++) {
      ConnectionTable table = tables.get(i);
      if (!table.empty().isDone()) {
        LOG.warn(
            "worker {} still has connections after drainTimeout={}; they are reset",
            i,
            config.drainTimeout());
        execute(workers.get(i), table::abortAll, table.empty());
      }
    }
  }

  private boolean isDraining() {
    synchronized (listeners) {
      return isDraining;
    }
  }

  private SocketOptions withDefaults(SocketOptions options) {
    if (options == SocketOptions.defaults()) {
      return defaultOptions;
    }
    return options.noDelay().isPresent()
        ? options
        : options.toBuilder().noDelay(config.tcpNoDelay()).build();
  }

  private static UringException shuttingDown(String address) {
    return new UringException("cannot listen on " + address + ": the runtime is shutting down");
  }

  private static void execute(Worker worker, Runnable task, CompletableFuture<Void> otherwise) {
    try {
      worker.execute(task);
    } catch (RejectedExecutionException stopped) {
      otherwise.complete(null);
    }
  }

  private Thread installSignalHook() {
    Thread hook = new Thread(this::close, "uring-shutdown");
    Runtime.getRuntime().addShutdownHook(hook);
    return hook;
  }

  private void removeSignalHook() {
    try {
      Runtime.getRuntime().removeShutdownHook(signalHook);
    } catch (IllegalStateException alreadyShuttingDown) {
      // The hook itself is what closes us.
      LOG.debug("closed by the shutdown hook");
    }
  }

  private static Worker newWorker(
      int index, RuntimeConfig config, Machine machine, CpuPlacement placement) {
    BlockPool blocks = new BlockPool(config.blockPoolBytesMax());
    Driver driver = machine.newDriver(index, config, blocks);
    return new Worker(index, driver, blocks, optionsOf(config, machine), placement);
  }

  private static WorkerOptions optionsOf(RuntimeConfig config, Machine machine) {
    long slowTurnNanos = config.slowTurnThreshold().toNanos();
    return new WorkerOptions(
        config.mailboxCapacity(),
        config.tasksPerTurnMax(),
        TimeUnit.MICROSECONDS.toNanos(config.spinMicros()),
        slowTurnNanos == 0 ? Long.MAX_VALUE : slowTurnNanos,
        machine.time(),
        machine::newThread);
  }

  private void watchForStalls() {
    long thresholdNanos = config.stallThreshold().toNanos();
    // It looks from a thread of its own, by the system's clock.
    if (thresholdNanos > 0 && machine.time() == TimeSource.SYSTEM) {
      StallDetector detector = new StallDetector(workers, thresholdNanos);
      detector.start();
      terminated.whenComplete((ignored, failure) -> detector.stop());
    }
  }

  private static NetLimits limitsOf(RuntimeConfig config) {
    return new NetLimits(
        config.recvHighWaterBytes(),
        config.frameBytesMax(),
        config.sendHighWaterBytes(),
        config.sendLowWaterBytes(),
        config.sendQueueBytesMax(),
        config.retainBytesMin(),
        config.zeroCopySendBytesMin(),
        config.lingerTimeout().toNanos(),
        config.connectionsPerWorkerMax());
  }

  private static void stopAll(List<Worker> workers) {
    for (Worker worker : workers) {
      worker.abandon();
    }
  }
}

package dev.uring;

import dev.uring.base.ConfigException;
import java.time.Duration;
import java.util.Objects;

/**
 * How a runtime is sized. Immutable; every field has a default, a unit, a bound and a cost.
 *
 * <pre>{@code
 * RuntimeConfig config = RuntimeConfig.builder().workersCount(2).connectionsPerWorkerMax(50_000).build();
 * }</pre>
 *
 * <h2>Errors</h2>
 *
 * {@link Builder#build()} throws {@link ConfigException} for a value outside its bound, naming the
 * field, the value, the bound and the remedy.
 */
public final class RuntimeConfig {
  private static final int KIB = 1 << 10;
  private static final int MIB = 1 << 20;

  private final Machine machine;
  private final DriverChoice driver;
  private final int workersCount;
  private final boolean pinWorkers;
  private final int sqEntries;
  private final int recvBuffersCount;
  private final int recvBufferBytes;
  private final int recvHeadroomBytes;
  private final int recvHighWaterBytes;
  private final int frameBytesMax;
  private final long sendHighWaterBytes;
  private final long sendLowWaterBytes;
  private final long sendQueueBytesMax;
  private final int retainBytesMin;
  private final int zeroCopySendBytesMin;
  private final long blockPoolBytesMax;
  private final int connectionsPerWorkerMax;
  private final int backlog;
  private final boolean tcpNoDelay;
  private final int mailboxCapacity;
  private final int tasksPerTurnMax;
  private final int blockingThreadsMax;
  private final int blockingQueueMax;
  private final int spinMicros;
  private final Duration slowTurnThreshold;
  private final Duration stallThreshold;
  private final Duration drainTimeout;
  private final Duration lingerTimeout;
  private final boolean shutdownOnSignal;

  private RuntimeConfig(Builder builder) {
    machine = builder.machine;
    driver = builder.driver;
    workersCount = builder.workersCount;
    pinWorkers = builder.pinWorkers;
    sqEntries = builder.sqEntries;
    recvBuffersCount = builder.recvBuffersCount;
    recvBufferBytes = builder.recvBufferBytes;
    recvHeadroomBytes = builder.recvHeadroomBytes;
    recvHighWaterBytes = builder.recvHighWaterBytes;
    frameBytesMax = builder.frameBytesMax;
    sendHighWaterBytes = builder.sendHighWaterBytes;
    sendLowWaterBytes = builder.sendLowWaterBytes;
    sendQueueBytesMax = builder.sendQueueBytesMax;
    retainBytesMin = builder.retainBytesMin;
    zeroCopySendBytesMin = builder.zeroCopySendBytesMin;
    blockPoolBytesMax = builder.blockPoolBytesMax;
    connectionsPerWorkerMax = builder.connectionsPerWorkerMax;
    backlog = builder.backlog;
    tcpNoDelay = builder.tcpNoDelay;
    mailboxCapacity = builder.mailboxCapacity;
    tasksPerTurnMax = builder.tasksPerTurnMax;
    blockingThreadsMax = builder.blockingThreadsMax;
    blockingQueueMax = builder.blockingQueueMax;
    spinMicros = builder.spinMicros;
    slowTurnThreshold = builder.slowTurnThreshold;
    stallThreshold = builder.stallThreshold;
    drainTimeout = builder.drainTimeout;
    lingerTimeout = builder.lingerTimeout;
    shutdownOnSignal = builder.shutdownOnSignal;
  }

  /**
   * The configuration with every default.
   *
   * @return a configuration
   */
  public static RuntimeConfig defaults() {
    return builder().build();
  }

  /**
   * A builder with every default.
   *
   * @return a new builder
   */
  public static Builder builder() {
    return new Builder();
  }

  /**
   * A builder with the values of this configuration.
   *
   * @return a new builder
   */
  public Builder toBuilder() {
    return new Builder(this);
  }

  /**
   * What the runtime stands on. Default null: the machine this process runs on. A simulation gives
   * its own, which has a driver of its own: {@link #driver()} is not asked then.
   *
   * @return the value, or null
   */
  public Machine machine() {
    return machine;
  }

  /**
   * What the workers run on. Default AUTO: io_uring where it works, else the JDK's selector, after
   * one warning that says what is in the way. AUTO leaves the choice to whoever starts the program:
   * the system property {@code uring.driver} ({@code ./uring run --driver}) decides, and after it
   * the environment variable {@code URING_DRIVER}; the others are a demand of the program that
   * neither can change, and a driver that is demanded and cannot be had is an error.
   *
   * @return the value
   */
  public DriverChoice driver() {
    return driver;
  }

  /**
   * How many workers: threads, each with a ring of its own. Default 0. Bound: 0 to 1024; 0 means
   * one for each CPU the process may use. Cost: one thread, and the memory of the other fields, for
   * each.
   *
   * @return the value
   */
  public int workersCount() {
    return workersCount;
  }

  /**
   * Whether each worker stays on one CPU. Default true: a worker's connections and buffers stay in
   * that CPU's cache. Cost: with fewer CPUs than busy threads, pinning can make a worker wait for
   * its CPU.
   *
   * @return the value
   */
  public boolean pinWorkers() {
    return pinWorkers;
  }

  /**
   * Operations that may be queued between two calls into the kernel; four times as many completions
   * may wait. Default 1024: a turn that queues more pays one more call for each 1024. Bound: a
   * power of two from 8 to 32768. Cost: 128 bytes of kernel memory each.
   *
   * @return the value
   */
  public int sqEntries() {
    return sqEntries;
  }

  /**
   * Receive buffers of each worker. Default 1024: the kernel has 256 of them at a time, because
   * more only go cold in the caches, and three times as many may be held by sends that pass bytes
   * on. Bound: a power of two from 2 to 32768 (kernel limit of one buffer ring). Cost: memory for
   * each worker = recvBuffersCount × (recvBufferBytes + headroom), touched only as it is used.
   *
   * @return the value
   */
  public int recvBuffersCount() {
    return recvBuffersCount;
  }

  /**
   * Size of one receive buffer. Default 32 KiB: with 4 KiB a 16 KiB message takes four completions
   * and the throughput of large messages falls to a quarter. Bound: 1 KiB to 1 MiB, a multiple of
   * 64. Cost: see recvBuffersCount.
   *
   * @return the value
   */
  public int recvBufferBytes() {
    return recvBufferBytes;
  }

  /**
   * Room in front of each receive buffer, where an unfinished message from the buffer before is put
   * so that it lies in one piece with its rest. Default 1 KiB: a straddling message of a usual size
   * costs the copy of its first part only. Bound: 0 to 64 KiB, a multiple of 64. Cost: see
   * recvBuffersCount.
   *
   * @return the value
   */
  public int recvHeadroomBytes() {
    return recvHeadroomBytes;
  }

  /**
   * Unconsumed bytes at which a connection whose bytes nobody takes stops receiving. Default 64
   * KiB: two receive buffers. Bound: 1 KiB to frameBytesMax. Cost: as many bytes for each
   * connection with a slow program.
   *
   * @return the value
   */
  public int recvHighWaterBytes() {
    return recvHighWaterBytes;
  }

  /**
   * Most unconsumed bytes a connection may hold: the largest message a parser may wait for. A
   * connection that exceeds it is reset with FrameTooLargeException. Default 16 MiB. Bound: 1 KiB
   * to 1 GiB. Cost: as many bytes for each connection in the middle of such a message.
   *
   * @return the value
   */
  public int frameBytesMax() {
    return frameBytesMax;
  }

  /**
   * Unsent bytes from which a connection is not writable: a suspending send waits. Default 1 MiB:
   * about what the kernel takes at once, and a message of a few hundred KiB passes without a pause,
   * after which everything that was received meanwhile is copied. Bound: 1 KiB to
   * sendQueueBytesMax. Cost: as many bytes for each connection with a slow peer.
   *
   * @return the value
   */
  public long sendHighWaterBytes() {
    return sendHighWaterBytes;
  }

  /**
   * Unsent bytes at which a waiting send goes on. Default 64 KiB: late enough to write in batches,
   * early enough that the kernel does not run dry. Bound: 0 to sendHighWaterBytes. Cost: nothing.
   *
   * @return the value
   */
  public long sendLowWaterBytes() {
    return sendLowWaterBytes;
  }

  /**
   * Most unsent bytes a connection may hold. A program that writes more without waiting gets
   * SendQueueFullException and the connection is reset. Default 64 MiB: far above what a program
   * that waits can reach. Bound: sendHighWaterBytes to 1 TiB. Cost: as many bytes for each
   * connection that reaches it.
   *
   * @return the value
   */
  public long sendQueueBytesMax() {
    return sendQueueBytesMax;
  }

  /**
   * Least size of received bytes that are sent on from the receive buffer instead of being copied.
   * Default 4 KiB: below, copying is cheaper than holding a buffer of 32 KiB until the send is
   * over. Bound: 64 to 1 GiB. Cost: nothing; half of the receive buffers at most are held.
   *
   * @return the value
   */
  public int retainBytesMin() {
    return retainBytesMin;
  }

  /**
   * Least size of a send for which the kernel is asked not to copy (SENDMSG_ZC). Default 0, which
   * is never: whether it pays depends on the network card, and over loopback it always loses. With
   * a card that gathers from memory 16 KiB is a size to begin measuring with. A connection whose
   * notifications say that the kernel copied all the same stops asking; one whose peer is more than
   * sendHighWaterBytes behind with acknowledging copies until it has caught up. Bound: 0 to 1 GiB.
   * Cost: a second completion for each such send, and its memory is held until the peer has
   * acknowledged it.
   *
   * @return the value
   */
  public int zeroCopySendBytesMin() {
    return zeroCopySendBytesMin;
  }

  /**
   * Most memory of a worker's pool for unsent output and unfinished input. At the limit the
   * connection that needs more is reset with PoolExhaustedException. Default 1 GiB. Bound: 1 MiB to
   * 1 TiB. Cost: nothing until it is used; memory of small blocks stays with the pool.
   *
   * @return the value
   */
  public long blockPoolBytesMax() {
    return blockPoolBytesMax;
  }

  /**
   * Most connections of one worker. At the limit it stops accepting and new ones wait in the
   * backlog. Default 100000. Bound: 1 to 16000000. Cost: under 1 KiB for each idle connection, plus
   * the kernel's.
   *
   * @return the value
   */
  public int connectionsPerWorkerMax() {
    return connectionsPerWorkerMax;
  }

  /**
   * Connections that may wait to be accepted, for each listening socket. Default 4096: the kernel's
   * own default limit. Bound: 1 to 1048576; the kernel lowers it to net.core.somaxconn. Cost:
   * kernel memory for those that wait.
   *
   * @return the value
   */
  public int backlog() {
    return backlog;
  }

  /**
   * Whether small segments leave at once (TCP_NODELAY). Default true: writes are already gathered
   * for each turn, so Nagle's algorithm could only add delay. Cost: nothing.
   *
   * @return the value
   */
  public boolean tcpNoDelay() {
    return tcpNoDelay;
  }

  /**
   * Messages from other threads that may wait for a worker. When it is full, a foreign thread waits
   * and a worker keeps its message until there is room. Default 65536. Bound: a power of two from
   * 16 to 16 Mi. Cost: 4 bytes each with compressed references.
   *
   * @return the value
   */
  public int mailboxCapacity() {
    return mailboxCapacity;
  }

  /**
   * Most tasks a worker runs before it looks at the kernel again. Default 4096: a quarter of a
   * millisecond of tasks that take 60 ns. Bound: 1 to 1048576. Cost: a larger number makes
   * connections wait behind tasks.
   *
   * @return the value
   */
  public int tasksPerTurnMax() {
    return tasksPerTurnMax;
  }

  /**
   * How long a worker without work asks the kernel again and again before it sleeps, in
   * microseconds. Default 0: it sleeps at once. Spinning saves what falling asleep and being woken
   * take, some microseconds for each message and more when the CPU leaves its deep idle state, and
   * spares other threads the call that wakes. Bound: 0 to 10000. Cost: the worker's CPU is busy for
   * as long after every bit of work, and all the time when work keeps coming within it: only for a
   * CPU that nobody else needs. Enters are counted for each asking, so operations per enter fall.
   *
   * @return the value
   */
  public int spinMicros() {
    return spinMicros;
  }

  /**
   * From how long on a turn of a worker's loop is counted as slow and, while a recording runs,
   * reported as the event {@code dev.uring.SlowTurn}. Default 10 ms: a peer on the same network
   * begins to notice. Bound: 0 to 1 hour; 0 counts none. Cost: nothing.
   *
   * @return the value
   */
  public Duration slowTurnThreshold() {
    return slowTurnThreshold;
  }

  /**
   * From how long on a turn of a worker's loop is a stall: it is counted, logged with the worker's
   * stack and, while a recording runs, reported as the event {@code dev.uring.WorkerStall}, all
   * while it lasts. Default 500 ms: nobody overlooks it, while a busy machine's scheduler, and the
   * first use of many classes in a JVM that starts, stay below. A server that must answer in
   * milliseconds sets less. Bound: 0 to 1 hour; 0 watches for none. Cost: one thread for each
   * runtime, which looks at the workers four times in each threshold.
   *
   * @return the value
   */
  public Duration stallThreshold() {
    return stallThreshold;
  }

  /**
   * Most threads for code that must block, of the whole runtime. Default 64: calls that wait need a
   * thread each and no CPU. Bound: 1 to 65536. Cost: a thread for each that is busy; none until the
   * first call, and none ten seconds after the last.
   *
   * @return the value
   */
  public int blockingThreadsMax() {
    return blockingThreadsMax;
  }

  /**
   * Most blocking calls that may wait for a thread. Beyond, a callback program's call is refused
   * with BlockingPoolFullException; a coroutine waits, which bounds itself. Default 1024: sixteen
   * calls for each thread. Bound: 0 to 16777216. Cost: under 100 bytes for each that waits.
   *
   * @return the value
   */
  public int blockingQueueMax() {
    return blockingQueueMax;
  }

  /**
   * How long connections may take to end when the runtime shuts down, before they are reset.
   * Default 5 s. Bound: 0 to 1 hour. Cost: a shutdown that takes as long.
   *
   * @return the value
   */
  public Duration drainTimeout() {
    return drainTimeout;
  }

  /**
   * How long a closed connection waits for the peer to close too, so that the peer can read
   * everything before the descriptor goes. Default 1 s. Bound: 0 to 1 minute; 0 closes at once.
   * Cost: a descriptor for as long, for each peer that does not close.
   *
   * @return the value
   */
  public Duration lingerTimeout() {
    return lingerTimeout;
  }

  /**
   * Whether SIGTERM and SIGINT shut the runtime down in order, by a hook of the virtual machine.
   * Default false in this class; the Kotlin entry point has its own handling. Cost: one hook. While
   * {@link dev.uring.process.Signals} has a subscription to one of the two, that one does not.
   *
   * @return the value
   */
  public boolean shutdownOnSignal() {
    return shutdownOnSignal;
  }

  /** Collects values; {@link #build()} checks them. */
  public static final class Builder {
    private Machine machine;
    private DriverChoice driver = DriverChoice.AUTO;
    private int workersCount = 0;
    private boolean pinWorkers = true;
    private int sqEntries = 1024;
    private int recvBuffersCount = 1024;
    private int recvBufferBytes = 32 * KIB;
    private int recvHeadroomBytes = KIB;
    private int recvHighWaterBytes = 64 * KIB;
    private int frameBytesMax = 16 * MIB;
    private long sendHighWaterBytes = MIB;
    private long sendLowWaterBytes = 64 * KIB;
    private long sendQueueBytesMax = 64L * MIB;
    private int retainBytesMin = 4 * KIB;
    private int zeroCopySendBytesMin = 0;
    private long blockPoolBytesMax = 1024L * MIB;
    private int connectionsPerWorkerMax = 100_000;
    private int backlog = 4096;
    private boolean tcpNoDelay = true;
    private int mailboxCapacity = 64 * KIB;
    private int tasksPerTurnMax = 4096;
    private int blockingThreadsMax = 64;
    private int blockingQueueMax = 1024;
    private int spinMicros = 0;
    private Duration slowTurnThreshold = Duration.ofMillis(10);
    private Duration stallThreshold = Duration.ofMillis(500);
    private Duration drainTimeout = Duration.ofSeconds(5);
    private Duration lingerTimeout = Duration.ofSeconds(1);
    private boolean shutdownOnSignal = false;

    private Builder() {}

    private Builder(RuntimeConfig config) {
      machine = config.machine;
      driver = config.driver;
      workersCount = config.workersCount;
      pinWorkers = config.pinWorkers;
      sqEntries = config.sqEntries;
      recvBuffersCount = config.recvBuffersCount;
      recvBufferBytes = config.recvBufferBytes;
      recvHeadroomBytes = config.recvHeadroomBytes;
      recvHighWaterBytes = config.recvHighWaterBytes;
      frameBytesMax = config.frameBytesMax;
      sendHighWaterBytes = config.sendHighWaterBytes;
      sendLowWaterBytes = config.sendLowWaterBytes;
      sendQueueBytesMax = config.sendQueueBytesMax;
      retainBytesMin = config.retainBytesMin;
      zeroCopySendBytesMin = config.zeroCopySendBytesMin;
      blockPoolBytesMax = config.blockPoolBytesMax;
      connectionsPerWorkerMax = config.connectionsPerWorkerMax;
      backlog = config.backlog;
      tcpNoDelay = config.tcpNoDelay;
      mailboxCapacity = config.mailboxCapacity;
      tasksPerTurnMax = config.tasksPerTurnMax;
      blockingThreadsMax = config.blockingThreadsMax;
      blockingQueueMax = config.blockingQueueMax;
      spinMicros = config.spinMicros;
      slowTurnThreshold = config.slowTurnThreshold;
      stallThreshold = config.stallThreshold;
      drainTimeout = config.drainTimeout;
      lingerTimeout = config.lingerTimeout;
      shutdownOnSignal = config.shutdownOnSignal;
    }

    /**
     * Sets {@link RuntimeConfig#machine()}.
     *
     * @param value the value, or null
     * @return this builder
     */
    public Builder machine(Machine value) {
      machine = value;
      return this;
    }

    /**
     * Sets {@link RuntimeConfig#driver()}.
     *
     * @param value the new value
     * @return this builder
     */
    public Builder driver(DriverChoice value) {
      driver = Objects.requireNonNull(value, "driver");
      return this;
    }

    /**
     * Sets {@link RuntimeConfig#workersCount()}.
     *
     * @param value the value
     * @return this builder
     */
    public Builder workersCount(int value) {
      workersCount = value;
      return this;
    }

    /**
     * Sets {@link RuntimeConfig#pinWorkers()}.
     *
     * @param value the value
     * @return this builder
     */
    public Builder pinWorkers(boolean value) {
      pinWorkers = value;
      return this;
    }

    /**
     * Sets {@link RuntimeConfig#sqEntries()}.
     *
     * @param value the value
     * @return this builder
     */
    public Builder sqEntries(int value) {
      sqEntries = value;
      return this;
    }

    /**
     * Sets {@link RuntimeConfig#recvBuffersCount()}.
     *
     * @param value the value
     * @return this builder
     */
    public Builder recvBuffersCount(int value) {
      recvBuffersCount = value;
      return this;
    }

    /**
     * Sets {@link RuntimeConfig#recvBufferBytes()}.
     *
     * @param value the value
     * @return this builder
     */
    public Builder recvBufferBytes(int value) {
      recvBufferBytes = value;
      return this;
    }

    /**
     * Sets {@link RuntimeConfig#recvHeadroomBytes()}.
     *
     * @param value the value
     * @return this builder
     */
    public Builder recvHeadroomBytes(int value) {
      recvHeadroomBytes = value;
      return this;
    }

    /**
     * Sets {@link RuntimeConfig#recvHighWaterBytes()}.
     *
     * @param value the value
     * @return this builder
     */
    public Builder recvHighWaterBytes(int value) {
      recvHighWaterBytes = value;
      return this;
    }

    /**
     * Sets {@link RuntimeConfig#frameBytesMax()}.
     *
     * @param value the value
     * @return this builder
     */
    public Builder frameBytesMax(int value) {
      frameBytesMax = value;
      return this;
    }

    /**
     * Sets {@link RuntimeConfig#sendHighWaterBytes()}.
     *
     * @param value the value
     * @return this builder
     */
    public Builder sendHighWaterBytes(long value) {
      sendHighWaterBytes = value;
      return this;
    }

    /**
     * Sets {@link RuntimeConfig#sendLowWaterBytes()}.
     *
     * @param value the value
     * @return this builder
     */
    public Builder sendLowWaterBytes(long value) {
      sendLowWaterBytes = value;
      return this;
    }

    /**
     * Sets {@link RuntimeConfig#sendQueueBytesMax()}.
     *
     * @param value the value
     * @return this builder
     */
    public Builder sendQueueBytesMax(long value) {
      sendQueueBytesMax = value;
      return this;
    }

    /**
     * Sets {@link RuntimeConfig#retainBytesMin()}.
     *
     * @param value the value
     * @return this builder
     */
    public Builder retainBytesMin(int value) {
      retainBytesMin = value;
      return this;
    }

    /**
     * Sets {@link RuntimeConfig#zeroCopySendBytesMin()}.
     *
     * @param value the value
     * @return this builder
     */
    public Builder zeroCopySendBytesMin(int value) {
      zeroCopySendBytesMin = value;
      return this;
    }

    /**
     * Sets {@link RuntimeConfig#blockPoolBytesMax()}.
     *
     * @param value the value
     * @return this builder
     */
    public Builder blockPoolBytesMax(long value) {
      blockPoolBytesMax = value;
      return this;
    }

    /**
     * Sets {@link RuntimeConfig#connectionsPerWorkerMax()}.
     *
     * @param value the value
     * @return this builder
     */
    public Builder connectionsPerWorkerMax(int value) {
      connectionsPerWorkerMax = value;
      return this;
    }

    /**
     * Sets {@link RuntimeConfig#backlog()}.
     *
     * @param value the value
     * @return this builder
     */
    public Builder backlog(int value) {
      backlog = value;
      return this;
    }

    /**
     * Sets {@link RuntimeConfig#tcpNoDelay()}.
     *
     * @param value the value
     * @return this builder
     */
    public Builder tcpNoDelay(boolean value) {
      tcpNoDelay = value;
      return this;
    }

    /**
     * Sets {@link RuntimeConfig#mailboxCapacity()}.
     *
     * @param value the value
     * @return this builder
     */
    public Builder mailboxCapacity(int value) {
      mailboxCapacity = value;
      return this;
    }

    /**
     * Sets {@link RuntimeConfig#tasksPerTurnMax()}.
     *
     * @param value the value
     * @return this builder
     */
    public Builder tasksPerTurnMax(int value) {
      tasksPerTurnMax = value;
      return this;
    }

    /**
     * Sets {@link RuntimeConfig#spinMicros()}.
     *
     * @param value the value
     * @return this builder
     */
    public Builder spinMicros(int value) {
      spinMicros = value;
      return this;
    }

    /**
     * Sets {@link RuntimeConfig#slowTurnThreshold()}.
     *
     * @param value the value
     * @return this builder
     */
    public Builder slowTurnThreshold(Duration value) {
      slowTurnThreshold = value;
      return this;
    }

    /**
     * Sets {@link RuntimeConfig#stallThreshold()}.
     *
     * @param value the value
     * @return this builder
     */
    public Builder stallThreshold(Duration value) {
      stallThreshold = value;
      return this;
    }

    /**
     * Sets {@link RuntimeConfig#blockingThreadsMax()}.
     *
     * @param value the value
     * @return this builder
     */
    public Builder blockingThreadsMax(int value) {
      blockingThreadsMax = value;
      return this;
    }

    /**
     * Sets {@link RuntimeConfig#blockingQueueMax()}.
     *
     * @param value the value
     * @return this builder
     */
    public Builder blockingQueueMax(int value) {
      blockingQueueMax = value;
      return this;
    }

    /**
     * Sets {@link RuntimeConfig#drainTimeout()}.
     *
     * @param value the value
     * @return this builder
     */
    public Builder drainTimeout(Duration value) {
      drainTimeout = value;
      return this;
    }

    /**
     * Sets {@link RuntimeConfig#lingerTimeout()}.
     *
     * @param value the value
     * @return this builder
     */
    public Builder lingerTimeout(Duration value) {
      lingerTimeout = value;
      return this;
    }

    /**
     * Sets {@link RuntimeConfig#shutdownOnSignal()}.
     *
     * @param value the value
     * @return this builder
     */
    public Builder shutdownOnSignal(boolean value) {
      shutdownOnSignal = value;
      return this;
    }

    /**
     * Checks every value.
     *
     * @return the configuration
     * @throws ConfigException a value is outside its bound
     */
    public RuntimeConfig build() {
      ConfigChecks.range("workersCount", workersCount, 0, 1024, "use 0 for one worker per CPU");
      ConfigChecks.powerOfTwo("sqEntries", sqEntries, 8, 32768);
      ConfigChecks.powerOfTwo("recvBuffersCount", recvBuffersCount, 2, 32768);
      ConfigChecks.multipleOf64("recvBufferBytes", recvBufferBytes, KIB, MIB);
      ConfigChecks.multipleOf64("recvHeadroomBytes", recvHeadroomBytes, 0, 64 * KIB);
      ConfigChecks.range(
          "frameBytesMax", frameBytesMax, KIB, 1 << 30, "consume larger messages in parts");
      ConfigChecks.range(
          "recvHighWaterBytes",
          recvHighWaterBytes,
          KIB,
          frameBytesMax,
          "raise frameBytesMax first");
      ConfigChecks.range(
          "sendQueueBytesMax", sendQueueBytesMax, KIB, 1L << 40, "wait for the peer instead");
      ConfigChecks.range(
          "sendHighWaterBytes",
          sendHighWaterBytes,
          KIB,
          sendQueueBytesMax,
          "raise sendQueueBytesMax first");
      ConfigChecks.range(
          "sendLowWaterBytes",
          sendLowWaterBytes,
          0,
          sendHighWaterBytes,
          "raise sendHighWaterBytes first");
      ConfigChecks.range(
          "retainBytesMin", retainBytesMin, 64, 1 << 30, "use 1073741824 to always copy");
      ConfigChecks.range(
          "zeroCopySendBytesMin", zeroCopySendBytesMin, 0, 1 << 30, "use 0 to always copy");
      ConfigChecks.range(
          "blockPoolBytesMax",
          blockPoolBytesMax,
          MIB,
          1L << 40,
          "give each worker what its connections need");
      ConfigChecks.range(
          "connectionsPerWorkerMax", connectionsPerWorkerMax, 1, 16_000_000, "use more workers");
      ConfigChecks.range(
          "backlog", backlog, 1, 1 << 20, "the kernel lowers it to net.core.somaxconn anyway");
      ConfigChecks.powerOfTwo("mailboxCapacity", mailboxCapacity, 16, 1 << 24);
      ConfigChecks.range(
          "tasksPerTurnMax", tasksPerTurnMax, 1, 1 << 20, "tasks beyond it run in the next turn");
      ConfigChecks.range("spinMicros", spinMicros, 0, 10_000, "a longer wait is a busy loop");
      ConfigChecks.duration("slowTurnThreshold", slowTurnThreshold, Duration.ofHours(1));
      ConfigChecks.duration("stallThreshold", stallThreshold, Duration.ofHours(1));
      ConfigChecks.range(
          "blockingThreadsMax", blockingThreadsMax, 1, 1 << 16, "block less, or in fewer threads");
      ConfigChecks.range(
          "blockingQueueMax", blockingQueueMax, 0, 1 << 24, "wait for earlier calls instead");
      ConfigChecks.duration("drainTimeout", drainTimeout, Duration.ofHours(1));
      ConfigChecks.duration("lingerTimeout", lingerTimeout, Duration.ofMinutes(1));
      return new RuntimeConfig(this);
    }
  }
}

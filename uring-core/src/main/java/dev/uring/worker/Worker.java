package dev.uring.worker;

import dev.uring.base.TimeSource;
import dev.uring.buffer.BlockLease;
import dev.uring.buffer.BlockPool;
import dev.uring.driver.Driver;
import dev.uring.driver.DriverCounters;
import dev.uring.metrics.WorkerCounters;
import dev.uring.metrics.WorkerSnapshot;
import dev.uring.metrics.jfr.FlightRecording;
import dev.uring.metrics.jfr.SlowTurnEvent;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A thread pinned to a CPU, with a driver, a run queue, a timer wheel and a mailbox of its own.
 *
 * <h2>Ownership</h2>
 *
 * Owns its driver and its block pool and closes both when it stops. Nothing a worker owns is
 * touched by another thread; work comes in through {@link #execute}.
 *
 * <h2>Threading and cancellation</h2>
 *
 * {@link #execute}, {@link #stop}, {@link #snapshot} and the getters are for any thread, the rest
 * for the worker's own; those throw {@link IllegalStateException} elsewhere.
 *
 * <h2>Errors</h2>
 *
 * What a task or timer throws is logged and counted; the loop goes on.
 */
public final class Worker implements Executor {
  private static final Logger LOG = LoggerFactory.getLogger(Worker.class);
  private static final ThreadLocal<Worker> CURRENT = new ThreadLocal<>();

  private static final Duration PERIOD_MIN = Duration.ofMillis(1);
  private static final Runnable[] NO_TICKS = {};

  // A task may add another, without end, and a worker we have messages for may be stuck; the
  // process
  // must be able to end. A second is more than any of those that do end needs.
  private static final long LEFTOVER_NANOS_MAX = 1_000_000_000;

  // For the detector of stalls, which looks from another thread: opaque, because it needs no order
  // with anything else, only to see the value in the end.
  private static final VarHandle PRESENT_TURN_NANOS;

  static {
    try {
      PRESENT_TURN_NANOS =
          MethodHandles.lookup().findVarHandle(Worker.class, "presentTurnNanos", long.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  /** {@link #presentTurnNanos()} of a worker that is not in a turn. */
  static final long NO_TURN = 0;

  // Of the tasks of a turn, the part that messages may add when local tasks already fill it.
  private static final int MAIL_SHARE = 16;

  private final int index;
  private final Driver driver;
  private final BlockPool blocks;
  private final int tasksPerTurnMax;
  private final long spinNanos;
  private final long slowTurnNanos;
  private final CpuPlacement placement;
  private final TimeSource time;
  private final Thread thread;
  private final CompletableFuture<Void> started = new CompletableFuture<>();
  private final CompletableFuture<Void> terminated = new CompletableFuture<>();
  private final MailRoom mail;
  private final WorkerCounters counters = new WorkerCounters();
  private final TimerWheel timers;

  private final RunQueues runQueues;
  private final RunQueues.TaskRunner taskRunner = this::runTask;

  private final Map<Class<?>, Object> attachments = new ConcurrentHashMap<>();
  private final List<Consumer<Throwable>> endListeners = new CopyOnWriteArrayList<>();
  private final List<Runnable> driverClosedListeners = new ArrayList<>();

  private EndOfTurn endOfTurnHead;

  // Called in every turn. An array of its own for each change: one may be changed by what it calls.
  private Runnable[] ticks = NO_TICKS;

  private long nowNanos;
  private long turnEndedNanos;
  private int connectionsActive;

  @SuppressWarnings("unused") // through its VarHandle
  private long presentTurnNanos = NO_TURN;

  // Written by the detector of stalls alone.
  private volatile long stalls;

  /**
   * A worker that is not running yet.
   *
   * @param index its number, from 0
   * @param driver handed over: the worker closes it
   * @param blocks handed over: the worker closes it
   * @param options the limits of its loop
   * @param placement where to pin the thread, or null to leave that to the scheduler
   */
  public Worker(
      int index, Driver driver, BlockPool blocks, WorkerOptions options, CpuPlacement placement) {
    this.index = index;
    this.driver = driver;
    this.blocks = blocks;
    this.tasksPerTurnMax = options.tasksPerTurnMax();
    this.spinNanos = options.spinNanos();
    this.slowTurnNanos = options.slowTurnNanos();
    this.placement = placement;
    this.time = options.time();
    this.runQueues = new RunQueues(time);
    this.mail = new MailRoom(this, driver, options.mailboxCapacity());
    this.nowNanos = time.nanoTime();
    this.turnEndedNanos = nowNanos;
    this.timers = new TimerWheel(nowNanos, this::taskFailed);
    this.thread = options.threads().newThread(this::run);
    thread.setName("uring-worker-" + index);
  }

  /**
   * The worker whose thread this is.
   *
   * @return the worker, or null on any other thread
   */
  public static Worker current() {
    return CURRENT.get();
  }

  /** Starts the thread. Returns at once; {@link #started()} tells when the driver is ready. */
  public void start() {
    thread.start();
  }

  /**
   * Completes when the worker is ready, exceptionally when its driver could not be started.
   *
   * @return a future completed by the worker's thread
   */
  public CompletableFuture<Void> started() {
    return started;
  }

  /**
   * Completes when the thread has released everything it owned.
   *
   * @return a future completed by the worker's thread
   */
  public CompletableFuture<Void> terminated() {
    return terminated;
  }

  /** Asks the loop to end after the present turn. Any thread; idempotent. */
  public void stop() {
    mail.requestStop();
  }

  /**
   * Adds what shall be told, on this worker's thread, that the loop has ended and the driver is
   * about to be closed.
   *
   * @param listener is given what broke the loop, or null when it was stopped
   */
  public void whenEnding(Consumer<Throwable> listener) {
    endListeners.add(listener);
  }

  /**
   * Adds what shall be told, on this worker's thread, that the driver is closed: the kernel does
   * not touch the memory of its operations any more.
   *
   * @param listener is called once
   */
  public void whenDriverClosed(Runnable listener) {
    checkCurrent();
    driverClosedListeners.add(listener);
  }

  /**
   * Stops a worker that may never have been started, and waits until it has let go of everything.
   */
  public void abandon() {
    if (thread.getState() == Thread.State.NEW) {
      mail.close();
      release();
      terminated.complete(null);
    } else {
      stop();
    }
    terminated.join();
  }

  /**
   * The number of this worker.
   *
   * @return 0 to the number of workers, exclusive
   */
  public int index() {
    return index;
  }

  /**
   * Whether the calling thread is this worker's.
   *
   * @return {@code true} on its own thread
   */
  public boolean isCurrent() {
    return Thread.currentThread() == thread;
  }

  /**
   * Runs a task on this worker.
   *
   * <p>On the worker's own thread the task goes to the run queue, behind what is there; from
   * another thread it goes through the mailbox and wakes the worker if it sleeps. Tasks from one
   * thread run in their order. When the mailbox is full, a foreign thread waits until there is
   * room, and a worker keeps the task and delivers it at the end of its turn: nothing is dropped.
   *
   * @param task what to run
   * @throws RejectedExecutionException the worker has stopped
   */
  @Override
  public void execute(Runnable task) {
    Objects.requireNonNull(task, "task");
    if (isCurrent()) {
      if (mail.isStopped()) {
        throw mail.refusal();
      }
      runQueues.add(task);
      return;
    }
    mail.send(task);
  }

  /**
   * Runs a task on this worker, on the share of a group; otherwise as {@link #execute(Runnable)}.
   *
   * @param group whose share of the time it uses
   * @param task what to run
   * @throws RejectedExecutionException the worker has stopped
   */
  public void execute(SchedulingGroup group, Runnable task) {
    Objects.requireNonNull(task, "task");
    if (isCurrent()) {
      if (mail.isStopped()) {
        throw mail.refusal();
      }
      runQueues.add(group, task);
    } else {
      mail.send(group == SchedulingGroup.DEFAULT ? task : new GroupTask(group, task));
    }
  }

  /**
   * Arms a timer, again if it is armed.
   *
   * @param timer fires on this worker
   * @param delayNanos how long from now; fires never earlier, and at most a quarter of a
   *     millisecond later when the worker is idle
   */
  public void arm(Timer timer, long delayNanos) {
    checkCurrent();
    // The turn's time may be old by a whole turn, and "never early" is measured from the caller's
    // now.
    timers.arm(timer, time.nanoTime(), delayNanos);
  }

  /**
   * Arms a timer relative to the time the turn began, without asking the clock.
   *
   * @param timer fires on this worker
   * @param delayNanos how long after {@link #nanoTime()}
   */
  public void armFromTurn(Timer timer, long delayNanos) {
    checkCurrent();
    timers.arm(timer, nowNanos, delayNanos);
  }

  /**
   * Disarms a timer.
   *
   * @param timer the timer
   * @return whether it was armed
   */
  public boolean disarm(Timer timer) {
    checkCurrent();
    return timers.disarm(timer);
  }

  /**
   * Starts a timer that fires again and again.
   *
   * @param period time from one moment to the next, at least 1 ms
   * @param action called at each moment; see {@link PeriodicTimer} for what happens to late ones
   * @return the timer, to cancel it
   */
  public PeriodicTimer every(Duration period, Runnable action) {
    checkCurrent();
    if (period.compareTo(PERIOD_MIN) < 0) {
      throw new IllegalArgumentException("period="
          + period
          + " must be at least "
          + PERIOD_MIN
          + ": the wheel's ticks are a quarter of it; use addTick for every turn");
    }
    return new PeriodicTimer(this, period.toNanos(), Objects.requireNonNull(action, "action"));
  }

  /**
   * Calls an action at the end of every turn from this one on, for what is done once for all that a
   * turn brought. Turns come when there is something to do: an idle worker has none, so this is no
   * clock.
   *
   * @param tick called until {@link #removeTick}; must be quick, since every turn waits for it
   */
  public void addTick(Runnable tick) {
    checkCurrent();
    Runnable[] more = Arrays.copyOf(ticks, ticks.length + 1);
    more[ticks.length] = Objects.requireNonNull(tick, "tick");
    ticks = more;
  }

  /**
   * Ends what {@link #addTick} began.
   *
   * @param tick the same object
   * @return whether it was there
   */
  public boolean removeTick(Runnable tick) {
    checkCurrent();
    List<Runnable> fewer = new ArrayList<>(Arrays.asList(ticks));
    boolean wasThere = fewer.remove(tick);
    ticks = fewer.toArray(NO_TICKS);
    return wasThere;
  }

  /**
   * The time the present turn began, as {@link System#nanoTime()} counts it, or a simulation.
   *
   * @return nanoseconds
   */
  public long nanoTime() {
    return nowNanos;
  }

  /**
   * The time now, by the clock of {@link #nanoTime()}. Any thread.
   *
   * @return nanoseconds
   */
  public long clockNanos() {
    return time.nanoTime();
  }

  /**
   * Asks for a call at the end of the present turn. Does nothing when that is asked for already.
   *
   * @param listener who is called
   */
  public void atEndOfTurn(EndOfTurn listener) {
    if (!listener.isListed) {
      listener.isListed = true;
      listener.nextAtEndOfTurn = endOfTurnHead;
      endOfTurnHead = listener;
    }
  }

  /**
   * Calls a listener now that was the last to ask for the end of the turn. One that others have
   * asked behind stays where it is: there is no need to look for it.
   *
   * @param listener who is called; from the top level of a delivery
   */
  public void callAhead(EndOfTurn listener) {
    if (endOfTurnHead == listener) {
      endOfTurnHead = listener.nextAtEndOfTurn;
      call(listener);
    }
  }

  /**
   * This worker's driver.
   *
   * @return the driver, for this worker's thread
   */
  public Driver driver() {
    return driver;
  }

  /**
   * This worker's blocks.
   *
   * @return the pool, for this worker's thread
   */
  public BlockPool blocks() {
    return blocks;
  }

  /**
   * Takes memory of this worker for the program to fill and hand over to one of its connections.
   *
   * @param bytes least capacity wanted
   * @return a new lease; see {@link BlockLease#take} for using it again
   */
  public BlockLease lease(int bytes) {
    checkCurrent();
    return blocks.lease(bytes);
  }

  /**
   * This worker's counters.
   *
   * @return live counters, written by this worker's thread
   */
  public WorkerCounters counters() {
    return counters;
  }

  /**
   * The one object of a kind that belongs to this worker, made when it is first asked for. Any
   * thread.
   *
   * @param <T> the kind
   * @param type its class
   * @param make makes it
   * @return always the same object
   */
  public <T> T attachment(Class<T> type, Function<Worker, T> make) {
    return type.cast(attachments.computeIfAbsent(type, ignored -> make.apply(this)));
  }

  /**
   * Lets the calling thread, which is none of the workers', run on every CPU they have: a thread
   * that a worker starts is pinned as the worker is.
   */
  public void unpinCurrentThread() {
    if (placement != null) {
      placement.unpinCurrentThread();
    }
  }

  /**
   * Notes that a connection was opened or closed.
   *
   * @param change 1 or -1
   */
  public void connectionsActiveChanged(int change) {
    connectionsActive += change;
  }

  /** Throws unless the calling thread is this worker's. */
  public void checkCurrent() {
    if (!isCurrent()) {
      throw new IllegalStateException("called on thread "
          + Thread.currentThread().getName()
          + ", but this belongs to "
          + thread.getName()
          + ": use Worker.execute (or onWorker in Kotlin) to get there");
    }
  }

  /**
   * Logs and counts what user code let escape.
   *
   * @param failure what was thrown
   */
  public void taskFailed(Throwable failure) {
    counters.failures++;
    LOG.error("uncaught on worker {}", index, failure);
  }

  /**
   * Copies the counters. Any thread; nothing stops for it.
   *
   * @return a snapshot
   */
  public WorkerSnapshot snapshot() {
    DriverCounters io = driver.counters();
    boolean isReady = started.isDone() && !started.isCompletedExceptionally();
    return new WorkerSnapshot(
        index,
        connectionsActive,
        counters.connectionsAccepted,
        counters.connectionsConnected,
        counters.connectionsClosed,
        counters.acceptFailures,
        counters.connectionLimitPauses,
        counters.bytesReceived,
        counters.bytesSent,
        counters.zeroCopySends,
        counters.zeroCopySendsCopied,
        counters.bytesCarried,
        counters.receivePauses,
        counters.turns,
        counters.tasksRun,
        timers.armedCount(),
        timers.firedCount(),
        counters.failures,
        mail.depth(),
        counters.mailboxFull,
        driver.operationsUnderWay(),
        isReady ? driver.receiveBuffers().heldCount() + driver.datagrams().buffersHeldCount() : 0,
        blocks.blocksHeldCount(),
        blocks.takenBytes(),
        io.enters,
        io.submitted,
        io.completed,
        io.stale,
        io.buffersExhausted,
        io.overflowedEnters,
        io.completionsDropped,
        io.wakes,
        blocks.exhaustedCount(),
        counters.unsentBytesPeak,
        counters.slowTurns,
        stalls,
        counters.loopLag.snapshot(),
        runQueues.snapshot());
  }

  /** When the turn began that the worker is in, or {@link #NO_TURN}. Any thread. */
  long presentTurnNanos() {
    return (long) PRESENT_TURN_NANOS.getOpaque(this);
  }

  /** Its mail, for other workers'. */
  MailRoom mail() {
    return mail;
  }

  /** Where the worker's thread is. Any thread. */
  StackTraceElement[] stack() {
    return thread.getStackTrace();
  }

  /** The present turn is a stall. Only for the one thread that watches. */
  @SuppressWarnings("NonAtomicOperationOnVolatileField")
  void stalled() {
    stalls = stalls + 1;
  }

  @Override
  public String toString() {
    return "Worker(" + index + ")";
  }

  private void run() {
    CURRENT.set(this);
    try {
      if (placement != null) {
        placement.pinCurrentThread(index);
      }
      driver.start();
    } catch (Throwable failure) {
      mail.stopped();
      release();
      started.completeExceptionally(failure);
      terminated.complete(null);
      return;
    }
    started.complete(null);
    turnEndedNanos = time.nanoTime();
    Throwable failure = null;
    try {
      while (!mail.isStopRequested()) {
        turn();
      }
    } catch (Throwable thrown) {
      // Nothing below this throws for a user's mistake, so the loop itself is broken.
      LOG.error("worker {} failed and stops; its connections are closed", index, thrown);
      failure = thrown;
    }
    PRESENT_TURN_NANOS.setOpaque(this, NO_TURN);
    try {
      end(failure);
    } catch (Throwable thrown) {
      LOG.error("worker {} could not end in order", index, thrown);
    } finally {
      mail.stopped();
      release();
      terminated.complete(null);
    }
  }

  private void turn() {
    if (!foundBySpinning()) {
      driver.enter(waitNanos());
    }
    mail.awake();
    nowNanos = time.nanoTime();
    PRESENT_TURN_NANOS.setOpaque(this, nowNanos);
    counters.turns++;
    driver.deliver();
    timers.expire(nowNanos);
    emptyMailbox();
    runQueues.runTurn(taskRunner, tasksPerTurnMax);
    callEndOfTurn();
    mail.deliver();
    for (Runnable tick : ticks) {
      callTick(tick);
    }
    turnEnded();
  }

  private void turnEnded() {
    PRESENT_TURN_NANOS.setOpaque(this, NO_TURN);
    turnEndedNanos = time.nanoTime();
    long tookNanos = turnEndedNanos - nowNanos;
    counters.loopLag.record(tookNanos);
    if (tookNanos >= slowTurnNanos) {
      counters.slowTurns++;
      if (FlightRecording.isOn()) {
        SlowTurnEvent.report(index, tookNanos);
      }
    }
  }

  private boolean hasWork() {
    return !runQueues.isEmpty() || endOfTurnHead != null || !mail.isEmpty();
  }

  // Asks the kernel again and again for a while instead of sleeping; says whether the turn may
  // begin.
  // It has to be asked: with DEFER_TASKRUN no answer appears by itself. Nobody needs to wake us
  // meanwhile: we are not declared asleep, and look into the mailbox.
  private boolean foundBySpinning() {
    if (spinNanos == 0 || hasWork() || mail.hasUndelivered()) {
      return false;
    }
    long beganNanos = turnEndedNanos;
    long longestNanos = Math.min(spinNanos, timers.nanosToNext(beganNanos));
    while (turnEndedNanos - beganNanos < longestNanos) {
      driver.enter(0);
      if (driver.hasAnswers() || !mail.isEmpty() || mail.isStopRequested()) {
        return true;
      }
      Thread.onSpinWait();
      turnEndedNanos = time.nanoTime();
    }
    return false;
  }

  // How long the kernel may keep us; declares the worker asleep when that is not zero.
  private long waitNanos() {
    if (hasWork()) {
      return 0;
    }
    long untilTimer = timers.nanosToNext(turnEndedNanos);
    if (untilTimer == 0) {
      return 0;
    }
    if (mail.hasUndelivered()) {
      // Nobody tells us when the other mailbox has room again; spinning for it would take the CPU
      // that the other worker may need.
      untilTimer = Math.min(untilTimer, MailRoom.FULL_PARK_NANOS);
    }
    if (!mail.declareAsleep()) {
      return 0;
    }
    return untilTimer == TimerWheel.NO_DEADLINE ? Driver.FOREVER : untilTimer;
  }

  // Takes as much as the turn can run, so that a mailbox whose worker is behind fills up and holds
  // its senders back. A little is taken even when local tasks alone fill the turn: they may keep on
  // doing so, and the senders must not wait for ever.
  private void emptyMailbox() {
    int wanted = Math.max(tasksPerTurnMax - runQueues.size(), 1 + tasksPerTurnMax / MAIL_SHARE);
    for (int left = Math.min(mail.depth(), wanted); left > 0; left--) {
      Runnable task = mail.poll();
      if (task == null) {
        return;
      }
      if (task instanceof GroupTask grouped) {
        runQueues.add(grouped.group(), grouped.task());
      } else {
        runQueues.add(task);
      }
    }
  }

  private void runTask(Runnable task) {
    counters.tasksRun++;
    try {
      task.run();
    } catch (Throwable failure) {
      taskFailed(failure);
    }
  }

  private void callTick(Runnable tick) {
    try {
      tick.run();
    } catch (Throwable failure) {
      taskFailed(failure);
    }
  }

  // The list as it is now: a listener that lists itself again is called in the next turn, after the
  // kernel has been asked, or it could keep the worker here.
  private void callEndOfTurn() {
    EndOfTurn listener = endOfTurnHead;
    endOfTurnHead = null;
    while (listener != null) {
      listener = call(listener);
    }
  }

  // Returns the one behind it.
  private EndOfTurn call(EndOfTurn listener) {
    EndOfTurn following = listener.nextAtEndOfTurn;
    listener.nextAtEndOfTurn = null;
    listener.isListed = false;
    try {
      listener.endOfTurn();
    } catch (Throwable failure) {
      taskFailed(failure);
    }
    return following;
  }

  // What others were promised still happens: tasks that were accepted run, messages and wakes that
  // are on their way out leave. A coroutine that was being cancelled must hear of it.
  private void end(Throwable failure) {
    boolean isBroken = failure != null;
    runLeftovers(isBroken);
    for (Consumer<Throwable> listener : endListeners) {
      try {
        listener.accept(failure);
      } catch (Throwable thrown) {
        taskFailed(thrown);
      }
    }
    // Closed before the last look: what is accepted is run, what is not throws at its sender.
    mail.close();
    runLeftovers(isBroken);
    if (mail.hasUndelivered()) {
      LOG.error("worker {} stops with {} messages undelivered", index, mail.undeliveredCount());
    }
  }

  private void runLeftovers(boolean isBroken) {
    long deadline = time.nanoTime() + LEFTOVER_NANOS_MAX;
    do {
      emptyMailbox();
      runQueues.runTurn(taskRunner, tasksPerTurnMax);
      callEndOfTurn();
      mail.deliver();
      if (!isBroken) {
        driver.enter(0);
        driver.deliver();
      }
      if (mail.hasUndelivered()) {
        // The worker we wait for may be waiting for room in our mailbox: so not longer than this.
        LockSupport.parkNanos(MailRoom.FULL_PARK_NANOS);
      }
    } while (hasLeftovers() && time.nanoTime() - deadline < 0);
  }

  private boolean hasLeftovers() {
    return !runQueues.isEmpty()
        || mail.hasUndelivered()
        || endOfTurnHead != null
        || mail.depth() > 0;
  }

  private void release() {
    try {
      driver.close();
      tellDriverClosed();
      blocks.close();
    } catch (Throwable failure) {
      LOG.error("worker {} could not release what it owned", index, failure);
    } finally {
      CURRENT.remove();
    }
  }

  private void tellDriverClosed() {
    for (Runnable listener : driverClosedListeners) {
      try {
        listener.run();
      } catch (Throwable failure) {
        taskFailed(failure);
      }
    }
  }
}

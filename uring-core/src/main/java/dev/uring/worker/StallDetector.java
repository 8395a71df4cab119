package dev.uring.worker;

import dev.uring.metrics.jfr.FlightRecording;
import dev.uring.metrics.jfr.WorkerStallEvent;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Watches the workers from a thread of its own and says which of them does not come back from a
 * turn, and where it is.
 *
 * <p>It looks {@value #LOOKS_PER_THRESHOLD} times in each threshold, so a stall is reported when it
 * has lasted between one threshold and one and a quarter. A worker does nothing for it but store
 * when its turn began. What the watching thread itself overslept was a pause of the whole process,
 * of the collector or the machine, and is not held against the worker.
 *
 * <p>Only turns are watched. A worker that waits in the kernel is asleep, for however long.
 *
 * <p>Each stall is reported once: counted, as a {@link WorkerStallEvent}, and as a line of the log,
 * of which there is one in {@link #LOG_NANOS} for each worker; the next one says how many were left
 * out.
 *
 * <p><i>Thread:</i> its own, a daemon; {@link #start} and {@link #stop} any.
 */
public final class StallDetector {
  private static final Logger LOG = LoggerFactory.getLogger(StallDetector.class);

  static final int LOOKS_PER_THRESHOLD = 4;

  // A program that stalls in every request would otherwise write its own log full.
  static final long LOG_NANOS = TimeUnit.SECONDS.toNanos(10);

  // As deep as a stack has ever had to be read to find whose code it is.
  private static final int FRAMES_MAX = 48;

  private static final long LOOK_NANOS_MIN = TimeUnit.MILLISECONDS.toNanos(1);

  private final List<Watch> watches;
  private final long thresholdNanos;
  private final Consumer<String> log;
  private final Thread thread = new Thread(this::run, "uring-stall-detector");
  private volatile boolean isStopped;

  /**
   * A detector that does not watch yet.
   *
   * @param workers whom it watches
   * @param thresholdNanos from how long on a turn is a stall
   */
  public StallDetector(List<Worker> workers, long thresholdNanos) {
    this(workers, thresholdNanos, LOG::warn);
  }

  StallDetector(List<Worker> workers, long thresholdNanos, Consumer<String> log) {
    this.watches = workers.stream().map(Watch::new).toList();
    this.thresholdNanos = thresholdNanos;
    this.log = log;
    thread.setDaemon(true);
  }

  /** Begins to watch. */
  public void start() {
    thread.start();
  }

  /** Ends the watch; returns at once. Idempotent. */
  public void stop() {
    isStopped = true;
    LockSupport.unpark(thread);
  }

  private void run() {
    long lookNanos = Math.max(thresholdNanos / LOOKS_PER_THRESHOLD, LOOK_NANOS_MIN);
    long lookedNanos = System.nanoTime();
    while (!isStopped) {
      LockSupport.parkNanos(lookNanos);
      long now = System.nanoTime();
      long oversleptNanos = Math.max(now - lookedNanos - lookNanos, 0);
      lookedNanos = now;
      for (Watch watch : watches) {
        watch.look(now, oversleptNanos);
      }
    }
  }

  /** The text of the log line. */
  static String describe(int worker, long hasTakenNanos, long thresholdNanos, long leftOut) {
    return "worker "
        + worker
        + " stalls: its turn has taken "
        + TimeUnit.NANOSECONDS.toMillis(hasTakenNanos)
        + " ms (stallThreshold="
        + TimeUnit.NANOSECONDS.toMillis(thresholdNanos)
        + " ms) and its other connections wait"
        + (leftOut == 0 ? "" : " (" + leftOut + " more stalls since the last such line)")
        + ".\n  Likely cause: code that blocks or computes for long where the stack below points."
        + " Move it off the worker.";
  }

  private static String text(StackTraceElement[] stack) {
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < Math.min(stack.length, FRAMES_MAX); i++) {
      text.append("\n    at ").append(stack[i]);
    }
    return text.toString();
  }

  private final class Watch {
    private final Worker worker;
    private long reportedTurn = Worker.NO_TURN;
    private long loggedNanos = System.nanoTime() - LOG_NANOS;
    private long leftOut;

    Watch(Worker worker) {
      this.worker = worker;
    }

    void look(long now, long oversleptNanos) {
      long turn = worker.presentTurnNanos();
      long hasTaken = now - turn;
      if (turn == Worker.NO_TURN
          || turn == reportedTurn
          || hasTaken - oversleptNanos < thresholdNanos) {
        return;
      }
      StackTraceElement[] stack = worker.stack();
      // The stack of a turn that has just ended would blame whoever runs now.
      if (worker.presentTurnNanos() == turn) {
        reportedTurn = turn;
        report(now, hasTaken, text(stack));
      }
    }

    private void report(long now, long hasTaken, String stack) {
      if (FlightRecording.isOn()) {
        WorkerStallEvent.report(worker.index(), hasTaken, stack.strip());
      }
      if (now - loggedNanos < LOG_NANOS) {
        leftOut++;
      } else {
        log.accept(describe(worker.index(), hasTaken, thresholdNanos, leftOut) + stack);
        loggedNanos = now;
        leftOut = 0;
      }
      // Last: who has seen the count finds the event and the line.
      worker.stalled();
    }
  }
}

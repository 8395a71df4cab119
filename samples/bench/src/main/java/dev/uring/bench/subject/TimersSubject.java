package dev.uring.bench.subject;

import java.lang.management.ManagementFactory;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;

/**
 * A process of bench {@code timers}: arms, cancels and fires timers of one facility as it is told.
 *
 * <h4>Modes</h4>
 *
 * {@code cancel COUNT MILLIS SEED}: arms and cancels so many, again and again for that time.
 * {@code fire COUNT MILLIS SEED}: arms so many that are due within that time and waits for them.
 * {@code hold COUNT}: how much heap so many armed timers hold. {@code spin NANOS}: burns CPU for
 * each timer from now on. {@code fault NAME}: does something wrong in the next batch that must be
 * noticed. The figures of the last batch are counters of {@code STATS}.
 */
public final class TimersSubject {
  // Armed before the first is due: what is measured then is firing, not a race with the arming.
  private static final long LEAD_NANOS_PER_TIMER = 1_000;
  private static final long LEAD_NANOS_MIN = TimeUnit.MILLISECONDS.toNanos(50);

  private static final long FAR_NANOS = TimeUnit.SECONDS.toNanos(20);
  private static final long FAR_SPAN_NANOS = TimeUnit.SECONDS.toNanos(40);

  // The serial collector leaves dead objects worth 5 % of the old generation where they are, except
  // in every fourth full collection (MarkSweepAlwaysCompactCount).
  private static final int COLLECTIONS = 4;

  private final TimerFacility facility;

  // One thread that stays: the CPU time of an ended one could not be read any more.
  private final ExecutorService caller =
      Executors.newSingleThreadExecutor(task -> new Thread(task, "bench-caller"));
  private final Map<String, Long> figures = new LinkedHashMap<>();
  private long spinNanos;
  private String fault = "none";

  private TimersSubject(TimerFacility facility) {
    this.facility = facility;
  }

  /**
   * Runs the subject until the harness ends it.
   *
   * @param args {@code uring}, {@code netty} or {@code jdk}
   */
  public static void main(String[] args) {
    TimerFacility facility = switch (args[0]) {
      case "uring" -> new UringTimers();
      case "netty" -> new NettyTimers();
      case "jdk" -> new JdkTimers();
      default -> throw new IllegalArgumentException("no timers are called " + args[0]);
    };
    TimersSubject subject = new TimersSubject(facility);
    new SubjectControl(0, facility.settings())
        .modes(subject::to)
        .counters(() -> subject.figures)
        .serve();
  }

  private void to(String mode) {
    String[] words = mode.split(" ");
    switch (words[0]) {
      case "spin" -> spinNanos = Long.parseLong(words[1]);
      case "fault" -> fault = words[1];
      case "hold" -> onCaller(() -> hold(Integer.parseInt(words[1])));
      case "cancel", "fire" -> {
        int count = Integer.parseInt(words[1]);
        long nanos = TimeUnit.MILLISECONDS.toNanos(Long.parseLong(words[2]));
        long seed = Long.parseLong(words[3]);
        onCaller(() -> {
          if (words[0].equals("cancel")) {
            cancel(count, nanos, seed);
          } else {
            fire(count, nanos, seed);
          }
        });
      }
      default -> throw new IllegalArgumentException("unknown mode " + mode);
    }
  }

  private void cancel(int count, long nanos, long seed) throws InterruptedException {
    long began = System.nanoTime();
    long batches = 0;
    do {
      TimerBatch batch = new TimerBatch(count, FAR_NANOS, FAR_SPAN_NANOS, seed, spinNanos);
      armFaulty(batch);
      int cancelled = facility.cancelAll();
      if (cancelled != count) {
        throw new IllegalArgumentException("of " + count + " timers " + cancelled + " were armed");
      }
      batches++;
    } while (System.nanoTime() - began < nanos);
    figures.put("ops", batches * count);
    figures.put("nanos", System.nanoTime() - began);
  }

  private void fire(int count, long nanos, long seed) throws InterruptedException {
    long leadNanos = Math.max(LEAD_NANOS_MIN, count * LEAD_NANOS_PER_TIMER);
    long began = System.nanoTime();
    TimerBatch batch = new TimerBatch(count, leadNanos, nanos, seed, spinNanos);
    armFaulty(batch);
    long[] late = batch.latenessOfAll();
    figures.put("ops", (long) count);
    figures.put("nanos", System.nanoTime() - began);
    figures.put("late50", late[(int) (count * 0.5)]);
    figures.put("late99", late[(int) (count * 0.99)]);
    figures.put("late999", late[(int) (count * 0.999)]);
  }

  private void armFaulty(TimerBatch batch) throws InterruptedException {
    String wrong = fault;
    fault = "none";
    if (wrong.equals("twice")) {
      // Before any is armed: the first that fires is to do so again.
      batch.fireAgain();
    }
    facility.armAll(batch);
    switch (wrong) {
      case "none", "twice" -> {
        // As it should be, or done already.
      }
      case "cancelled" -> facility.cancelAll();
      case "early" -> batch.fired(0);
      default -> throw new IllegalArgumentException("unknown fault " + wrong);
    }
  }

  private void hold(int count) throws InterruptedException {
    TimerBatch batch = new TimerBatch(count, FAR_NANOS, FAR_SPAN_NANOS, 1, 0);
    facility.armAll(batch);
    long armed = usedBytes();
    facility.cancelAll();
    figures.put("heldBytes", Math.max(armed - usedBytes(), 0) / count);
  }

  private static long usedBytes() {
    for (int i = 0; i < COLLECTIONS; i++) {
      System.gc();
    }
    return ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed();
  }

  private void onCaller(Task task) {
    try {
      caller
          .submit(() -> {
            task.run();
            return null;
          })
          .get();
    } catch (ExecutionException failed) {
      // What the control thread answers with instead of ending.
      throw failed.getCause() instanceof IllegalArgumentException refused
          ? refused
          : new IllegalArgumentException(failed.getCause().toString(), failed);
    } catch (InterruptedException ending) {
      throw new IllegalArgumentException("interrupted", ending);
    }
  }

  /** What the caller's thread does. */
  private interface Task {
    void run() throws InterruptedException;
  }
}

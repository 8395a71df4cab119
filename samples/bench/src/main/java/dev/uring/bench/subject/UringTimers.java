package dev.uring.bench.subject;

import dev.uring.RuntimeConfig;
import dev.uring.UringRuntime;
import dev.uring.worker.Timer;
import dev.uring.worker.Worker;
import java.util.concurrent.CountDownLatch;

/** Subject {@code uring}: the wheel of one worker, used on that worker as its programs do. */
final class UringTimers implements TimerFacility {
  // A task for so many, not for all: a worker that arms for long fires nothing meanwhile.
  private static final int PER_TASK = 1_000;

  private final Worker worker =
      UringRuntime.start(RuntimeConfig.builder().workersCount(1).build()).worker(0);
  private Timer[] timers = {};
  private TimerBatch batch;

  @Override
  public String settings() {
    return "Worker.arm and disarm on its own thread, a new Timer each, ticks of 0.26 ms";
  }

  @Override
  public void armAll(TimerBatch newBatch) throws InterruptedException {
    batch = newBatch;
    timers = new Timer[batch.count()];
    onWorker(this::arm);
  }

  @Override
  public int cancelAll() throws InterruptedException {
    int[] cancelled = {0};
    onWorker(i -> cancelled[0] += worker.disarm(timers[batch.shuffled(i)]) ? 1 : 0);
    timers = new Timer[0];
    return cancelled[0];
  }

  private void arm(int i) {
    timers[i] = new Firing(batch, i);
    worker.arm(timers[i], batch.delayNanos(i));
  }

  private void onWorker(Step step) throws InterruptedException {
    CountDownLatch done = new CountDownLatch(1);
    worker.execute(new Steps(step, done));
    done.await();
  }

  /** What is done with one timer. */
  private interface Step {
    void with(int index);
  }

  private final class Steps implements Runnable {
    private final Step step;
    private final CountDownLatch done;
    private int next;

    Steps(Step step, CountDownLatch done) {
      this.step = step;
      this.done = done;
    }

    @Override
    public void run() {
      int end = Math.min(next + PER_TASK, timers.length);
      while (next < end) {
        step.with(next++);
      }
      if (next < timers.length) {
        worker.execute(this);
      } else {
        done.countDown();
      }
    }
  }

  private static final class Firing extends Timer {
    private final TimerBatch batch;
    private final int index;

    Firing(TimerBatch batch, int index) {
      this.batch = batch;
      this.index = index;
    }

    @Override
    protected void fire() {
      batch.fired(index);
    }
  }
}

package dev.uring;

import dev.uring.base.TimeSource;
import dev.uring.buffer.BlockPool;
import dev.uring.driver.Driver;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;

/**
 * What a runtime stands on: the drivers of its workers, their threads, and time.
 *
 * <p>Programs do not implement it. Left out of {@link RuntimeConfig#machine()} it is the one this
 * process runs on; a simulation brings its own.
 *
 * <h2>Threading and cancellation</h2>
 *
 * Any thread.
 */
public interface Machine {
  /**
   * A driver that is not started.
   *
   * @param worker number of the worker it is for
   * @param config sizes and limits
   * @param blocks memory of the worker's
   * @return handed over
   */
  Driver newDriver(int worker, RuntimeConfig config, BlockPool blocks);

  /**
   * What time is counted by.
   *
   * @return the system's clock unless overridden
   */
  default TimeSource time() {
    return TimeSource.SYSTEM;
  }

  /**
   * A thread for a worker.
   *
   * @param loop what it runs
   * @return a thread that is not started
   */
  default Thread newThread(Runnable loop) {
    return new Thread(loop);
  }

  /**
   * Fails a future with {@link java.util.concurrent.TimeoutException} when it takes too long,
   * whatever the workers do.
   *
   * @param future is completed on no worker
   * @param nanos how long it may take
   */
  default void limit(CompletableFuture<?> future, long nanos) {
    future.orTimeout(nanos, TimeUnit.NANOSECONDS);
  }

  /**
   * Where what must not run on a worker runs.
   *
   * @return null for threads of the runtime's own
   */
  default Executor sideThreads() {
    return null;
  }
}

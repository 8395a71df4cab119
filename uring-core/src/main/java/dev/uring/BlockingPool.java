package dev.uring;

import dev.uring.base.BlockingPoolFullException;
import dev.uring.worker.SideThreads;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/**
 * Threads for code that must block: a driver without an asynchronous face, a name service, a lock
 * that is held for long. Never a worker's: a worker that waits keeps all its connections waiting.
 *
 * <pre>{@code
 * runtime.blocking().call(() -> dataSource.getConnection()).whenComplete((it, failure) ->
 *     connection.worker().execute(() -> answer(connection, it, failure)));
 * }</pre>
 *
 * <h2>Shapes and units</h2>
 *
 * At most {@code blockingThreadsMax} threads, made as they are needed and gone after
 * {@link #IDLE_SECONDS} without work. When all are busy, calls wait in their order; when
 * {@code blockingQueueMax} wait, the next one is refused.
 *
 * <p>Platform threads, not virtual ones: what is called here may block in native code, which would
 * take the carriers away from the program's own virtual threads.
 *
 * <h2>Ownership</h2>
 *
 * The runtime's, which interrupts what still runs when its workers have stopped, and does not wait
 * for it: the threads keep no process alive.
 *
 * <h2>Threading and cancellation</h2>
 *
 * Any thread may call. What is given runs on a thread of the pool and touches nothing that a worker
 * owns; results go back through {@code Worker.execute}.
 *
 * <h2>Errors</h2>
 *
 * {@link BlockingPoolFullException}; {@link RejectedExecutionException} after the runtime has
 * ended.
 */
public final class BlockingPool implements Executor {
  /** How long a thread without work stays, in seconds. */
  public static final int IDLE_SECONDS = 10;

  private final ThreadPoolExecutor threads;
  private final Executor executor;
  private final int waitingMax;

  /** With {@code instead} of threads of its own, unless that is null. */
  BlockingPool(int threadsMax, int waitingMax, Executor instead) {
    this.waitingMax = waitingMax;
    // The queue itself has no bound: execute() has one, and a coroutine that waits is bounded by
    // its own existence.
    threads = new ThreadPoolExecutor(
        threadsMax,
        threadsMax,
        IDLE_SECONDS,
        TimeUnit.SECONDS,
        new LinkedBlockingQueue<>(),
        new SideThreads("uring-blocking-"));
    threads.allowCoreThreadTimeOut(true);
    executor = instead == null ? threads : instead;
  }

  /**
   * Runs a task, now or when a thread is free.
   *
   * @param task may block
   * @throws BlockingPoolFullException {@code blockingQueueMax} tasks wait already
   */
  @Override
  public void execute(Runnable task) {
    int waiting = waitingCount();
    if (waiting >= waitingMax) {
      throw new BlockingPoolFullException(threads.getMaximumPoolSize(), waiting, waitingMax);
    }
    executor.execute(task);
  }

  /**
   * Runs a call, now or when a thread is free.
   *
   * @param <T> what it returns
   * @param call may block
   * @return completes on the pool's thread with what it returns or throws, with
   *     {@link BlockingPoolFullException} when it was refused
   */
  public <T> CompletionStage<T> call(Callable<T> call) {
    CompletableFuture<T> result = new CompletableFuture<>();
    try {
      execute(() -> {
        try {
          result.complete(call.call());
        } catch (Throwable failure) {
          result.completeExceptionally(failure);
        }
      });
    } catch (RejectedExecutionException | BlockingPoolFullException refused) {
      result.completeExceptionally(refused);
    }
    return result.minimalCompletionStage();
  }

  /**
   * As {@link #execute}, for a caller that waits for the task and starts no other meanwhile, as a
   * coroutine does: it is not refused for want of room, and so waits however long the queue is.
   *
   * @param task may block
   */
  public void executeAwaited(Runnable task) {
    executor.execute(task);
  }

  /**
   * Tasks that run now.
   *
   * @return a count, at most {@code blockingThreadsMax}
   */
  public int runningCount() {
    return threads.getActiveCount();
  }

  /**
   * Tasks that wait for a thread now.
   *
   * @return a count
   */
  public int waitingCount() {
    return threads.getQueue().size();
  }

  void close() {
    threads.shutdownNow();
  }
}

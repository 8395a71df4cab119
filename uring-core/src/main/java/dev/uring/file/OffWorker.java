package dev.uring.file;

import dev.uring.worker.SideThreads;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/**
 * Threads for the few file operations that only block: listing a directory, and cutting a file on a
 * kernel that cannot do it on a ring. One set for the process.
 *
 * <p><i>Limits:</i> {@link #THREADS_MAX} at work, because more would only queue at the same disk,
 * and {@link #WAITING_MAX} waiting; what comes then is refused with these numbers.
 */
final class OffWorker {
  static final int THREADS_MAX = 4;
  static final int WAITING_MAX = 1024;

  // Long enough to serve a burst with the same threads, short enough to leave none behind.
  private static final long IDLE_SECONDS = 5;

  private static final ThreadPoolExecutor THREADS = newThreads();

  private OffWorker() {}

  /** Runs a task on one of the threads; a refusal fails the future. */
  static boolean run(String verb, String path, CompletableFuture<?> future, Runnable task) {
    try {
      THREADS.execute(task);
      return true;
    } catch (RejectedExecutionException full) {
      future.completeExceptionally(FileErrors.refusedHere(
          verb,
          path,
          "threads="
              + THREADS_MAX
              + " are busy and waiting="
              + WAITING_MAX
              + " others stand in line.\n  Likely cause: a disk that does not keep up. Ask for less"
              + " at a time."));
      return false;
    }
  }

  private static ThreadPoolExecutor newThreads() {
    ThreadPoolExecutor threads = new ThreadPoolExecutor(
        THREADS_MAX,
        THREADS_MAX,
        IDLE_SECONDS,
        TimeUnit.SECONDS,
        new LinkedBlockingQueue<>(WAITING_MAX),
        new SideThreads("uring-files-"));
    threads.allowCoreThreadTimeOut(true);
    return threads;
  }
}

package dev.uring.driver;

import dev.uring.base.UringException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/**
 * The threads that wait for disks in place of the workers of {@link NioDriver}; one pool for all.
 */
final class NioFilePool {
  /** Most operations that are with the system at once: enough to keep a disk's queue filled. */
  static final int THREADS_MAX = 16;

  /** Most operations that wait for a thread; one more is refused. */
  static final int WAITING_MAX = 1 << 16;

  // Long enough to serve a burst with the same threads, short enough to leave none behind.
  private static final long IDLE_SECONDS = 5;

  private static final ThreadPoolExecutor THREADS = newThreads();

  private NioFilePool() {}

  static void run(Runnable task) {
    try {
      THREADS.execute(task);
    } catch (RejectedExecutionException full) {
      throw new UringException(
          "file operation refused: threads="
              + THREADS_MAX
              + " are busy and waiting="
              + WAITING_MAX
              + " others stand in line.\n  Likely cause: a disk that does not keep up. Ask for less at"
              + " a time.",
          full);
    }
  }

  private static ThreadPoolExecutor newThreads() {
    ThreadPoolExecutor threads = new ThreadPoolExecutor(
        THREADS_MAX,
        THREADS_MAX,
        IDLE_SECONDS,
        TimeUnit.SECONDS,
        new LinkedBlockingQueue<>(WAITING_MAX),
        new UnpinnedThreads("uring-nio-files-"));
    threads.allowCoreThreadTimeOut(true);
    return threads;
  }
}

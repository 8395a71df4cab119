package dev.uring.driver;

import dev.uring.ffi.Libc;
import dev.uring.ffi.NativeMemory;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Makes the threads that work beside the drivers: daemons, and on every CPU of the process.
 *
 * <p>A thread inherits the pin of the one that starts it. Most are started by a worker, and would
 * share its CPU: a disk is then waited for where connections are served, while other CPUs idle.
 *
 * <p><i>Thread:</i> any.
 */
final class UnpinnedThreads implements ThreadFactory {
  private static final int[] CPUS = NativeMemory.isLinux() ? Libc.schedGetaffinity() : new int[0];

  private final String prefix;
  private final AtomicInteger number = new AtomicInteger();

  /** Threads named {@code prefix} and a number. */
  UnpinnedThreads(String prefix) {
    this.prefix = prefix;
  }

  /** Notes which CPUs there are, by those of the calling thread: one that is not pinned. */
  static void noteCpus() {
    // Done when the class is initialized.
  }

  @Override
  public Thread newThread(Runnable task) {
    Runnable unpinned = () -> {
      if (CPUS.length > 0) {
        // A refusal costs time on a busy CPU and nothing else.
        Libc.schedSetaffinityCurrentThread(CPUS);
      }
      task.run();
    };
    Thread thread = new Thread(unpinned, prefix + number.getAndIncrement());
    thread.setDaemon(true);
    return thread;
  }
}

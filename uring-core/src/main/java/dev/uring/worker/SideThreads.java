package dev.uring.worker;

import java.util.concurrent.ThreadFactory;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Makes threads that work beside the workers: daemons, and on every CPU that the process may use.
 *
 * <p>A thread inherits the pin of the one that starts it. Started by a worker, and most are, it
 * would share that worker's CPU whatever others are idle, and so would the programs it starts.
 *
 * <p><i>Thread:</i> any.
 */
public final class SideThreads implements ThreadFactory {
  private final String prefix;
  private final AtomicInteger number = new AtomicInteger();

  /**
   * A factory.
   *
   * @param prefix of the threads' names, a number follows it
   */
  public SideThreads(String prefix) {
    this.prefix = prefix;
  }

  @Override
  public Thread newThread(Runnable task) {
    Worker starter = Worker.current();
    Runnable body = starter == null
        ? task
        : () -> {
          starter.unpinCurrentThread();
          task.run();
        };
    Thread thread = new Thread(body, prefix + number.incrementAndGet());
    thread.setDaemon(true);
    return thread;
  }
}

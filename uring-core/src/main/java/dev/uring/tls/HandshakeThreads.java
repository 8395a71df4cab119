package dev.uring.tls;

import dev.uring.worker.SideThreads;
import dev.uring.worker.Worker;
import java.util.concurrent.Executor;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/**
 * Threads beside a worker for the parts of handshakes that take long: a signature with an RSA key
 * of 2048 bits is a millisecond in which the worker's other connections would wait.
 *
 * <p>{@link #THREADS_MAX} of them, made as they are needed and gone after {@link #IDLE_SECONDS}. A
 * connection has one task at a time, so as many tasks wait here as connections are in a handshake,
 * at most {@code connectionsPerWorkerMax}; {@code handshakeTimeout} ends the wait of each.
 *
 * <p>They go with their worker and keep no process alive.
 */
final class HandshakeThreads implements Executor {
  // One for the handshake under way, and one so that a check that waits for the network (a
  // revocation list) does not keep all others waiting. More would take the CPU from the workers in
  // a storm of handshakes.
  private static final int THREADS_MAX = 2;

  private static final int IDLE_SECONDS = 10;

  private final ThreadPoolExecutor threads;

  private HandshakeThreads(Worker worker) {
    threads = new ThreadPoolExecutor(
        THREADS_MAX,
        THREADS_MAX,
        IDLE_SECONDS,
        TimeUnit.SECONDS,
        new LinkedBlockingQueue<>(),
        new SideThreads("uring-tls-" + worker.index() + "-"));
    threads.allowCoreThreadTimeOut(true);
    worker.terminated().thenRun(threads::shutdownNow);
  }

  static HandshakeThreads of(Worker worker) {
    return worker.attachment(HandshakeThreads.class, HandshakeThreads::new);
  }

  @Override
  public void execute(Runnable task) {
    threads.execute(task);
  }
}

package dev.uring.driver;

import dev.uring.abi.Errno;
import java.util.concurrent.atomic.AtomicReference;

/**
 * One file operation on its way through the pool and back.
 *
 * <p><i>Thread:</i> {@link #run} and {@link #work} are the pool's, the rest the driver's.
 */
abstract class NioFileTask implements Runnable {
  private enum State {
    WAITING,
    RUNNING,
    SKIPPED
  }

  final FileOperation operation;
  private final NioFiles files;
  private final AtomicReference<State> state = new AtomicReference<>(State.WAITING);

  // Written before the task is handed back through a queue, read after.
  private int result;

  NioFileTask(NioFiles files, FileOperation operation) {
    this.files = files;
    this.operation = operation;
  }

  /** Does it, and blocks meanwhile; a count ≥ 0 or a negative errno. */
  abstract int work() throws Exception;

  /** Keeps what the work brought; returns what the operation is answered. */
  int finish() {
    return result;
  }

  /** The operation has been answered. */
  void answered() {}

  @Override
  public final void run() {
    result = state.compareAndSet(State.WAITING, State.RUNNING) ? attempt() : -Errno.ECANCELED;
    files.done(this);
  }

  /** Does not begin it, unless it has begun. */
  final void skip() {
    state.compareAndSet(State.WAITING, State.SKIPPED);
  }

  final int result() {
    return result;
  }

  private int attempt() {
    try {
      return work();
    } catch (Exception refused) {
      return -NioErrors.errno(refused);
    } catch (OutOfMemoryError exhausted) {
      return -Errno.ENOMEM;
    }
  }
}

package dev.uring.file;

import dev.uring.driver.FileOperation;
import dev.uring.worker.Worker;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.IntFunction;

/**
 * Something asked once, answered by a stage.
 *
 * @param <T> what a success brings
 */
final class FileCall<T> extends FileOperation {
  private final String verb;
  private final String path;
  private final String parameters;
  private final IntFunction<T> success;
  private final CompletableFuture<T> future = new CompletableFuture<>();

  /**
   * A call that is not asked yet.
   *
   * @param verb what is asked, for messages
   * @param path of which file
   * @param parameters values, each as {@code name=value}, or empty
   * @param success makes of a count or file ≥ 0 what the stage brings
   */
  FileCall(String verb, String path, String parameters, IntFunction<T> success) {
    this.verb = verb;
    this.path = path;
    this.parameters = parameters;
    this.success = success;
  }

  /** Runs {@code ask} on the worker, at once when this is its thread. */
  CompletionStage<T> start(Worker worker, Runnable ask) {
    onWorker(worker, future, ask);
    return future.minimalCompletionStage();
  }

  CompletableFuture<T> future() {
    return future;
  }

  /** Runs a task on a worker; whatever keeps it from running fails the future. */
  static void onWorker(Worker worker, CompletableFuture<?> future, Runnable task) {
    Runnable guarded = () -> {
      try {
        task.run();
      } catch (RuntimeException refused) {
        future.completeExceptionally(refused);
      }
    };
    if (worker.isCurrent()) {
      guarded.run();
      return;
    }
    try {
      worker.execute(guarded);
    } catch (RejectedExecutionException stopped) {
      future.completeExceptionally(stopped);
    }
  }

  @Override
  protected void answered(int result) {
    if (result < 0) {
      future.completeExceptionally(FileErrors.refused(verb, path, parameters, -result));
      return;
    }
    try {
      future.complete(success.apply(result));
    } catch (RuntimeException refused) {
      future.completeExceptionally(refused);
    }
  }
}

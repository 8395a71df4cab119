package dev.uring.file;

import dev.uring.driver.FileDriver;
import dev.uring.worker.Worker;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;

/**
 * Opens a file in steps, so that nothing but a regular one is ever opened: holds its place with
 * O_PATH, looks what it is, and opens that very thing by the place's name in {@code /proc}.
 *
 * <p><i>Tempting but wrong:</i> looking at the path first, because it can lead to something else a
 * moment later; or O_NONBLOCK, which opens devices, and makes reads of some file systems fail.
 *
 * <p><i>Thread:</i> the worker's.
 */
final class RegularOpening {
  private final Worker worker;
  private final FileDriver files;
  private final String path;
  private final OpenOptions options;
  private final CompletableFuture<Integer> opened = new CompletableFuture<>();

  RegularOpening(Worker worker, String path, OpenOptions options) {
    this.worker = worker;
    this.files = worker.driver().files();
    this.path = path;
    this.options = options;
  }

  /**
   * Begins.
   *
   * @param directory where a relative path begins
   * @return completes with the driver's name of the open file
   */
  CompletableFuture<Integer> start(int directory) {
    if (options.creates()) {
      throw new IllegalArgumentException("cannot create " + path
          + ": onlyRegular() is of files that exist. Leave out one of them.");
    }
    open(call -> files.open(directory, path, options.flagsToFind(), 0, call), this::look);
    return opened;
  }

  private void look(int place) {
    StatusCall<FileType> status = new StatusCall<>(path, call -> call.status().type());
    status.future.whenComplete((type, failure) -> {
      if (failure != null) {
        letGo(place);
        opened.completeExceptionally(failure);
      } else if (type != FileType.REGULAR) {
        letGo(place);
        opened.completeExceptionally(FileErrors.refusedHere(
            "open",
            path,
            "it is no regular file but " + type + ", and only such are wanted here."));
      } else {
        openFound(place);
      }
    });
    files.status(place, "", status);
  }

  private void openFound(int place) {
    opened.whenComplete((file, failure) -> letGo(place));
    open(call -> files.openPlace(place, options.flagsToOpenFound(), call), opened::complete);
  }

  private void open(Consumer<FileCall<Integer>> ask, Consumer<Integer> next) {
    FileCall<Integer> call = new FileCall<>("open", path, "", file -> file);
    call.future().whenComplete((file, failure) -> {
      if (failure == null) {
        orFail(() -> next.accept(file));
      } else {
        opened.completeExceptionally(failure);
      }
    });
    orFail(() -> ask.accept(call));
  }

  // A stage swallows what its callbacks throw, and a worker that stops refuses the next step.
  private void orFail(Runnable step) {
    try {
      step.run();
    } catch (RuntimeException refused) {
      opened.completeExceptionally(refused);
    }
  }

  private void letGo(int place) {
    FileCall<Void> close = new FileCall<>("close", path, "", result -> null);
    close.start(worker, () -> files.close(place, close));
  }
}

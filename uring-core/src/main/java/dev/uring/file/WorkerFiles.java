package dev.uring.file;

import dev.uring.abi.Errno;
import dev.uring.driver.FileDriver;
import dev.uring.driver.FileOperation;
import dev.uring.worker.Worker;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;

/**
 * Files as one worker sees them: opens them, and does what needs no open file.
 *
 * <pre>{@code
 * WorkerFiles files = WorkerFiles.of(worker);
 * files.open("/var/data/log", OpenOptions.forReading()).thenAccept(file -> …);
 * }</pre>
 *
 * <h2>Shapes and units</h2>
 *
 * Paths are text, encoded as UTF-8; a relative one begins at the process's working directory.
 *
 * <h2>Ownership</h2>
 *
 * Opened files and buffers belong to the caller, who closes them. Paths are copied.
 *
 * <h2>Threading and cancellation</h2>
 *
 * Any thread, except {@link #buffer} and {@link #registerBuffers}. Stages complete on the worker;
 * what hangs on them must not block.
 *
 * <h2>Errors</h2>
 *
 * {@link dev.uring.base.FileException} in the stage, with path, operation, errno, likely cause and
 * remedy. {@link IllegalArgumentException} in the stage for a path with a NUL character.
 *
 * <h2>Source</h2>
 *
 * openat2(2), renameat2(2), unlinkat(2), mkdirat(2), statx(2) as operations of the ring, which the
 * kernel runs on threads of its own when they have to wait.
 */
public final class WorkerFiles {
  /** Permissions of a directory that is made, before the process's umask: {@code rwxrwxrwx}. */
  public static final int DIRECTORY_PERMISSIONS_DEFAULT = 0777;

  /** Entries of a directory that {@link #list(String)} takes at most; about 100 MB of them. */
  public static final int ENTRIES_MAX_DEFAULT = 1_000_000;

  private final Worker worker;
  private final FileDriver files;
  private RegisteredPool registered;

  private WorkerFiles(Worker worker) {
    this.worker = worker;
    this.files = worker.driver().files();
  }

  /**
   * The files of a worker. Any thread.
   *
   * @param worker the worker
   * @return always the same object for a worker
   */
  public static WorkerFiles of(Worker worker) {
    return worker.attachment(WorkerFiles.class, WorkerFiles::new);
  }

  /**
   * Opens a file.
   *
   * @param path which one
   * @param options how
   * @return completes with the file, which the caller closes
   */
  public CompletionStage<AsyncFile> open(String path, OpenOptions options) {
    return open(null, path, options);
  }

  /**
   * Opens a file inside a directory, for paths that somebody else has chosen: the kernel refuses a
   * path that leads out of it, by {@code ..}, by a leading slash or through a symbolic link, with
   * EXDEV.
   *
   * @param directory opened with {@link OpenOptions#forDirectory}
   * @param path relative to it
   * @param options how
   * @return completes with the file, which the caller closes
   */
  public CompletionStage<AsyncFile> openIn(AsyncFile directory, String path, OpenOptions options) {
    if (directory.worker() != worker) {
      throw new IllegalArgumentException(
          directory + " belongs to another worker than " + worker + ": open it here");
    }
    return open(directory, path, options);
  }

  /**
   * Renames a file or directory, replacing a file that has the new name.
   *
   * @param from the present path
   * @param to the new path, on the same file system
   * @return completes when it is done
   */
  public CompletionStage<Void> rename(String from, String to) {
    return call("rename", from, "to=" + to, call -> files.rename(from, to, call));
  }

  /**
   * Deletes anything but a directory. A file that is open lives on until it is closed.
   *
   * @param path which one
   * @return completes when it is done
   */
  public CompletionStage<Void> delete(String path) {
    return call("delete", path, "", call -> files.unlink(path, false, call));
  }

  /**
   * Deletes an empty directory.
   *
   * @param path which one
   * @return completes when it is done
   */
  public CompletionStage<Void> deleteDirectory(String path) {
    return call("delete directory", path, "", call -> files.unlink(path, true, call));
  }

  /**
   * Makes a directory, in one that exists.
   *
   * @param path which one
   * @return completes when it is done
   */
  public CompletionStage<Void> createDirectory(String path) {
    return call(
        "create directory",
        path,
        "",
        call -> files.makeDirectory(path, DIRECTORY_PERMISSIONS_DEFAULT, call));
  }

  /**
   * What the file system knows about a path, followed through symbolic links.
   *
   * @param path which one
   * @return completes with the facts
   */
  public CompletionStage<FileStatus> status(String path) {
    StatusCall<FileStatus> call = new StatusCall<>(path, StatusCall::status);
    FileCall.onWorker(worker, call.future, () -> {
      if (path.isEmpty()) {
        call.future.completeExceptionally(
            FileErrors.refused("ask the status of", "\"\"", "", Errno.ENOENT));
      } else {
        files.status(FileDriver.WORKING_DIRECTORY, path, call);
      }
    });
    return call.future.minimalCompletionStage();
  }

  /**
   * The names in a directory, in no order. Done by a small set of threads that may block, because
   * io_uring has no operation for it.
   *
   * <p>It is the JDK that reads them: a JVM that was started without a UTF-8 locale
   * ({@code LC_ALL=C.UTF-8}) cannot tell letters outside ASCII. All other calls take them anyway.
   *
   * @param path which one
   * @return completes with at most {@link #ENTRIES_MAX_DEFAULT} entries
   */
  public CompletionStage<List<DirectoryEntry>> list(String path) {
    return list(path, ENTRIES_MAX_DEFAULT);
  }

  /**
   * As {@link #list(String)} with a limit of one's own; more entries than that are an error.
   *
   * @param path which one
   * @param entriesMax the limit
   * @return completes with the entries
   */
  public CompletionStage<List<DirectoryEntry>> list(String path, int entriesMax) {
    DirectoryListing listing = new DirectoryListing(path, entriesMax);
    FileCall<List<DirectoryEntry>> call =
        new FileCall<>("list", path, "", done -> listing.entries());
    return call.start(worker, () -> {
      if (!files.list(path, (name, mode) -> listing.add(name, FileType.ofMode(mode)), call)) {
        readAside(path, listing, call.future());
      }
    });
  }

  /**
   * Takes a buffer: a registered one if there is one free that is large enough, else from the
   * worker's blocks. The worker's thread.
   *
   * @param bytes how many it shall hold at least
   * @return a buffer, which the caller closes
   */
  public FileBuffer buffer(int bytes) {
    worker.checkCurrent();
    FileBuffer taken = registered == null ? null : registered.take(worker, bytes);
    return taken == null ? FileBuffer.ofBlock(worker, bytes) : taken;
  }

  /**
   * Registers memory with the kernel, which then need not find and pin its pages for each direct
   * read and write. Once for each worker; the worker's thread. Costs pinned memory, which counts
   * against the limit of locked memory (ulimit -l).
   *
   * @param buffersCount how many buffers
   * @param bufferBytes size of each; a multiple of {@link FileBuffer#ALIGNMENT_BYTES}
   */
  public void registerBuffers(int buffersCount, int bufferBytes) {
    worker.checkCurrent();
    if (buffersCount < 1 || bufferBytes < 1 || bufferBytes % FileBuffer.ALIGNMENT_BYTES != 0) {
      throw new IllegalArgumentException("cannot register buffersCount="
          + buffersCount
          + " of bufferBytes="
          + bufferBytes
          + ": there must be one or more, of a multiple of "
          + FileBuffer.ALIGNMENT_BYTES
          + " bytes");
    }
    files.registerMemory((long) buffersCount * bufferBytes);
    registered = new RegisteredPool(files.registeredMemory(), buffersCount, bufferBytes);
  }

  /**
   * Registered buffers that nobody holds. The worker's thread.
   *
   * @return a count
   */
  public int registeredBuffersFree() {
    return registered == null ? 0 : registered.freeCount();
  }

  /**
   * Files that are open on this worker. The worker's thread.
   *
   * @return a count; 0 when nothing is leaked
   */
  public int filesOpenCount() {
    return files.filesOpenCount();
  }

  private void readAside(
      String path, DirectoryListing listing, CompletableFuture<List<DirectoryEntry>> future) {
    OffWorker.run("list", path, future, () -> {
      List<DirectoryEntry> entries;
      try {
        listing.read();
        entries = listing.entries();
      } catch (RuntimeException failure) {
        FileCall.onWorker(worker, future, () -> future.completeExceptionally(failure));
        return;
      }
      FileCall.onWorker(worker, future, () -> future.complete(entries));
    });
  }

  private CompletionStage<Void> call(
      String verb, String path, String parameters, Consumer<FileCall<Void>> ask) {
    FileCall<Void> call = new FileCall<>(verb, path, parameters, result -> null);
    return call.start(worker, () -> ask.accept(call));
  }

  private CompletionStage<AsyncFile> open(AsyncFile directory, String path, OpenOptions options) {
    CompletableFuture<AsyncFile> future = new CompletableFuture<>();
    FileCall.onWorker(worker, future, () -> {
      if (directory != null) {
        directory.began();
        future.whenComplete((file, failure) -> directory.ended());
      }
      int from = directory == null ? FileDriver.WORKING_DIRECTORY : directory.descriptor();
      if (options.isOnlyRegular()) {
        openRegular(from, path, options, future);
        return;
      }
      Open open = new Open(path, options, future);
      files.open(from, path, options.flags(), options.permissionsToPass(), open);
    });
    return future.minimalCompletionStage();
  }

  private void openRegular(
      int from, String path, OpenOptions options, CompletableFuture<AsyncFile> future) {
    new RegularOpening(worker, path, options).start(from).whenComplete((file, failure) -> {
      if (failure == null) {
        openedOrRefused(file, path, options, future);
      } else {
        future.completeExceptionally(failure);
      }
    });
  }

  private void openedOrRefused(
      int file, String path, OpenOptions options, CompletableFuture<AsyncFile> future) {
    try {
      opened(file, path, options, future);
    } catch (RuntimeException refused) {
      // The worker stops: the driver closes what is open.
      future.completeExceptionally(refused);
    }
  }

  /** The file is open; a direct one has to say what it needs first. */
  private void opened(
      int file, String path, OpenOptions options, CompletableFuture<AsyncFile> future) {
    if (!options.isDirect()) {
      future.complete(
          new AsyncFile(worker, path, file, DirectAlignment.NONE, options.isRegistered()));
      return;
    }
    StatusCall<DirectAlignment> status = new StatusCall<>(path, StatusCall::directAlignment);
    status.future.whenComplete((alignment, failure) -> {
      if (failure != null) {
        abandon(file);
        future.completeExceptionally(failure);
      } else if (alignment.positionBytes() == 0) {
        abandon(file);
        future.completeExceptionally(FileErrors.refusedHere(
            "open",
            path,
            "its file system does not support direct I/O for it.\n  Open without direct(), or use a"
                + " file system on a disk, such as ext4 or xfs."));
      } else {
        future.complete(new AsyncFile(worker, path, file, alignment, options.isRegistered()));
      }
    });
    files.status(file, "", status);
  }

  private void abandon(int file) {
    FileCall<Void> close = new FileCall<>("close", "", "", result -> null);
    close.start(worker, () -> files.close(file, close));
  }

  private final class Open extends FileOperation {
    private final String path;
    private final OpenOptions options;
    private final CompletableFuture<AsyncFile> future;

    Open(String path, OpenOptions options, CompletableFuture<AsyncFile> future) {
      this.path = path;
      this.options = options;
      this.future = future;
    }

    @Override
    protected void answered(int result) {
      if (result < 0) {
        future.completeExceptionally(FileErrors.refused("open", path, "", -result));
        return;
      }
      openedOrRefused(result, path, options, future);
    }
  }
}

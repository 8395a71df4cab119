package dev.uring.file;

import dev.uring.abi.Errno;
import dev.uring.abi.Inotify;
import dev.uring.abi.Layouts;
import dev.uring.base.FileException;
import dev.uring.driver.Operation;
import dev.uring.ffi.InotifyCalls;
import dev.uring.ffi.Libc;
import dev.uring.worker.Worker;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.RejectedExecutionException;

/**
 * Watches one path and tells what happens to it, and of a directory, to its entries.
 *
 * <pre>{@code
 * FileWatch.open(worker, "/etc/app", FileEventKind.CHANGES, (watch, event) -> reload(event.name()));
 * }</pre>
 *
 * <h2>Shapes and units</h2>
 *
 * One event at a time, in the order of the kernel. Not recursive: directories below have watches of
 * their own. A rename is two events with one cookie; when the other half lies outside, it is one.
 * Several writes may be told as one.
 *
 * <p>Events wait in the kernel, at most fs.inotify.max_queued_events of them (16384): beyond, they
 * are lost, and {@link FileEventKind#OVERFLOWED} says so. Here wait those of one read at most,
 * {@link #READ_BYTES}.
 *
 * <h2>Ownership</h2>
 *
 * Whoever opened it closes it. It closes itself when the path is gone, after
 * {@link FileEventKind#WATCH_REMOVED}, and with its worker.
 *
 * <h2>Threading and cancellation</h2>
 *
 * Methods belong to the worker's thread, except {@link #close}.
 *
 * <h2>Errors</h2>
 *
 * {@link FileException} in the stage of {@link #open}: no such path, no right to read it, or no
 * watch left for the user (fs.inotify.max_user_instances, max_user_watches).
 *
 * <h2>Source</h2>
 *
 * {@code inotify(7)}, waited for with io_uring_prep_poll_add(3).
 */
public final class FileWatch implements AutoCloseable {
  /** Bytes of events that are taken from the kernel at once: about a hundred. */
  public static final int READ_BYTES = 4096;

  private final Worker worker;
  private final String path;
  private final int descriptor;
  private final FileWatchListener listener;
  private final MemorySegment events = Arena.ofAuto().allocate(READ_BYTES, Integer.BYTES);
  private final Readable readable = new Readable();

  // What was read and is not told: from .. until.
  private int from;
  private int until;
  private boolean isPaused;
  private boolean isTelling;
  private boolean isClosed;
  private boolean isEnded;
  private FileException failure;

  private FileWatch(Worker worker, String path, int descriptor, FileWatchListener listener) {
    this.worker = worker;
    this.path = path;
    this.descriptor = descriptor;
    this.listener = listener;
  }

  /**
   * Begins to watch.
   *
   * @param worker where the listener is called
   * @param path a file or directory, followed through symbolic links
   * @param kinds what to tell; at least one
   * @param listener hears it
   * @return completes on the worker with the watch, before the first event is told
   */
  public static CompletionStage<FileWatch> open(
      Worker worker, String path, Set<FileEventKind> kinds, FileWatchListener listener) {
    if (kinds.isEmpty() || FileEventKind.mask(kinds) == 0) {
      throw new IllegalArgumentException(
          "watch of " + path + " for kinds=" + kinds + ": name one that is not told unasked");
    }
    if (path.indexOf('\0') >= 0) {
      throw new IllegalArgumentException(
          "path has a NUL character at index " + path.indexOf('\0') + " of " + path.length());
    }
    CompletableFuture<FileWatch> future = new CompletableFuture<>();
    // Looking the path up may wait for a disk.
    OffWorker.run("watch", path, future, () -> {
      int descriptor = InotifyCalls.open(path, FileEventKind.mask(kinds));
      if (descriptor < 0) {
        FileCall.onWorker(
            worker, future, () -> future.completeExceptionally(refused(path, -descriptor)));
        return;
      }
      FileWatch watch = new FileWatch(worker, path, descriptor, listener);
      try {
        worker.execute(() -> watch.begin(future));
      } catch (RejectedExecutionException stopped) {
        Libc.close(descriptor);
        future.completeExceptionally(stopped);
      }
    });
    return future.minimalCompletionStage();
  }

  /**
   * The path it was opened by.
   *
   * @return as it was given
   */
  public String path() {
    return path;
  }

  /**
   * The worker it lives on.
   *
   * @return the worker
   */
  public Worker worker() {
    return worker;
  }

  /** Tells nothing until {@link #resume}: events wait in the kernel. */
  public void pause() {
    worker.checkCurrent();
    isPaused = true;
  }

  /** Tells again, in a later call. */
  public void resume() {
    worker.checkCurrent();
    if (isPaused && !isClosed) {
      isPaused = false;
      worker.execute(this::tell);
    }
  }

  /** Ends the watch. Any thread; repeated calls do nothing. */
  @Override
  public void close() {
    FileCall.onWorker(worker, new CompletableFuture<>(), () -> end(null));
  }

  private void begin(CompletableFuture<FileWatch> future) {
    try {
      await();
    } catch (RuntimeException refused) {
      Libc.close(descriptor);
      future.completeExceptionally(refused);
      return;
    }
    worker.attachment(OfWorker.class, OfWorker::new).add(this);
    future.complete(this);
  }

  private void await() {
    if (!readable.isUnderWay()) {
      worker.driver().awaitReadable(descriptor, readable);
    }
  }

  // One read for each turn: a listener that causes events must not keep the worker here.
  private void tell() {
    if (isPaused || isClosed || isTelling) {
      return;
    }
    isTelling = true;
    if (from == until) {
      read();
    }
    while (from < until && !isPaused && !isClosed) {
      tellNext();
    }
    isTelling = false;
    if (!isClosed && !isPaused) {
      await();
    }
  }

  private void read() {
    int bytes = Libc.read(descriptor, events);
    from = 0;
    until = Math.max(bytes, 0);
    if (bytes < 0 && bytes != -Errno.EAGAIN && bytes != -Errno.EINTR) {
      end(refused(path, -bytes));
    }
  }

  private void tellNext() {
    int mask = events.get(ValueLayout.JAVA_INT, from + Layouts.INOTIFY_EVENT_MASK);
    int cookie = events.get(ValueLayout.JAVA_INT, from + Layouts.INOTIFY_EVENT_COOKIE);
    int length = events.get(ValueLayout.JAVA_INT, from + Layouts.INOTIFY_EVENT_LEN);
    String name = length == 0
        ? ""
        : events.getString(from + Layouts.INOTIFY_EVENT_BYTES, StandardCharsets.UTF_8);
    from += Layouts.INOTIFY_EVENT_BYTES + length;
    FileEventKind kind = FileEventKind.ofMask(mask);
    boolean isDirectory = (mask & Inotify.IN_ISDIR) != 0;
    try {
      listener.onEvent(this, new FileEvent(kind, name, cookie, isDirectory));
    } catch (Throwable failure) {
      worker.taskFailed(failure);
    }
    if (kind == FileEventKind.WATCH_REMOVED) {
      end(null);
    }
  }

  private void end(FileException failure) {
    if (isClosed) {
      return;
    }
    isClosed = true;
    worker.attachment(OfWorker.class, OfWorker::new).remove(this);
    if (readable.isUnderWay()) {
      worker.driver().cancel(readable);
      this.failure = failure;
    } else {
      finish(failure);
    }
  }

  // The descriptor goes after the last answer that could name it.
  private void finish(FileException why) {
    if (isEnded) {
      return;
    }
    isEnded = true;
    Libc.close(descriptor);
    try {
      listener.onEnd(this, why);
    } catch (Throwable thrown) {
      worker.taskFailed(thrown);
    }
  }

  private void workerEnding() {
    isClosed = true;
    finish(null);
  }

  private static FileException refused(String path, int errno) {
    if (errno == Errno.EMFILE || errno == Errno.ENOSPC) {
      return FileErrors.refusedHere(
          "watch",
          path,
          Errno.text(errno)
              + ".\n  Likely cause: the user has no "
              + (errno == Errno.EMFILE ? "inotify instance" : "watch")
              + " left, or the process no descriptor. Raise sysctl fs.inotify.max_user_"
              + (errno == Errno.EMFILE ? "instances" : "watches")
              + " (or ulimit -n), or watch less.");
    }
    return FileErrors.refused("watch", path, "", errno);
  }

  private final class Readable extends Operation {
    @Override
    protected void completed(int result, int bufferId, boolean isLast) {
      if (isClosed) {
        finish(failure);
      } else if (result < 0 && result != -Errno.EINTR) {
        end(refused(path, -result));
      } else {
        tell();
      }
    }
  }

  /** The watches of a worker, which end with it. */
  private static final class OfWorker {
    private final Set<FileWatch> watches = new HashSet<>();

    OfWorker(Worker worker) {
      worker.whenEnding(failure -> {
        List.copyOf(watches).forEach(FileWatch::workerEnding);
        watches.clear();
      });
    }

    void add(FileWatch watch) {
      watches.add(watch);
    }

    void remove(FileWatch watch) {
      watches.remove(watch);
    }
  }
}

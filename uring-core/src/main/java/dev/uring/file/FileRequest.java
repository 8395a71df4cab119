package dev.uring.file;

import dev.uring.abi.Errno;
import dev.uring.base.FileException;
import dev.uring.driver.FileDriver;
import dev.uring.driver.FileOperation;

/**
 * One read, write or sync, and who hears how it ended.
 *
 * <pre>{@code
 * FileRequest next = new FileRequest() {
 *   protected void completed(int bytes) { … file.read(position += bytes, buffer, 0, 4096, this); }
 *   protected void failed(FileException failure) { … }
 * };
 * }</pre>
 *
 * <h2>Shapes and units</h2>
 *
 * At most one asking is under way for an object at any time. It is used again and again, so asking
 * allocates nothing. Short reads and writes of the kernel are continued here: what
 * {@link #completed} hears is less than was asked for only at the end of the file.
 *
 * <h2>Ownership</h2>
 *
 * While an asking is under way it holds its buffer and its file; see {@link FileBuffer}.
 *
 * <h2>Threading and cancellation</h2>
 *
 * The file's worker. {@link #cancel} is a request: the answer still comes, and may be a success.
 *
 * <h2>Errors</h2>
 *
 * {@link FileException} to {@link #failed}. What the callbacks throw is logged and counted by the
 * worker.
 */
public abstract class FileRequest {
  enum Kind {
    READ("read"),
    WRITE("write"),
    WRITE_AND_SYNC("write and sync"),
    SYNC("sync"),
    SYNC_DATA("sync the data of");

    private final String verb;

    Kind(String verb) {
      this.verb = verb;
    }
  }

  private final Main main = new Main();
  private Sync sync;

  // Invariant: file != null exactly while an asking is under way.
  private AsyncFile file;
  private Kind kind;
  private FileBuffer buffer;
  private long address;
  private long position;
  private int wantedBytes;
  private int doneBytes;
  private boolean isCancelled;

  // Of a write with a sync: both answer, in either order.
  private int answersDue;
  private int mainResult;
  private int syncResult;

  /** For subclasses. */
  protected FileRequest() {}

  /**
   * It is done. On the worker, at the top level of its loop; may ask again.
   *
   * @param bytes how many were read or written; 0 for a sync
   */
  protected abstract void completed(int bytes);

  /**
   * It has failed, or was cancelled in time. On the worker, at the top level of its loop.
   *
   * @param failure what was asked of which file, and why it failed
   */
  protected abstract void failed(FileException failure);

  /**
   * Whether an asking is under way.
   *
   * @return {@code true} from asking until one of the callbacks is called
   */
  public final boolean isUnderWay() {
    return file != null;
  }

  /** Asks to end what is under way, if anything is. */
  public final void cancel() {
    if (file == null) {
      return;
    }
    file.worker().checkCurrent();
    isCancelled = true;
    if (main.isUnderWay()) {
      file.worker().driver().cancel(main);
    }
    if (sync != null && sync.isUnderWay()) {
      file.worker().driver().cancel(sync);
    }
  }

  /** Begins an asking; a buffer of null is none, as for a sync. */
  final void begin(
      AsyncFile newFile,
      Kind newKind,
      long newPosition,
      FileBuffer newBuffer,
      int from,
      int bytes) {
    if (file != null) {
      throw new IllegalStateException("request is under way: "
          + describe()
          + " of "
          + file.path()
          + "; use another object for each that is to run at the same time");
    }
    newFile.began();
    try {
      address = newBuffer == null ? 0 : newBuffer.hold(from, bytes);
    } catch (RuntimeException refused) {
      newFile.ended();
      throw refused;
    }
    file = newFile;
    kind = newKind;
    buffer = newBuffer;
    position = newPosition;
    wantedBytes = bytes;
    doneBytes = 0;
    isCancelled = false;
    try {
      ask();
    } catch (RuntimeException refused) {
      end();
      throw refused;
    }
  }

  private void ask() {
    FileDriver driver = file.files();
    int io = file.ioName();
    long at = address + doneBytes;
    long where = position + doneBytes;
    int bytes = wantedBytes - doneBytes;
    switch (kind) {
      case READ -> driver.read(io, at, bytes, where, buffer.region(), main);
      case WRITE -> driver.write(io, at, bytes, where, buffer.region(), main);
      case WRITE_AND_SYNC -> {
        if (sync == null) {
          sync = new Sync();
        }
        answersDue = 2;
        driver.writeThenSync(io, at, bytes, where, buffer.region(), main, sync);
      }
      case SYNC -> driver.sync(io, false, main);
      case SYNC_DATA -> driver.sync(io, true, main);
    }
  }

  private void answered() {
    if (mainResult < 0) {
      // The kernel began nothing: a signal of the virtual machine's came first.
      if (mainResult == -Errno.EINTR && !isCancelled) {
        askRest();
      } else {
        fail(-mainResult);
      }
      return;
    }
    doneBytes += mainResult;
    boolean isWhole = doneBytes == wantedBytes;
    if (kind == Kind.READ) {
      // A direct read cannot go on from a place that is not aligned, and ends there only for want
      // of more file.
      if (isWhole || mainResult == 0 || file.endsUnaligned(position + doneBytes)) {
        complete();
      } else {
        askRest();
      }
    } else if (!isWhole) {
      if (mainResult == 0) {
        fail(Errno.EIO);
      } else {
        askRest();
      }
    } else if (kind == Kind.WRITE_AND_SYNC && syncResult < 0) {
      fail(-syncResult);
    } else {
      complete();
    }
  }

  private void askRest() {
    if (isCancelled) {
      fail(Errno.ECANCELED);
      return;
    }
    try {
      ask();
    } catch (RuntimeException refused) {
      AsyncFile ended = end();
      tellFailed(ended, FileErrors.refusedHere(kind.verb, ended.path(), refused.getMessage()));
    }
  }

  private void complete() {
    AsyncFile ended = end();
    try {
      completed(doneBytes);
    } catch (Throwable thrown) {
      ended.worker().taskFailed(thrown);
    }
  }

  private void fail(int errno) {
    AsyncFile ended = end();
    tellFailed(ended, FileErrors.refused(kind.verb, ended.path(), describe(), errno));
  }

  private void tellFailed(AsyncFile ended, FileException failure) {
    try {
      failed(failure);
    } catch (Throwable thrown) {
      ended.worker().taskFailed(thrown);
    }
  }

  private AsyncFile end() {
    AsyncFile ended = file;
    file = null;
    if (buffer != null) {
      buffer.release();
      buffer = null;
    }
    ended.ended();
    return ended;
  }

  private String describe() {
    return kind == Kind.SYNC || kind == Kind.SYNC_DATA
        ? ""
        : "position=" + position + ", bytes=" + wantedBytes + ", done=" + doneBytes;
  }

  private final class Main extends FileOperation {
    @Override
    protected void answered(int result) {
      mainResult = result;
      if (kind != Kind.WRITE_AND_SYNC || --answersDue == 0) {
        FileRequest.this.answered();
      }
    }
  }

  private final class Sync extends FileOperation {
    @Override
    protected void answered(int result) {
      syncResult = result;
      if (--answersDue == 0) {
        FileRequest.this.answered();
      }
    }
  }
}

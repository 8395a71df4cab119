package dev.uring.file;

import dev.uring.driver.FileDriver;
import dev.uring.driver.FileOperation;
import dev.uring.ffi.NativeMemory;
import dev.uring.worker.Worker;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;

/**
 * An open file on one worker, read and written at positions.
 *
 * <h2>Shapes and units</h2>
 *
 * Positions and sizes are bytes. There is no current position: any number of requests may run at
 * the same time, in any order. All that are asked for in a turn of the worker's loop reach the
 * kernel in one system call.
 *
 * <h2>Ownership</h2>
 *
 * Owned by whoever opened it, who closes it. {@link #close} takes effect when the requests under
 * way have been answered. A file that is still open when its worker stops is closed with it.
 *
 * <h2>Threading and cancellation</h2>
 *
 * What takes a {@link FileRequest} belongs to the worker's thread and throws
 * {@link IllegalStateException} elsewhere. What answers with a stage may be called from any thread;
 * the stage completes on the worker, and what hangs on it must not block.
 *
 * <h2>Errors</h2>
 *
 * {@link dev.uring.base.FileException} to the request or in the stage. A caller's mistake is thrown
 * at once: {@link IllegalStateException} after {@link #close} or for a request that is under way,
 * {@link IllegalArgumentException} for direct I/O that is not aligned.
 */
public final class AsyncFile {
  private final Worker worker;
  private final FileDriver files;
  private final String path;
  private final int file;
  private final int ioName;
  private final DirectAlignment alignment;
  private final CompletableFuture<Void> closed = new CompletableFuture<>();
  private int underWayCount;
  private boolean isClosing;

  AsyncFile(Worker worker, String path, int file, DirectAlignment alignment, boolean isRegistered) {
    this.worker = worker;
    this.files = worker.driver().files();
    this.path = path;
    this.file = file;
    this.alignment = alignment;
    this.ioName = isRegistered ? files.register(file) : file;
  }

  /**
   * The worker this file lives on.
   *
   * @return the worker
   */
  public Worker worker() {
    return worker;
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
   * Whether requests are taken. The worker's thread.
   *
   * @return {@code false} from {@link #close} on
   */
  public boolean isOpen() {
    return !isClosing;
  }

  /**
   * Whether it bypasses the page cache.
   *
   * @return {@code true} when it was opened with {@link OpenOptions#direct}
   */
  public boolean isDirect() {
    return alignment != DirectAlignment.NONE;
  }

  /**
   * What positions and lengths must be multiples of.
   *
   * @return bytes, a power of two; 1 unless the file is direct
   */
  public int positionAlignmentBytes() {
    return alignment.positionBytes();
  }

  /**
   * What the place in a buffer must be a multiple of.
   *
   * @return bytes, a power of two; 1 unless the file is direct
   */
  public int memoryAlignmentBytes() {
    return alignment.memoryBytes();
  }

  /**
   * Reads, whole: {@code request} hears fewer bytes than asked for only at the end of the file, and
   * 0 beyond it.
   *
   * @param position where in the file
   * @param into where the bytes go
   * @param from first byte of the buffer
   * @param bytes how many
   * @param request hears how it ended
   */
  public void read(long position, FileBuffer into, int from, int bytes, FileRequest request) {
    begin(FileRequest.Kind.READ, "read", position, into, from, bytes, request);
  }

  /**
   * Writes, whole.
   *
   * @param position where in the file
   * @param what where the bytes are
   * @param from first byte of the buffer
   * @param bytes how many
   * @param request hears how it ended
   */
  public void write(long position, FileBuffer what, int from, int bytes, FileRequest request) {
    begin(FileRequest.Kind.WRITE, "write", position, what, from, bytes, request);
  }

  /**
   * Writes, whole, and brings it to the medium: two operations that the kernel runs one after the
   * other without coming back in between, where {@link #write} followed by {@link #sync} would cost
   * a turn.
   *
   * @param position where in the file
   * @param what where the bytes are
   * @param from first byte of the buffer
   * @param bytes how many
   * @param request hears how both ended
   */
  public void writeAndSync(
      long position, FileBuffer what, int from, int bytes, FileRequest request) {
    begin(FileRequest.Kind.WRITE_AND_SYNC, "write", position, what, from, bytes, request);
  }

  /**
   * Brings to the medium what has been written by requests that were answered. Those under way may
   * or may not be included.
   *
   * @param mode how much of it
   * @param request hears how it ended
   */
  public void sync(SyncMode mode, FileRequest request) {
    worker.checkCurrent();
    request.begin(
        this,
        mode == SyncMode.DATA ? FileRequest.Kind.SYNC_DATA : FileRequest.Kind.SYNC,
        0,
        null,
        0,
        0);
  }

  /**
   * Brings to the medium what has been written. Any thread.
   *
   * @param mode how much of it
   * @return completes when it is there
   */
  public CompletionStage<Void> sync(SyncMode mode) {
    return call("sync", "", call -> files.sync(file, mode == SyncMode.DATA, call));
  }

  /**
   * Makes the file longer, with zeros, or shorter. Any thread.
   *
   * @param bytes its new size
   * @return completes when it is done
   */
  public CompletionStage<Void> truncate(long bytes) {
    return call("truncate", "bytes=" + bytes, call -> {
      if (files.canTruncate()) {
        files.truncate(file, bytes, call);
      } else {
        truncateOffWorker(bytes, call);
      }
    });
  }

  /**
   * Reserves room on the device, and makes the file that long if it is shorter. Any thread.
   *
   * @param position where the room begins
   * @param bytes how much
   * @return completes when it is reserved
   */
  public CompletionStage<Void> allocate(long position, long bytes) {
    return call(
        "allocate room in",
        "position=" + position + ", bytes=" + bytes,
        call -> files.allocate(file, position, bytes, call));
  }

  /**
   * What the file system knows about the file. Any thread.
   *
   * @return completes with the facts
   */
  public CompletionStage<FileStatus> status() {
    StatusCall<FileStatus> call = new StatusCall<>(path, StatusCall::status);
    FileCall.onWorker(worker, call.future, () -> {
      beginUntil(call.future);
      files.status(file, "", call);
    });
    return call.future.minimalCompletionStage();
  }

  /**
   * The size of the file. Any thread.
   *
   * @return completes with bytes
   */
  public CompletionStage<Long> size() {
    return status().thenApply(FileStatus::sizeBytes);
  }

  /**
   * Maps a part of the file for reading. The worker's thread; does not wait for the disk.
   *
   * @param position first byte
   * @param bytes how many, inside the file
   * @return the mapping, which the caller closes
   */
  public MappedFile map(long position, long bytes) {
    checkUsable();
    if (position < 0 || bytes < 1) {
      throw new IllegalArgumentException("cannot map position="
          + position
          + ", bytes="
          + bytes
          + " of "
          + path
          + ": the position must not be negative, and a mapping has 1 byte or more");
    }
    // Mappings begin at pages.
    long before = position % NativeMemory.pageBytes();
    Arena arena = Arena.ofShared();
    try {
      MemorySegment memory = files.map(file, position - before, bytes + before, arena);
      return new MappedFile(arena, memory.asSlice(before, bytes).asReadOnly());
    } catch (RuntimeException refused) {
      arena.close();
      throw refused;
    }
  }

  /**
   * Closes the file when the requests under way have been answered; none is taken from now on. Any
   * thread; repeated calls do nothing. What was written is not synced.
   *
   * @return completes when the descriptor is closed; always the same stage
   */
  public CompletionStage<Void> close() {
    FileCall.onWorker(worker, closed, this::closeHere);
    return closed.minimalCompletionStage();
  }

  @Override
  public String toString() {
    return "AsyncFile(" + path + ", worker " + worker.index() + ")";
  }

  FileDriver files() {
    return files;
  }

  int descriptor() {
    return file;
  }

  int ioName() {
    return ioName;
  }

  /** A request has begun. */
  void began() {
    checkUsable();
    underWayCount++;
  }

  /** A request was answered, or could not be asked. */
  void ended() {
    if (--underWayCount == 0 && isClosing) {
      closeDescriptor();
    }
  }

  boolean endsUnaligned(long position) {
    return (position & alignment.positionBytes() - 1) != 0;
  }

  private void begin(
      FileRequest.Kind kind,
      String verb,
      long position,
      FileBuffer buffer,
      int from,
      int bytes,
      FileRequest request) {
    worker.checkCurrent();
    if (position < 0) {
      throw new IllegalArgumentException(
          "cannot " + verb + " " + path + " at position=" + position + ": it is negative");
    }
    alignment.check(verb, path, position, from, bytes);
    request.begin(this, kind, position, buffer, from, bytes);
  }

  private CompletionStage<Void> call(String verb, String parameters, Consumer<FileCall<Void>> ask) {
    FileCall<Void> call = new FileCall<>(verb, path, parameters, result -> null);
    return call.start(worker, () -> {
      beginUntil(call.future());
      ask.accept(call);
    });
  }

  // The call keeps the file from being closed until it is over, however it ends.
  private void beginUntil(CompletableFuture<?> over) {
    began();
    over.whenComplete((result, failure) -> ended());
  }

  private void truncateOffWorker(long bytes, FileCall<Void> call) {
    int twin = files.duplicate(file);
    if (twin < 0) {
      call.answered(twin);
      return;
    }
    boolean isTaken = OffWorker.run("truncate", path, call.future(), () -> {
      int result = files.truncateNow(twin, bytes);
      FileCall.onWorker(worker, call.future(), () -> call.answered(result));
    });
    if (!isTaken) {
      worker.driver().closeNow(twin);
    }
  }

  private void closeHere() {
    if (!isClosing) {
      isClosing = true;
      if (underWayCount == 0) {
        closeDescriptor();
      }
    }
  }

  private void closeDescriptor() {
    try {
      files.close(file, new Close());
    } catch (RuntimeException stopping) {
      // The driver closes it by itself.
      closed.complete(null);
    }
  }

  private void checkUsable() {
    worker.checkCurrent();
    if (isClosing) {
      throw new IllegalStateException("file " + path + " is used after close()");
    }
  }

  private final class Close extends FileOperation {
    @Override
    protected void answered(int result) {
      // The descriptor is gone whatever the kernel says, and what it says is about writes that no
      // sync was asked for.
      closed.complete(null);
    }
  }
}

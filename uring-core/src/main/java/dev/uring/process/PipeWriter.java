package dev.uring.process;

import dev.uring.abi.Errno;
import dev.uring.base.ProcessException;
import dev.uring.buffer.Block;
import dev.uring.driver.FileDriver;
import dev.uring.driver.FileOperation;
import dev.uring.worker.Worker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Objects;
import java.util.function.Consumer;

/**
 * What a child reads, at this process's end of the pipe.
 *
 * <h2>Shapes and units</h2>
 *
 * One write at a time, of any size, told when the pipe has taken its last byte. A child that does
 * not read makes it wait: the pipe holds 64 KiB by default, and nothing is queued here.
 *
 * <h2>Ownership</h2>
 *
 * The child's. {@link #close} is how it learns of the end of its input. An array is borrowed from
 * {@link #write} until it is told; parts of {@link #CHUNK_BYTES} are copied into a block of the
 * worker's as they are written.
 *
 * <h2>Threading and cancellation</h2>
 *
 * The worker's thread. Closing waits for the write under way; the end of the child ends it.
 *
 * <h2>Errors</h2>
 *
 * {@link ProcessException} to the listener: EPIPE when the child has closed its end, or ended.
 *
 * <h2>Source</h2>
 *
 * io_uring_prep_write(3) on a pipe, which waits by poll and not on a thread.
 */
public final class PipeWriter {
  /** What is written at once: as much as a pipe holds. */
  public static final int CHUNK_BYTES = 1 << 16;

  private final ChildProcess child;
  private final Worker worker;
  private final FileDriver files;
  private final int file;
  private final String name;
  private final Write write = new Write();

  // The write under way: bytes from .. until of the array, of which a chunk is in the block.
  private Consumer<ProcessException> listener;
  private byte[] bytes;
  private int from;
  private int until;
  private Block block;
  private int chunkFrom;
  private int chunkBytes;
  private boolean isClosing;
  private boolean isClosed;

  PipeWriter(ChildProcess child, int file, String name) {
    this.child = child;
    this.worker = child.worker();
    this.files = worker.driver().files();
    this.file = file;
    this.name = name;
  }

  /**
   * Writes a part of an array.
   *
   * @param newBytes borrowed until the listener is called
   * @param newFrom first index
   * @param count how many bytes
   * @param newListener is given null when all are written, otherwise why not; on the worker, from
   *     the top level of its loop
   * @throws IllegalStateException one is under way, or it is closed
   */
  public void write(
      byte[] newBytes, int newFrom, int count, Consumer<ProcessException> newListener) {
    worker.checkCurrent();
    Objects.requireNonNull(newListener, "listener");
    Objects.checkFromIndexSize(newFrom, count, newBytes.length);
    if (isClosing || listener != null) {
      throw new IllegalStateException(
          isClosing
              ? name + " is written to after close()"
              : "a write to " + name + " is under way: wait until it is told");
    }
    bytes = newBytes;
    from = newFrom;
    until = newFrom + count;
    listener = newListener;
    if (count == 0) {
      worker.execute(() -> told(null));
      return;
    }
    try {
      block = worker.blocks().take(Math.min(count, CHUNK_BYTES));
      nextChunk();
    } catch (RuntimeException refused) {
      forget();
      throw refused;
    }
  }

  /**
   * Whether a write is under way.
   *
   * @return {@code true} until its listener is called
   */
  public boolean isWriting() {
    return listener != null;
  }

  /**
   * Whether it takes writes.
   *
   * @return {@code false} from {@link #close} on
   */
  public boolean isOpen() {
    return !isClosing;
  }

  /**
   * The worker it belongs to.
   *
   * @return the worker
   */
  public Worker worker() {
    return worker;
  }

  /**
   * Closes this end behind the write under way: the child's input ends there. Repeated calls do
   * nothing.
   */
  public void close() {
    worker.checkCurrent();
    isClosing = true;
    if (listener == null) {
      closeFile();
    }
  }

  @Override
  public String toString() {
    return "PipeWriter(" + name + ")";
  }

  /** The child is gone: what nobody will read is not waited for. */
  void abandon() {
    isClosing = true;
    if (write.isUnderWay()) {
      worker.driver().cancel(write);
    } else if (listener == null) {
      closeFile();
    }
  }

  private void nextChunk() {
    chunkBytes = Math.min(until - from, CHUNK_BYTES);
    chunkFrom = 0;
    MemorySegment.copy(
        bytes, from, block.memory(), ValueLayout.JAVA_BYTE, block.offset(), chunkBytes);
    ask();
  }

  private void ask() {
    files.write(
        file,
        block.memory().address() + block.offset() + chunkFrom,
        chunkBytes - chunkFrom,
        FileDriver.NO_POSITION,
        FileDriver.UNREGISTERED,
        write);
  }

  private void answered(int result) {
    if (result < 0 && result != -Errno.EINTR || result == 0) {
      told(child.pipeFailure("write to " + name, result == 0 ? Errno.EIO : -result));
      return;
    }
    int written = Math.max(result, 0);
    chunkFrom += written;
    from += written;
    try {
      if (from == until) {
        told(null);
      } else if (chunkFrom == chunkBytes) {
        nextChunk();
      } else {
        ask();
      }
    } catch (RuntimeException stopping) {
      told(child.pipeFailure("write to " + name + ": " + stopping.getMessage(), 0));
    }
  }

  private void told(ProcessException failure) {
    Consumer<ProcessException> hearing = listener;
    forget();
    if (isClosing) {
      closeFile();
    }
    try {
      hearing.accept(failure);
    } catch (Throwable thrown) {
      worker.taskFailed(thrown);
    }
  }

  private void forget() {
    listener = null;
    bytes = null;
    if (block != null) {
      block.release();
      block = null;
    }
  }

  private void closeFile() {
    if (!isClosed) {
      isClosed = true;
      child.closePipe(file);
    }
  }

  private final class Write extends FileOperation {
    @Override
    protected void answered(int result) {
      PipeWriter.this.answered(result);
    }
  }
}

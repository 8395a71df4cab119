package dev.uring.process;

import dev.uring.abi.Errno;
import dev.uring.base.ProcessException;
import dev.uring.buffer.Block;
import dev.uring.bytes.ByteView;
import dev.uring.bytes.ByteWindow;
import dev.uring.driver.FileDriver;
import dev.uring.driver.FileOperation;
import dev.uring.worker.Worker;
import java.lang.foreign.MemorySegment;
import java.util.Objects;

/**
 * What a child writes, at this process's end of the pipe.
 *
 * <h2>Shapes and units</h2>
 *
 * A stream of bytes. Nothing is read before {@link #receive}, nor while it is paused: then the
 * pipe, 64 KiB by default, fills up and the child waits. At most {@link #UNCONSUMED_BYTES_MAX}
 * bytes wait here for the rest of a message.
 *
 * <h2>Ownership</h2>
 *
 * The child's; whoever has it may close it earlier, and the child's next write then fails with
 * EPIPE and usually ends it. One block of the worker's while it reads.
 *
 * <h2>Threading and cancellation</h2>
 *
 * The worker's thread.
 *
 * <h2>Errors</h2>
 *
 * To {@link PipeHandler#onEnd}.
 *
 * <h2>Source</h2>
 *
 * io_uring_prep_read(3) on a pipe, which waits by poll and not on a thread.
 */
public final class PipeReader {
  /**
   * Most unconsumed bytes: as many as a pipe holds, so one read can empty it. A message that is
   * longer has to be taken in parts.
   */
  public static final int UNCONSUMED_BYTES_MAX = 1 << 16;

  private final ChildProcess child;
  private final Worker worker;
  private final FileDriver files;
  private final int file;
  private final String name;
  private final ByteWindow view = new ByteWindow("PipeReader");
  private final Read read = new Read();

  private PipeHandler handler;
  private Block block;
  // Unconsumed bytes in the block.
  private int from;
  private int until;
  private boolean isPaused = true;
  private boolean isCatchUpQueued;
  private boolean isOfferDue;
  private boolean isEnded;
  private boolean isEndTold;
  private boolean isClosed;
  private ProcessException failure;

  PipeReader(ChildProcess child, int file, String name) {
    this.child = child;
    this.worker = child.worker();
    this.files = worker.driver().files();
    this.file = file;
    this.name = name;
  }

  /**
   * Begins to read, or goes on with another handler.
   *
   * @param newHandler is offered what is unconsumed, and what comes
   */
  public void receive(PipeHandler newHandler) {
    worker.checkCurrent();
    handler = Objects.requireNonNull(newHandler, "handler");
    isPaused = true;
    isOfferDue = from < until;
    resume();
  }

  /** Stops reading, and offering. What the kernel has begun to read still comes, and waits here. */
  public void pause() {
    worker.checkCurrent();
    isPaused = true;
  }

  /** Reads again, and offers what has come meanwhile, in a later call. */
  public void resume() {
    worker.checkCurrent();
    if (handler == null) {
      throw new IllegalStateException("nobody receives from " + name + ": call receive first");
    }
    if (isPaused && !isClosed) {
      isPaused = false;
      if (isEnded || isOfferDue) {
        queueCatchUp();
      } else {
        arm();
      }
    }
  }

  /**
   * Lends everything that is unconsumed.
   *
   * @return a view, valid until {@link #consume}, the end of the handler's call, or, outside one,
   *     until the task returns
   */
  public ByteView received() {
    worker.checkCurrent();
    if (from == until) {
      view.lend(MemorySegment.NULL, 0, 0);
    } else {
      view.lend(block.memory(), block.offset() + from, until - from);
    }
    return view;
  }

  /**
   * Declares bytes at the front of {@link #received()} done with.
   *
   * @param count how many
   */
  public void consume(int count) {
    worker.checkCurrent();
    if (count < 0 || count > until - from) {
      throw new IllegalArgumentException(
          "consumed=" + count + " bytes of " + name + ", but unconsumed=" + (until - from));
    }
    from += count;
    view.end();
    if (from == until) {
      from = 0;
      until = 0;
      releaseIfIdle();
    }
  }

  /**
   * How many bytes have come and are not consumed.
   *
   * @return bytes
   */
  public int readableBytes() {
    return until - from;
  }

  /**
   * Whether the child's output has ended and is all here.
   *
   * @return {@code true} also after a failure
   */
  public boolean isEnded() {
    return isEnded;
  }

  /**
   * The worker it belongs to.
   *
   * @return the worker
   */
  public Worker worker() {
    return worker;
  }

  /** Drops what is unconsumed and closes this end. Repeated calls do nothing. */
  public void close() {
    worker.checkCurrent();
    if (isClosed) {
      return;
    }
    isClosed = true;
    isEnded = true;
    isEndTold = true;
    from = 0;
    until = 0;
    view.end();
    if (read.isUnderWay()) {
      worker.driver().cancel(read);
    } else {
      closeFile();
    }
  }

  @Override
  public String toString() {
    return "PipeReader(" + name + ")";
  }

  private void arm() {
    if (read.isUnderWay() || isEnded || isPaused) {
      return;
    }
    if (until - from == UNCONSUMED_BYTES_MAX) {
      isEnded = true;
      failure = child.pipeFailure(
          "read "
              + name
              + ": a message exceeds UNCONSUMED_BYTES_MAX="
              + UNCONSUMED_BYTES_MAX
              + " bytes, none of which were consumed.\n  Take it in parts",
          0);
      queueCatchUp();
      return;
    }
    if (block == null) {
      block = worker.blocks().take(UNCONSUMED_BYTES_MAX);
      from = 0;
      until = 0;
    }
    if (until == UNCONSUMED_BYTES_MAX && from > 0) {
      moveToFront();
    }
    long address = block.memory().address() + block.offset() + until;
    files.read(
        file,
        address,
        UNCONSUMED_BYTES_MAX - until,
        FileDriver.NO_POSITION,
        FileDriver.UNREGISTERED,
        read);
  }

  private void moveToFront() {
    long at = block.offset();
    MemorySegment.copy(block.memory(), at + from, block.memory(), at, until - from);
    until -= from;
    from = 0;
  }

  private void answered(int result) {
    if (isClosed) {
      closeFile();
    } else if (result > 0) {
      until += result;
      offer();
    } else if (result == -Errno.EINTR) {
      arm();
    } else {
      isEnded = true;
      if (result < 0) {
        failure = child.pipeFailure("read " + name, -result);
      }
      releaseIfIdle();
      tellEnd();
    }
  }

  private void offer() {
    isOfferDue = isPaused;
    if (isPaused) {
      return;
    }
    try {
      int consumed = handler.onReceive(this, received());
      if (consumed != 0 && !isClosed) {
        consume(consumed);
      }
    } catch (Throwable thrown) {
      worker.taskFailed(thrown);
      close();
    }
    if (isClosed) {
      return;
    }
    view.end();
    arm();
    releaseIfIdle();
  }

  private void tellEnd() {
    if (isPaused || isEndTold) {
      return;
    }
    isEndTold = true;
    try {
      handler.onEnd(this, failure);
    } catch (Throwable thrown) {
      worker.taskFailed(thrown);
      close();
    }
  }

  private void queueCatchUp() {
    if (!isCatchUpQueued) {
      isCatchUpQueued = true;
      worker.execute(() -> {
        isCatchUpQueued = false;
        if (isOfferDue && !isPaused && !isClosed) {
          offer();
        }
        if (isEnded && !isClosed) {
          tellEnd();
        }
      });
    }
  }

  private void releaseIfIdle() {
    if (block != null && from == until && !read.isUnderWay()) {
      block.release();
      block = null;
    }
  }

  private void closeFile() {
    if (block != null) {
      block.release();
      block = null;
    }
    child.closePipe(file);
  }

  private final class Read extends FileOperation {
    @Override
    protected void answered(int result) {
      PipeReader.this.answered(result);
    }
  }
}

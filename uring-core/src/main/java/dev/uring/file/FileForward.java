package dev.uring.file;

import dev.uring.abi.Errno;
import dev.uring.base.FileException;
import dev.uring.base.PoolExhaustedException;
import dev.uring.buffer.Block;
import dev.uring.bytes.ByteView;
import dev.uring.bytes.ByteWindow;
import dev.uring.driver.Driver;
import dev.uring.driver.FileDriver;
import dev.uring.driver.FileOperation;
import dev.uring.driver.ReceiveBuffers;
import dev.uring.net.Connection;
import dev.uring.net.Intake;
import dev.uring.worker.EndOfTurn;
import dev.uring.worker.Worker;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.RejectedExecutionException;

/**
 * Bytes of a connection on their way into a file, untouched: the receive buffers that the kernel
 * filled are written from where they lie, and go back when they are written.
 *
 * <pre>{@code
 * FileForward.start(connection, file, 0, contentLength).result().whenComplete((bytes, failure) -> …);
 * }</pre>
 *
 * <h2>Shapes and units</h2>
 *
 * Everything unconsumed and everything that arrives, in order, from a position of the file on, up
 * to a number of bytes or to the end of input. Several writes run at the same time, each at its own
 * position; one that the kernel cut short is continued. It is over when the last one is answered:
 * the bytes are in the page cache then, see {@link AsyncFile#sync}.
 *
 * <h2>Ownership</h2>
 *
 * Connection and file stay the program's; the file must be open for writing, and a close of it
 * takes effect after the end. While it runs, the connection's input is the forwarding's: its
 * handler is not offered bytes.
 *
 * <p>Arrivals below {@code retainBytesMin}, and all while half of the worker's receive buffers are
 * held, are copied and gathered for a turn. Bound: {@link #WRITES_MAX} writes; then the connection
 * stops receiving, until half of them are answered. So a slow disk holds back its own uploads.
 *
 * <h2>Threading and cancellation</h2>
 *
 * The worker that connection and file live on. {@link #stop} ends it as it stands: what was taken
 * is written. The stage completes on the worker.
 *
 * <h2>Errors</h2>
 *
 * {@link FileException} a write failed: no more is taken from the connection, the writes under way
 * are waited for, and the message says how many bytes were taken and how many of them are in the
 * file without a gap. Those in between are lost with the failure, so the connection is of use for
 * an answer and not for what follows. {@link dev.uring.base.ForwardException} the connection was
 * lost or closed here, or its input ended before the limit; what had arrived is in the file.
 *
 * <h2>Source</h2>
 *
 * io_uring_prep_write(3) on the memory of the ring's provided buffers.
 */
public final class FileForward extends Intake {
  /** No limit: to the end of input. */
  public static final long UNLIMITED = Long.MAX_VALUE;

  /**
   * Most writes under way, each of one receive buffer at most: half a megabyte with the default
   * size, which keeps a disk busy while a turn passes.
   */
  public static final int WRITES_MAX = 16;

  private static final int WRITES_RESUME = WRITES_MAX / 2;

  // What is copied is gathered in blocks of the size of a receive buffer.
  private static final int COPY_BYTES = 1 << 15;

  private enum State {
    RUNNING,
    /** Nothing more is taken; writes are under way. */
    DRAINING,
    /** The stage is complete, or is about to be. */
    ENDED
  }

  private final Connection source;
  private final AsyncFile file;
  private final Worker worker;
  private final FileDriver files;
  private final ReceiveBuffers buffers;
  private final long position;
  private final long limit;
  private final CompletableFuture<Long> result = new CompletableFuture<>();
  private final Flush flush = new Flush();
  private final Write[] idle = new Write[WRITES_MAX];

  private State state = State.RUNNING;
  // A list, in no order.
  private Write underWay;
  private int idleCount;
  private int underWayCount;
  private long taken;
  // Of the writes that failed, the least position that was not written.
  private long failedAt = Long.MAX_VALUE;
  private boolean isHeld;
  private Block copy;
  private int copiedBytes;
  private Throwable failure;

  private FileForward(Connection source, AsyncFile file, long position, long limit) {
    this.source = source;
    this.file = file;
    this.worker = source.worker();
    this.files = file.files();
    this.buffers = worker.driver().receiveBuffers();
    this.position = position;
    this.limit = limit;
  }

  /**
   * Begins to forward what a connection has and receives into a file.
   *
   * @param source where the bytes come from
   * @param file of the connection's worker, open for writing, not direct
   * @param position where in the file the first byte goes
   * @param bytes how many, or {@link #UNLIMITED} for all up to the end of input
   * @return the forwarding, which runs
   * @throws IllegalStateException the connection is being forwarded already, or the file is closed
   */
  public static FileForward start(Connection source, AsyncFile file, long position, long bytes) {
    source.worker().checkCurrent();
    check(source, file, position, bytes);
    FileForward forward = new FileForward(source, file, position, bytes);
    file.began();
    try {
      forward.attach(source);
    } catch (RuntimeException refused) {
      file.ended();
      throw refused;
    }
    if (!source.isOpen()) {
      forward.fail(forward.sourceFailure(0, "was not open any more", null));
    } else if (bytes == 0) {
      forward.drain();
    }
    return forward;
  }

  private static void check(Connection source, AsyncFile file, long position, long bytes) {
    if (file.worker() != source.worker()) {
      throw new IllegalArgumentException(
          file + " belongs to another worker than " + source + ": open it on the connection's");
    }
    if (position < 0 || bytes < 0 || bytes != UNLIMITED && position + bytes < 0) {
      throw new IllegalArgumentException("cannot forward bytes="
          + bytes
          + " to position="
          + position
          + " of "
          + file.path()
          + ": neither may be negative, nor their sum exceed 2^63 - 1");
    }
    if (file.isDirect()) {
      throw new IllegalArgumentException("cannot forward into "
          + file.path()
          + ": it is open for direct I/O, and received bytes lie wherever they lie.\n  Open it"
          + " without direct().");
    }
  }

  /**
   * How it ends.
   *
   * @return completes on the worker with {@link #bytes()} when all of them are written, or with
   *     what ended it before
   */
  public CompletionStage<Long> result() {
    return result.minimalCompletionStage();
  }

  /**
   * Bytes taken from the connection so far.
   *
   * @return bytes
   */
  public long bytes() {
    return taken;
  }

  /**
   * Bytes that are in the file without a gap, from the first one on. Final when {@link #result()}
   * is complete; until then it says what is certain.
   *
   * @return bytes; less than {@link #bytes()} after a write that failed
   */
  public long writtenBytes() {
    long certain = Math.min(failedAt, position + taken);
    if (state != State.ENDED) {
      certain = Math.min(certain, firstUnwritten());
    }
    return certain - position;
  }

  /**
   * Ends it as it stands: what is taken is written, the rest stays with the connection, whose
   * handler has it again at once. Does nothing after the end.
   */
  public void stop() {
    worker.checkCurrent();
    drain();
    detach();
  }

  @Override
  protected boolean isHeld() {
    return isHeld;
  }

  @Override
  protected int take(ByteView unconsumed, int bufferId) {
    if (state != State.RUNNING) {
      return 0;
    }
    int most = (int) Math.min(unconsumed.size(), limit - taken);
    int count = 0;
    try {
      while (count < most && writesCount() < WRITES_MAX) {
        int queued = queue(unconsumed, count, most - count, bufferId);
        count += queued;
        taken += queued;
      }
    } catch (PoolExhaustedException noMemory) {
      fail(noMemory);
      return count;
    }
    if (taken == limit) {
      drain();
    } else if (!isHeld && writesCount() >= WRITES_MAX) {
      isHeld = true;
      holdInput();
    }
    return count;
  }

  @Override
  protected boolean inputEnded() {
    if (state != State.RUNNING) {
      return false;
    }
    if (limit != UNLIMITED) {
      fail(sourceFailure(taken, "finished before the limit of " + limit + " bytes", null));
      return false;
    }
    drain();
    return true;
  }

  @Override
  protected void sourceClosed(String operation) {
    if (state == State.RUNNING) {
      fail(sourceFailure(taken, "was ended by this side's " + operation, null));
    }
  }

  @Override
  protected void sourceGone(Throwable cause) {
    // Once everything is taken its fate does not matter.
    if (state == State.RUNNING) {
      fail(sourceFailure(taken, cause == null ? "was closed" : "was lost", cause));
    }
  }

  private int writesCount() {
    return underWayCount + (copy == null ? 0 : 1);
  }

  private int queue(ByteView bytes, int from, int count, int bufferId) {
    if (count >= retainBytesMin() && bufferId != Driver.NO_BUFFER && buffers.tryRetain(bufferId)) {
      // A copy that waits must not be added to: what follows it goes another way.
      submitCopy();
      MemorySegment memory = ByteWindow.memoryOf(bytes);
      Write write = takeWrite();
      write.bufferId = bufferId;
      write.begin(memory.address() + ByteWindow.offsetOf(bytes) + from, position + taken, count);
      return count;
    }
    return copy(bytes, from, count);
  }

  private int copy(ByteView bytes, int from, int count) {
    if (copy == null) {
      copy = worker.blocks().take(COPY_BYTES);
      copiedBytes = 0;
      worker.atEndOfTurn(flush);
    }
    int fitting = Math.min(count, COPY_BYTES - copiedBytes);
    bytes.copyTo(from, copy.memory(), copy.offset() + copiedBytes, fitting);
    copiedBytes += fitting;
    if (copiedBytes == COPY_BYTES) {
      submitCopy(position + taken + fitting);
    }
    return fitting;
  }

  private void submitCopy() {
    submitCopy(position + taken);
  }

  /** Writes what was copied, which ends at a position of the file. */
  private void submitCopy(long until) {
    if (copy == null) {
      return;
    }
    Block block = copy;
    copy = null;
    Write write = takeWrite();
    write.block = block;
    write.begin(block.memory().address() + block.offset(), until - copiedBytes, copiedBytes);
  }

  private void fail(Throwable why) {
    if (failure == null) {
      failure = why;
    }
    drain();
  }

  private void writeFailed(Write write, int errno) {
    long at = write.at + write.done;
    if (at < failedAt) {
      failedAt = at;
      failure = FileErrors.refused(
          "write",
          file.path(),
          "position="
              + write.at
              + ", bytes="
              + write.bytes
              + ", done="
              + write.done
              + ", forwarded="
              + taken
              + ", of these in the file without a gap="
              + (Math.min(at, firstUnwritten()) - position),
          errno);
    }
    if (copy != null) {
      // Behind the gap it would be of no use.
      copy.release();
      copy = null;
    }
    drain();
  }

  private long firstUnwritten() {
    long first = position + taken - (copy == null ? 0 : copiedBytes);
    for (Write write = underWay; write != null; write = write.next) {
      first = Math.min(first, write.at + write.done);
    }
    return first;
  }

  private void drain() {
    if (state == State.RUNNING) {
      state = State.DRAINING;
      isHeld = false;
      submitCopy();
    }
    endIfWritten();
  }

  private void endIfWritten() {
    if (state == State.DRAINING && underWayCount == 0) {
      state = State.ENDED;
      // From the loop's top level, because what ends it may be a call of the connection's handler.
      try {
        worker.execute(this::tellEnd);
      } catch (RejectedExecutionException stopped) {
        complete();
      }
    }
  }

  private void tellEnd() {
    detach();
    file.ended();
    complete();
  }

  private void complete() {
    if (failure == null) {
      result.complete(taken);
    } else {
      result.completeExceptionally(failure);
    }
  }

  private Write takeWrite() {
    Write write = idleCount == 0 ? new Write() : idle[--idleCount];
    write.next = underWay;
    write.previous = null;
    if (underWay != null) {
      underWay.previous = write;
    }
    underWay = write;
    underWayCount++;
    return write;
  }

  private void ended(Write write) {
    if (write.previous == null) {
      underWay = write.next;
    } else {
      write.previous.next = write.next;
    }
    if (write.next != null) {
      write.next.previous = write.previous;
    }
    write.next = null;
    write.previous = null;
    underWayCount--;
    write.letGo();
    if (idleCount < idle.length) {
      idle[idleCount++] = write;
    }
    if (isHeld && underWayCount <= WRITES_RESUME) {
      isHeld = false;
      resumeInput();
    }
    endIfWritten();
  }

  /** One write, and the memory it is from: a receive buffer or a block. */
  private final class Write extends FileOperation {
    private Write next;
    private Write previous;
    private int bufferId = Driver.NO_BUFFER;
    private Block block;
    private long address;
    private long at;
    private int bytes;
    private int done;

    void begin(long newAddress, long newAt, int newBytes) {
      address = newAddress;
      at = newAt;
      bytes = newBytes;
      done = 0;
      ask();
    }

    private void ask() {
      try {
        files.write(
            file.ioName(), address + done, bytes - done, at + done, FileDriver.UNREGISTERED, this);
      } catch (RuntimeException refused) {
        // The worker is stopping: the memory is not the kernel's.
        failedAt = Math.min(failedAt, at + done);
        fail(FileErrors.refusedHere("write", file.path(), refused.getMessage()));
        ended(this);
      }
    }

    void letGo() {
      if (block != null) {
        block.release();
        block = null;
      } else {
        buffers.releaseRetained(bufferId);
        bufferId = Driver.NO_BUFFER;
      }
    }

    @Override
    protected void answered(int written) {
      if (written > 0) {
        done += written;
      }
      if (done == bytes) {
        ended(this);
      } else if (written > 0 || written == -Errno.EINTR) {
        // Cut short, or a signal of the virtual machine's came before anything was written.
        ask();
      } else {
        writeFailed(this, written == 0 ? Errno.EIO : -written);
        ended(this);
      }
    }
  }

  private final class Flush extends EndOfTurn {
    @Override
    protected void endOfTurn() {
      submitCopy();
    }
  }
}

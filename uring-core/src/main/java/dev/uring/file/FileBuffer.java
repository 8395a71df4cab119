package dev.uring.file;

import dev.uring.buffer.Block;
import dev.uring.bytes.ByteSink;
import dev.uring.bytes.ByteView;
import dev.uring.bytes.ByteWindow;
import dev.uring.bytes.FixedSink;
import dev.uring.driver.FileDriver;
import dev.uring.worker.Worker;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.Objects;

/**
 * Native memory for reading files into and writing them from.
 *
 * <h2>Shapes and units</h2>
 *
 * {@link #capacity} bytes, at least as many as were asked for, beginning at a multiple of 4096: fit
 * for direct I/O.
 *
 * <h2>Ownership</h2>
 *
 * Owned by whoever got it from {@link WorkerFiles#buffer}, who closes it once. A request under way
 * holds it too, so its memory is given back by the later of {@link #close} and the kernel's answer.
 * Views and the sink are borrowed until the buffer is used by another request or closed.
 *
 * <h2>Threading and cancellation</h2>
 *
 * The worker's thread.
 *
 * <h2>Errors</h2>
 *
 * {@link IllegalStateException} when it is used after {@link #close}, or closed twice.
 */
public final class FileBuffer implements AutoCloseable {
  /** Where every buffer is aligned to, in bytes: enough for any disk that there is. */
  public static final int ALIGNMENT_BYTES = 4096;

  private final Worker worker;
  private final MemorySegment memory;
  private final int region;
  private final Block block;
  private final RegisteredPool pool;
  private final ByteWindow window = new ByteWindow("FileBuffer.view");
  private FixedSink sink;

  // The owner is one holder, each request under way another.
  private int holders = 1;
  private boolean isClosed;

  private FileBuffer(
      Worker worker, MemorySegment memory, int region, Block block, RegisteredPool pool) {
    this.worker = worker;
    this.memory = memory;
    this.region = region;
    this.block = block;
    this.pool = pool;
  }

  /** Over a block of the worker's pool, whose blocks of a page and more begin at pages. */
  static FileBuffer ofBlock(Worker worker, int bytes) {
    Block block = worker.blocks().take(Math.max(bytes, ALIGNMENT_BYTES));
    MemorySegment memory = block.memory().asSlice(block.offset(), block.capacity());
    return new FileBuffer(worker, memory, FileDriver.UNREGISTERED, block, null);
  }

  /** Over a part of the registered memory. */
  static FileBuffer ofRegistered(Worker worker, MemorySegment part, RegisteredPool pool) {
    return new FileBuffer(worker, part, RegisteredPool.REGION, null, pool);
  }

  /**
   * How many bytes it holds.
   *
   * @return bytes
   */
  public int capacity() {
    return (int) memory.byteSize();
  }

  /**
   * Whether its memory is registered with the kernel; see {@link WorkerFiles#registerBuffers}.
   *
   * @return {@code true} when reads and writes need not pin it each time
   */
  public boolean isRegistered() {
    return region != FileDriver.UNREGISTERED;
  }

  /**
   * The memory itself.
   *
   * @return a segment of {@link #capacity} bytes, borrowed until {@link #close}
   */
  public MemorySegment memory() {
    checkOpen();
    return memory;
  }

  /**
   * Lends a part for reading; ends the loan before.
   *
   * @param from first byte
   * @param count how many
   * @return always the same view
   */
  public ByteView view(int from, int count) {
    checkOpen();
    window.lend(memory, from, count);
    return window;
  }

  /**
   * A sink that writes from the beginning of the memory.
   *
   * @return always the same sink, empty again
   */
  public ByteSink sink() {
    checkOpen();
    if (sink == null) {
      sink = new FixedSink(memory);
    } else {
      sink.reset();
    }
    return sink;
  }

  /**
   * How much the last {@link #sink} was given.
   *
   * @return bytes; 0 when there was none
   */
  public int sinkBytes() {
    return sink == null ? 0 : sink.size();
  }

  /**
   * Copies an array into the memory.
   *
   * @param to first byte of the memory
   * @param bytes what to copy from
   * @param from first byte of the array
   * @param count how many
   */
  public void put(int to, byte[] bytes, int from, int count) {
    checkOpen();
    MemorySegment.copy(MemorySegment.ofArray(bytes), from, memory, to, count);
  }

  @Override
  public void close() {
    worker.checkCurrent();
    if (isClosed) {
      throw new IllegalStateException("FileBuffer of " + capacity() + " bytes is closed twice");
    }
    isClosed = true;
    window.end();
    release();
  }

  /** The memory as a buffer, whose position and limit are for the caller to set. */
  ByteBuffer buffer() {
    checkOpen();
    return block != null ? block.buffer() : memory.asByteBuffer();
  }

  /** Holds the memory for a request and returns the address of a part of it. */
  long hold(int from, int count) {
    checkOpen();
    Objects.checkFromIndexSize(from, count, capacity());
    window.end();
    holders++;
    return memory.address() + from;
  }

  /** Ends what {@link #hold} began. */
  void release() {
    if (--holders == 0) {
      if (block != null) {
        block.release();
      } else {
        pool.giveBack(memory);
      }
    }
  }

  int region() {
    return region;
  }

  private void checkOpen() {
    if (isClosed) {
      throw new IllegalStateException("FileBuffer of " + capacity() + " bytes is used after close");
    }
  }
}

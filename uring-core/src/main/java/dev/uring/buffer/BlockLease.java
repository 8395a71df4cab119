package dev.uring.buffer;

import dev.uring.bytes.ByteSink;
import java.lang.foreign.MemorySegment;

/**
 * Memory of a worker's pool that a program fills and then hands over to a connection, which sends
 * it from where it lies.
 *
 * <pre>{@code
 * BlockLease lease = worker.lease(64 << 10);
 * lease.putAscii("HTTP/1.1 200 OK\r\n…").putBytes(body);
 * connection.write(lease);            // handed over: the connection gives the memory back
 * lease.take(64 << 10);               // the object itself can be used again
 * }</pre>
 *
 * <h2>Shapes and units</h2>
 *
 * A sink of {@link #capacity()} bytes in one piece: at least what was asked for, rounded up to the
 * pool's next power of two. Encoders put; programs that fill memory by other means write into
 * {@link #room()} and then {@link #advance}.
 *
 * <h2>Ownership</h2>
 *
 * The program owns the memory until it hands it over or closes the lease, exactly one of the two.
 * The pool counts what is out ({@code WorkerSnapshot.blocksHeld}), so a lease that was forgotten
 * shows.
 *
 * <h2>Threading and cancellation</h2>
 *
 * Belongs to the worker whose pool it is; the memory itself refuses other threads.
 *
 * <h2>Errors</h2>
 *
 * {@link IllegalStateException} when it is used after it was handed over or closed;
 * {@link IndexOutOfBoundsException} when it is full; {@link dev.uring.base.PoolExhaustedException}
 * when {@code blockPoolBytesMax} is reached.
 */
public final class BlockLease extends ByteSink implements AutoCloseable {
  private final BlockPool pool;

  // Null when the memory was handed over or given back.
  private Block block;
  private String endedBy = "never taken";

  BlockLease(BlockPool pool) {
    this.pool = pool;
  }

  /**
   * Takes memory, in place of what was handed over or closed: a program that sends all the time
   * needs no new object for it.
   *
   * @param bytes least capacity wanted, 0 or more
   * @return this lease, empty
   */
  public BlockLease take(int bytes) {
    if (block != null) {
      throw new IllegalStateException("lease of "
          + block.capacity()
          + " bytes is still held; hand it over or close it before taking another block");
    }
    if (bytes < 0) {
      throw new IllegalArgumentException("lease of " + bytes + " bytes; ask for 0 or more");
    }
    block = pool.take(bytes);
    chunk(block.memory(), block.offset(), block.offset() + block.capacity());
    return this;
  }

  /**
   * How much was written.
   *
   * @return bytes
   */
  public int size() {
    return (int) (chunkPosition() - held().offset());
  }

  /**
   * How much can be written in all.
   *
   * @return bytes
   */
  public int capacity() {
    return held().capacity();
  }

  /**
   * Whether there is memory to write to.
   *
   * @return {@code false} once it was handed over or closed
   */
  public boolean isHeld() {
    return block != null;
  }

  /**
   * Lends the memory that is not written yet, for a program that fills it otherwise than by
   * putting. What was filled counts after {@link #advance}.
   *
   * @return a new segment, not to be used after the hand-over: the memory is somebody else's then
   */
  public MemorySegment room() {
    return held().memory().asSlice(chunkPosition(), capacity() - size());
  }

  /**
   * Counts bytes that were filled in {@link #room()} as written.
   *
   * @param count from 0 to the size of the room
   */
  public void advance(int count) {
    int room = capacity() - size();
    if (count < 0 || count > room) {
      throw new IndexOutOfBoundsException(
          "advanced by " + count + " bytes, but the lease has room for " + room);
    }
    chunk(block.memory(), chunkPosition() + count, block.offset() + block.capacity());
  }

  /** Gives the memory back unsent. Does nothing after a hand-over or another close. */
  @Override
  public void close() {
    if (block != null) {
      end("closed").release();
    }
  }

  /**
   * Takes the memory away from the program. For connections; programs call
   * {@code Connection.write(lease)}.
   *
   * @param takerPool the pool of the taker's worker
   * @return the block, with one holder, who is now the caller
   */
  public Block handOver(BlockPool takerPool) {
    held();
    if (takerPool != pool) {
      throw new IllegalStateException(
          "the lease's memory belongs to another worker than the connection; take the lease on the"
              + " connection's own worker (connection.worker().lease)");
    }
    return end("handed over");
  }

  @Override
  protected void refill(int bytesWanted) {
    throw new IndexOutOfBoundsException("lease is full: capacity="
        + capacity()
        + " bytes, written="
        + size()
        + " bytes, wanted="
        + bytesWanted
        + " more bytes");
  }

  // Without a chunk the next put asks for one, and finds out here.
  private Block end(String how) {
    Block ended = block;
    if (!ended.memory().isAccessibleBy(Thread.currentThread())) {
      throw new WrongThreadException("lease " + how + " on thread "
          + Thread.currentThread().getName()
          + ", but it belongs to its worker's thread");
    }
    block = null;
    endedBy = how;
    chunk(MemorySegment.NULL, 0, 0);
    return ended;
  }

  private Block held() {
    if (block == null) {
      throw new IllegalStateException("lease used after it was "
          + endedBy
          + ".\n  Its memory is not the program's any more. Call take(bytes) for other memory.");
    }
    return block;
  }
}

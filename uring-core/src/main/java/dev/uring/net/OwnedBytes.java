package dev.uring.net;

import dev.uring.buffer.Block;
import dev.uring.bytes.ByteView;
import dev.uring.bytes.ByteWindow;
import dev.uring.worker.Worker;

/**
 * Received bytes that the program keeps for as long as it likes, outside the garbage-collected
 * heap.
 *
 * <h2>Shapes and units</h2>
 *
 * As many bytes as were asked for, in one piece. One copy, out of the receive buffer; none when
 * they lay in the connection's own memory already, as the rest of a message in several arrivals
 * does.
 *
 * <h2>Ownership</h2>
 *
 * The program owns them and closes them exactly once; the connection may be long gone by then. What
 * is never closed stays in {@code WorkerSnapshot.blocksHeld}, which is 0 when nothing leaks. The
 * worker's end frees everything.
 *
 * <h2>Threading and cancellation</h2>
 *
 * {@link #view()} is for the worker's thread; copy the bytes to take them elsewhere. {@link #close}
 * is for any thread.
 *
 * <h2>Errors</h2>
 *
 * {@link IllegalStateException} when a view is used after {@link #close}, and when it is closed
 * twice: the second time the memory may be another connection's.
 */
public final class OwnedBytes implements AutoCloseable {
  private final Worker worker;
  private final ByteWindow window = new ByteWindow("OwnedBytes, closed meanwhile");
  private final int size;
  // Owner: whoever closes it, once. Null afterwards.
  private Block block;

  OwnedBytes(Worker worker, Block block, long offset, int size) {
    this.worker = worker;
    this.block = block;
    this.size = size;
    window.lend(block.memory(), offset, size);
  }

  /**
   * How many bytes these are.
   *
   * @return bytes, also after {@link #close}
   */
  public int size() {
    return size;
  }

  /**
   * Lends the bytes until {@link #close}.
   *
   * @return always the same view
   */
  public ByteView view() {
    worker.checkCurrent();
    return window;
  }

  /** Gives the memory back. */
  @Override
  public void close() {
    Block held;
    synchronized (this) {
      held = block;
      block = null;
    }
    if (held == null) {
      throw new IllegalStateException("owned bytes closed twice, size=" + size + " bytes");
    }
    if (worker.isCurrent()) {
      giveBack(held);
    } else {
      worker.execute(() -> giveBack(held));
    }
  }

  private void giveBack(Block held) {
    window.end();
    held.release();
  }
}

package dev.uring.net;

import dev.uring.buffer.Block;
import dev.uring.bytes.ByteView;
import dev.uring.bytes.ByteWindow;
import dev.uring.worker.Worker;

/**
 * Received bytes that the program keeps for as long as it likes, outside the garbage-collected
 * heap, and may send on without another copy.
 *
 * <h2>Shapes and units</h2>
 *
 * As many bytes as were asked for, in one piece. One copy, out of the receive buffer; none when
 * they lay in the connection's own memory already, as the rest of a message in several arrivals
 * does.
 *
 * <h2>Ownership</h2>
 *
 * The program owns them until it closes them or hands them over to a connection of the same worker
 * ({@link Connection#write(OwnedBytes)}), exactly one of the two; the connection they came from may
 * be long gone by then. What is never closed stays in {@code WorkerSnapshot.blocksHeld}, which is 0
 * when nothing leaks. The worker's end frees everything.
 *
 * <h2>Threading and cancellation</h2>
 *
 * {@link #view()} is for the worker's thread; copy the bytes to take them elsewhere. {@link #close}
 * is for any thread.
 *
 * <h2>Errors</h2>
 *
 * {@link IllegalStateException} when a view is used after its bytes were closed or handed over, and
 * when they are closed or handed over a second time: the memory may be another connection's then.
 */
public final class OwnedBytes implements AutoCloseable {
  private final Worker worker;
  private final ByteWindow window = new ByteWindow("OwnedBytes, closed or handed over meanwhile");
  private final long offset;
  private final int size;
  // Owner: whoever closes it or hands it over, once. Null afterwards.
  private Block block;

  OwnedBytes(Worker worker, Block block, long offset, int size) {
    this.worker = worker;
    this.block = block;
    this.offset = offset;
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
    Block held = takeBlock("closed");
    if (worker.isCurrent()) {
      giveBack(held);
    } else {
      worker.execute(() -> giveBack(held));
    }
  }

  /** Where the bytes begin in the memory of their block. */
  long offset() {
    return offset;
  }

  /**
   * Takes the memory away from the program.
   *
   * @param taker whose connection sends it
   * @return the block, held once more by the caller
   */
  Block handOver(Worker taker) {
    if (taker != worker) {
      throw new IllegalStateException(
          "owned bytes of worker "
              + worker.index()
              + " handed over to a connection of worker "
              + taker.index()
              + ": memory stays on its worker; write(owned.view()) there, or take the connection to it");
    }
    Block held = takeBlock("handed over");
    window.end();
    return held;
  }

  private synchronized Block takeBlock(String how) {
    Block held = block;
    if (held == null) {
      throw new IllegalStateException("owned bytes "
          + how
          + " after they were closed or handed over already, size="
          + size
          + " bytes");
    }
    block = null;
    return held;
  }

  private void giveBack(Block held) {
    window.end();
    held.release();
  }
}

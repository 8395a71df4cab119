package dev.uring.bytes;

import java.lang.foreign.MemorySegment;

/**
 * A {@link ByteSink} over one piece of memory: for encoders under test and for messages of known
 * size.
 *
 * <h2>Errors</h2>
 *
 * {@link IndexOutOfBoundsException} when the memory is full.
 */
public final class FixedSink extends ByteSink {
  private final MemorySegment memory;

  /**
   * A sink that writes from the beginning of {@code memory}.
   *
   * @param memory borrowed for the life of the sink
   */
  public FixedSink(MemorySegment memory) {
    this.memory = memory;
    reset();
  }

  /** Forgets what was written; writing starts again at the beginning. */
  public void reset() {
    chunk(memory, 0, memory.byteSize());
  }

  /**
   * How much was written.
   *
   * @return bytes written since the beginning or {@link #reset()}
   */
  public int size() {
    return Math.toIntExact(chunkPosition());
  }

  /**
   * Lends what was written.
   *
   * @return a new view, valid until the next put or reset
   */
  public ByteView view() {
    ByteWindow window = new ByteWindow("FixedSink.view");
    window.lend(memory, 0, size());
    return window;
  }

  @Override
  protected void refill(int bytesWanted) {
    throw new IndexOutOfBoundsException("sink is full: capacity="
        + memory.byteSize()
        + " bytes, written="
        + size()
        + " bytes, wanted="
        + bytesWanted
        + " more bytes");
  }
}

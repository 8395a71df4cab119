package dev.uring.net;

import dev.uring.base.ConnectionClosedException;
import java.lang.foreign.MemorySegment;

/**
 * A part of a connection's output whose bytes are fetched when their turn comes, such as a file's.
 *
 * <h2>Shapes and units</h2>
 *
 * A known number of bytes, delivered in chunks. {@link #produce} asks for the next chunk; it is
 * answered, then or later, by one {@link #offer} or one {@link #fail}. What was written before the
 * source leaves before its first byte, what was written behind it after its last.
 *
 * <p>One chunk is asked for while another is with the kernel, and no more: a slow peer holds back
 * its source, and a source costs the memory of two chunks however long it is. Its bytes count as
 * unsent, so that a sender waits for them as for any others, but not towards
 * {@code sendQueueBytesMax}, which bounds memory.
 *
 * <h2>Ownership</h2>
 *
 * A chunk is handed over as every guard is, and released as one. A source is written once.
 *
 * <h2>Threading and cancellation</h2>
 *
 * Everything happens on the connection's worker. {@link #ended} comes exactly once, from the top
 * level of its loop. After it, a chunk that was still being fetched may be offered and is released
 * at once.
 *
 * <h2>Errors</h2>
 *
 * {@link #fail} ends the connection: its peer was promised bytes that do not come.
 */
public abstract class SendSource {
  private final long bytes;
  private final End end = new End();
  private Connection connection;
  private SendGuard ready;
  private long leftToOffer;
  private boolean isProducing;
  private boolean isDropped;
  private boolean isSent;
  private Throwable cause;

  /**
   * A source that is not written yet.
   *
   * @param bytes how many bytes it will offer in all
   */
  protected SendSource(long bytes) {
    if (bytes < 0) {
      throw new IllegalArgumentException("source of " + bytes + " bytes; it must have 0 or more");
    }
    this.bytes = bytes;
    this.leftToOffer = bytes;
  }

  /**
   * How many bytes it offers in all.
   *
   * @return bytes
   */
  public final long bytes() {
    return bytes;
  }

  /**
   * How many bytes it has still to offer.
   *
   * @return bytes
   */
  public final long leftToOffer() {
    return leftToOffer;
  }

  /** The next chunk is wanted. May offer it right here. */
  protected abstract void produce();

  /**
   * All is over: no more chunks are wanted.
   *
   * @param failure null when the kernel has taken every byte; otherwise what ended the connection
   */
  protected abstract void ended(Throwable failure);

  /**
   * Delivers the chunk that was asked for.
   *
   * @param chunk handed over; 1 to {@link #leftToOffer} bytes
   */
  protected final void offer(SendGuard chunk) {
    checkAsked();
    MemorySegment memory = chunk.memory();
    if (isDropped) {
      isProducing = false;
      chunk.released();
      return;
    }
    if (memory.byteSize() == 0 || memory.byteSize() > leftToOffer) {
      throw new IllegalArgumentException("chunk of "
          + memory.byteSize()
          + " bytes; the source has still to offer "
          + leftToOffer
          + " of "
          + bytes
          + " bytes, in chunks of 1 byte or more");
    }
    SendQueue.checkSendable(memory);
    isProducing = false;
    ready = chunk;
    leftToOffer -= memory.byteSize();
    connection.outputWritten();
  }

  /**
   * Says that the chunk that was asked for will not come. Ends the connection.
   *
   * @param failure why
   */
  protected final void fail(Throwable failure) {
    checkAsked();
    isProducing = false;
    if (!isDropped) {
      connection.fail(failure);
    }
  }

  // What the queue does with it.

  void attach(Connection owner) {
    if (connection != null) {
      throw new IllegalStateException(
          "a source is written once; make another for " + owner.describe());
    }
    connection = owner;
  }

  /** Whether every byte is with the queue. */
  boolean isExhausted() {
    return leftToOffer == 0 && ready == null;
  }

  /** Bytes that are not pieces of the queue yet, a chunk that waits to become one included. */
  long unfetchedBytes() {
    return leftToOffer + (ready == null ? 0 : ready.memory().byteSize());
  }

  /** Asks for a chunk, unless one is there or on its way. */
  void fetch() {
    if (isProducing || isDropped || ready != null || leftToOffer == 0) {
      return;
    }
    isProducing = true;
    try {
      produce();
    } catch (Throwable failure) {
      isProducing = false;
      connection.fail(failure);
    }
  }

  /** Takes the chunk that was offered; null when there is none. */
  SendGuard takeReady() {
    SendGuard chunk = ready;
    ready = null;
    return chunk;
  }

  /** The kernel has taken the last chunk. */
  void sent() {
    isSent = true;
  }

  /**
   * Takes it out of the queue. Returns whom to tell of it at the top of the loop: first the guard
   * of a chunk that nobody took, then this source.
   */
  SendGuard drop() {
    isDropped = true;
    if (!isSent) {
      Throwable why = connection.closeCause();
      cause = why != null
          ? why
          : new ConnectionClosedException("source dropped with "
              + leftToOffer
              + " of "
              + bytes
              + " bytes not sent ("
              + connection.describe()
              + ")");
    }
    end.chunk = takeReady();
    return end;
  }

  private void checkAsked() {
    if (!isProducing) {
      throw new IllegalStateException(
          "offer or fail without having been asked: each answers one produce()");
    }
  }

  // The end in the shape of what the queue tells at the top of the loop.
  private final class End implements SendGuard {
    private SendGuard chunk;

    @Override
    public MemorySegment memory() {
      return MemorySegment.NULL;
    }

    @Override
    public void released() {
      try {
        if (chunk != null) {
          chunk.released();
        }
      } finally {
        SendSource.this.ended(cause);
      }
    }
  }
}

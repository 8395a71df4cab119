package dev.uring.net;

import dev.uring.bytes.ByteSink;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;

/**
 * What stands between a connection's program and its socket and changes the bytes on their way,
 * such as TLS. The program uses the connection as if the layer were not there.
 *
 * <h2>Shapes and units</h2>
 *
 * Two streams in each direction: the <i>program's</i> bytes, and those <i>on the wire</i>. Arrivals
 * come to {@link #received}; what the layer makes of them it writes into {@link #inputRoom} and
 * counts with {@link #inputFilled}. What the program writes comes to {@link #encode}, a send's
 * worth at a time; what shall leave instead goes into {@link #wire}, in its order. Every total,
 * mark and position of {@link Connection} counts the program's bytes.
 *
 * <h2>Ownership</h2>
 *
 * One layer for one connection. What it is given is borrowed for the call; what it keeps it gives
 * back in {@link #closed}.
 *
 * <h2>Threading and cancellation</h2>
 *
 * The connection's worker, from the top level of its loop. A layer must not block: what takes long
 * it does elsewhere, {@linkplain #holdInput holds} the input meanwhile, and says
 * {@link OutputState#WAITING}.
 *
 * <h2>Errors</h2>
 *
 * {@link #fail} ends the connection in order, so that the peer can still read what the layer has to
 * say about it. What a method throws resets the connection.
 */
public abstract class StreamLayer {
  /** Whether a layer takes the program's bytes. */
  public enum OutputState {
    /** Not yet: they wait in the connection's queue. */
    WAITING,
    /** Now. */
    OPEN,
    /** Never again: those that wait are dropped. */
    ENDED
  }

  private Connection connection;
  private ReceivePath input;
  private SendPath output;

  /** For subclasses. */
  protected StreamLayer() {}

  /** The layer is in its place. The connection is open; nothing has been received yet. */
  protected abstract void began();

  /**
   * Bytes have arrived.
   *
   * @param memory where they lie, borrowed
   * @param offset the first of them
   * @param count how many
   */
  protected abstract void received(MemorySegment memory, long offset, int count);

  /**
   * The peer has sent its FIN. A layer that knows the stream to be whole calls {@link #endInput}.
   */
  protected abstract void wireEnded();

  /**
   * Whether {@link #encode} may be called.
   *
   * @return asked before every send
   */
  protected abstract OutputState outputState();

  /**
   * Takes bytes of the program's and writes what they become to {@link #wire}.
   *
   * @param bytes from position to limit, borrowed; all of them are taken
   */
  protected abstract void encode(ByteBuffer bytes);

  /**
   * Whether {@link #encode} is to be given native memory, because the layer would have to copy an
   * array there. Otherwise it is given what costs least.
   *
   * @return asked once, when the first bytes come that are copied for it
   */
  protected boolean encodesNativeMemory() {
    return false;
  }

  /** The program has ended its output, and every byte of it was encoded: writes a farewell. */
  protected abstract void finish();

  /** The connection is ending: nothing can be received or sent any more. */
  protected abstract void closed();

  /**
   * How long a closed connection waits for the peer.
   *
   * @param nanos what it would wait without a layer
   * @return nanoseconds, counted from {@link #finish}
   */
  protected long lingerNanos(long nanos) {
    return nanos;
  }

  /**
   * The connection.
   *
   * @return never null from {@link #began} on
   */
  protected final Connection connection() {
    return connection;
  }

  /**
   * Where to write bytes for the program, behind those that it has not consumed.
   *
   * @param bytes least room
   * @return a buffer from whose position on so many bytes fit; valid until the next call here or
   *     into the program
   */
  protected final ByteBuffer inputRoom(int bytes) {
    return input.room(bytes);
  }

  /**
   * Counts bytes that were written into {@link #inputRoom}. They are offered to the program when
   * {@link #received} has returned, or by {@link #offerInput}.
   *
   * @param bytes how many, from the room's first on; 0 gives the room back
   */
  protected final void inputFilled(int bytes) {
    input.filled(bytes);
  }

  /** Offers the program what is there: for bytes that came to be outside {@link #received}. */
  protected final void offerInput() {
    input.offerFilled();
  }

  /** The program's input ends here, behind what was filled. */
  protected final void endInput() {
    input.endByLayer();
  }

  /** No more arrivals for the moment. Those that the kernel has on their way still come. */
  protected final void holdInput() {
    input.holdForLayer();
  }

  /** Arrivals again, after {@link #holdInput}. */
  protected final void releaseInput() {
    input.releaseForLayer();
  }

  /**
   * Whether the program still wants input.
   *
   * @return {@code false} once the connection is closing
   */
  protected final boolean isInputWanted() {
    return !connection.isDone();
  }

  /**
   * Where bytes go that shall leave as they are.
   *
   * @return the connection's send queue, below the layer
   */
  protected final ByteSink wire() {
    return output.wire();
  }

  /**
   * Room on the wire, for a layer that writes native memory and needs no {@link #wire} in between.
   *
   * @param bytes least room, at most 32 KiB
   * @return a buffer from whose position on so many bytes fit, to be answered by
   *     {@link #wireFilled} before anything else is written; null when the connection is ending and
   *     nothing is sent any more
   */
  protected final ByteBuffer wireRoom(int bytes) {
    return output.wire().room(bytes);
  }

  /**
   * Counts bytes that were written into {@link #wireRoom}.
   *
   * @param bytes how many, from the room's first on; 0 gives the room back
   */
  protected final void wireFilled(int bytes) {
    output.wire().roomFilled(bytes);
  }

  /** {@link #outputState} has changed for the better: what waits is encoded in this turn. */
  protected final void outputOpened() {
    connection.outputWritten();
  }

  /**
   * The layer cannot go on.
   *
   * @param cause what the program is told; the peer is told what is in {@link #wire}
   */
  protected final void fail(Throwable cause) {
    connection.layerFailed(cause);
  }

  /**
   * The stream is broken: resets the connection.
   *
   * @param cause what the program is told
   */
  protected final void breakOff(Throwable cause) {
    connection.fail(cause);
  }

  void attach(Connection owner, ReceivePath ownersInput, SendPath ownersOutput) {
    if (connection != null) {
      throw new IllegalStateException(
          "a layer is for one connection; make another for " + owner.describe());
    }
    connection = owner;
    input = ownersInput;
    output = ownersOutput;
  }
}

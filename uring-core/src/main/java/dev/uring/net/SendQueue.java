package dev.uring.net;

import dev.uring.base.SendQueueFullException;
import dev.uring.buffer.Block;
import dev.uring.buffer.BlockPool;
import dev.uring.bytes.ByteSink;
import dev.uring.bytes.ByteView;
import dev.uring.bytes.ByteWindow;
import dev.uring.driver.ReceiveBuffers;
import dev.uring.driver.SendOperation;
import dev.uring.driver.SendPart;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Objects;

/**
 * Bytes on their way out: a queue of pieces of memory, of which the first few may be with the
 * kernel.
 *
 * <p>Writing copies into the open block; when a send is due the block's written part becomes a
 * piece. A view over the receive buffer of the present call becomes a piece without a copy, and the
 * buffer is held until the kernel has sent it. One send takes as many pieces as fit, in order.
 *
 * <p>An idle connection holds nothing here: the open block is let go of at every send, and the next
 * one is as large as what was written last time.
 *
 * <p><i>Invariant:</i> piece i is with the kernel exactly when {@code i < inFlight}; {@code unsent}
 * is the sum of all pieces and of the open block's written part. <i>Thread:</i> the worker's.
 */
final class SendQueue extends ByteSink {
  private static final int PIECES_INITIAL = 4;
  private static final int BLOCK_BYTES_MAX = 1 << 16;

  // Where encoders write when nobody will read it. Shared by all: no byte of it is ever looked at.
  private static final MemorySegment NOWHERE = Arena.global().allocate(1 << 12);

  private final Connection connection;
  private final BlockPool blocks;
  private final NetLimits limits;

  // A ring of pieces; made at the first write, because an idle connection needs none. Its objects
  // are used again and again, so one is made for a place when that is first used.
  private Piece[] pieces;
  private int head;
  private int count;
  private int inFlight;

  private Block open;
  private long openFrom;
  private int blockBytesNext = BlockPool.BLOCK_BYTES_MIN;
  private int turnBytes;

  private long piecesBytes;
  private long sentTotal;
  private boolean isDiscarding;

  SendQueue(Connection connection, BlockPool blocks, NetLimits limits) {
    this.connection = connection;
    this.blocks = blocks;
    this.limits = limits;
  }

  /** Bytes written and not yet taken by the kernel. */
  long unsentBytes() {
    return piecesBytes + openBytes();
  }

  /** Bytes the kernel has taken since the connection began. */
  long sentTotal() {
    return sentTotal;
  }

  /** Whether something is written that no send has taken along yet. */
  boolean hasQueued() {
    return count > inFlight || openBytes() > 0;
  }

  boolean isSending() {
    return inFlight > 0;
  }

  boolean isEmpty() {
    return count == 0 && openBytes() == 0;
  }

  /** Writes from now on are dropped: the connection is closing or gone. */
  void discardWrites() {
    seal();
    isDiscarding = true;
  }

  boolean isDiscarding() {
    return isDiscarding;
  }

  /** Queues a part of a view, without a copy when it lies in {@code bufferId} and is worth it. */
  void write(ByteView view, int from, int size, ReceiveBuffers buffers, int bufferId) {
    if (isDiscarding) {
      return;
    }
    if (bufferId >= 0
        && size >= limits.retainBytesMin()
        && ByteWindow.memoryOf(view) == buffers.memory()
        && buffers.tryRetain(bufferId)) {
      try {
        // No copy would check this one for us, and what lies beside the view is another peer's.
        Objects.checkFromIndexSize(from, size, view.size());
        checkRoom();
      } catch (RuntimeException refused) {
        buffers.releaseRetained(bufferId);
        throw refused;
      }
      seal();
      addPiece(buffers.memory(), ByteWindow.offsetOf(view) + from, size, null, bufferId);
    } else {
      putView(view, from, size);
    }
  }

  /** Begins a send of as many queued pieces as one may carry: {@link #inFlight} of them. */
  void fill() {
    seal();
    inFlight = Math.min(count, SendOperation.PARTS_MAX);
    blockBytesNext = Math.clamp(turnBytes, BlockPool.BLOCK_BYTES_MIN, BLOCK_BYTES_MAX);
    turnBytes = 0;
  }

  /** How many pieces, from the first, are with the kernel. */
  int inFlight() {
    return inFlight;
  }

  SendPart piece(int position) {
    return pieces[index(position)];
  }

  /** The send is answered: {@code sent} bytes are gone, the rest of it goes again. */
  void sent(long sent, ReceiveBuffers buffers) {
    long left = sent;
    inFlight = 0;
    piecesBytes -= sent;
    sentTotal += sent;
    while (left > 0) {
      Piece first = pieces[head];
      if (left < first.length()) {
        first.skip((int) left);
        return;
      }
      left -= first.length();
      removeFirst(buffers);
    }
  }

  /** Drops everything. Not while a send is in flight. */
  void clear(ReceiveBuffers buffers) {
    if (inFlight > 0) {
      throw new IllegalStateException("pieces dropped while the kernel holds " + inFlight);
    }
    isDiscarding = true;
    closeOpenBlock();
    while (count > 0) {
      piecesBytes -= pieces[head].length();
      removeFirst(buffers);
    }
  }

  @Override
  protected void refill(int bytesWanted) {
    if (isDiscarding) {
      chunk(NOWHERE, 0, NOWHERE.byteSize());
      return;
    }
    checkRoom();
    int previous = open == null ? 0 : open.capacity();
    seal();
    int capacity = Math.max(blockBytesNext, Math.min(previous * 2, BLOCK_BYTES_MAX));
    int needed = Math.min(bytesWanted, BLOCK_BYTES_MAX);
    openBlock(takeBlock(Math.max(capacity, needed)));
    connection.outputWritten();
  }

  // Checked at each new block and each held buffer, not at each byte: the bound may be passed by
  // the
  // rest of one block.
  private void checkRoom() {
    long unsent = unsentBytes();
    if (unsent >= limits.sendQueueBytesMax()) {
      SendQueueFullException full =
          new SendQueueFullException(connection.describe(), unsent, limits.sendQueueBytesMax());
      connection.fail(full);
      throw full;
    }
  }

  // A message of which a part is queued cannot be taken back: the connection ends with it, or its
  // peer would read the next message into the middle of this one.
  private Block takeBlock(int bytes) {
    try {
      return blocks.take(bytes);
    } catch (RuntimeException exhausted) {
      connection.fail(exhausted);
      throw exhausted;
    }
  }

  private void openBlock(Block block) {
    open = block;
    openFrom = block.offset();
    chunk(block.memory(), openFrom, openFrom + block.capacity());
  }

  private int openBytes() {
    return open == null || isDiscarding ? 0 : (int) (chunkPosition() - openFrom);
  }

  // Turns what is written in the open block into a piece and lets go of the block.
  private void seal() {
    if (open == null) {
      return;
    }
    int bytes = openBytes();
    if (bytes > 0) {
      open.retain();
      addPiece(open.memory(), openFrom, bytes, open, -1);
    }
    closeOpenBlock();
  }

  private void closeOpenBlock() {
    if (open != null) {
      open.release();
      open = null;
      chunk(MemorySegment.NULL, 0, 0);
    }
  }

  private void addPiece(MemorySegment memory, long offset, int length, Block holder, int bufferId) {
    if (pieces == null) {
      pieces = new Piece[PIECES_INITIAL];
    } else if (count == pieces.length) {
      grow();
    }
    int at = index(count++);
    Piece piece = pieces[at];
    if (piece == null) {
      piece = new Piece();
      pieces[at] = piece;
    }
    piece.lie(memory, offset, length);
    piece.holder = holder;
    piece.bufferId = bufferId;
    piecesBytes += length;
    turnBytes += length;
    connection.outputWritten();
  }

  private void removeFirst(ReceiveBuffers buffers) {
    Piece first = pieces[head];
    Block holder = first.holder;
    if (holder != null) {
      first.holder = null;
      holder.release();
    } else {
      buffers.releaseRetained(first.bufferId);
    }
    head = index(1);
    count--;
  }

  private int index(int position) {
    return (head + position) & (pieces.length - 1);
  }

  // Doubles the ring; afterwards the first piece is at index 0.
  private void grow() {
    Piece[] larger = new Piece[pieces.length * 2];
    for (int position = 0; position < count; position++) {
      larger[position] = pieces[index(position)];
    }
    pieces = larger;
    head = 0;
  }

  // Held by a block or, when that is null, by a receive buffer.
  private static final class Piece extends SendPart {
    Block holder;
    int bufferId;
  }
}

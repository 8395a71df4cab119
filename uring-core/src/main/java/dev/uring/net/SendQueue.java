package dev.uring.net;

import dev.uring.base.SendQueueFullException;
import dev.uring.buffer.Block;
import dev.uring.buffer.BlockLease;
import dev.uring.buffer.BlockPool;
import dev.uring.bytes.ByteSink;
import dev.uring.bytes.ByteView;
import dev.uring.bytes.ByteWindow;
import dev.uring.driver.ReceiveBuffers;
import dev.uring.driver.SendOperation;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.Objects;

/**
 * Bytes on their way out: a queue of pieces of memory, of which the first few may be with the
 * kernel.
 *
 * <p>Writing copies into the open block; when a send is due the block's written part becomes a
 * piece. A view over the receive buffer of the present call becomes a piece without a copy, and the
 * buffer is held until the kernel has sent it; so does memory that the program hands over. One send
 * takes as many pieces as fit, in order.
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
  private final ReceiveBuffers buffers;
  private final NetLimits limits;

  // A ring of pieces; made at the first write, because an idle connection needs none. Its objects
  // are used again and again, so one is made for a place when that is first used.
  private SendPiece[] pieces;
  private int head;
  private int count;
  private int inFlight;

  private Block open;
  private long openFrom;
  private int blockBytesNext = BlockPool.BLOCK_BYTES_MIN;
  private int turnBytes;

  private long piecesBytes;
  // Of these, bytes of sources that have not been fetched: they are in nobody's memory.
  private long sourceBytes;
  private int sourcesCount;
  private long sentTotal;
  // Bytes that a layer has encoded and that the kernel has not taken yet.
  private long encodedBytes;
  private boolean isDiscarding;

  // Guards whose memory the kernel has let go of, to be told when nothing here is half done: what
  // they call may write, flush or close. Made at the first one.
  private ArrayDeque<SendGuard> releasedGuards;

  SendQueue(Connection connection, BlockPool blocks, ReceiveBuffers buffers, NetLimits limits) {
    this.connection = connection;
    this.blocks = blocks;
    this.buffers = buffers;
    this.limits = limits;
  }

  /** Bytes written and not yet taken by the kernel. */
  long unsentBytes() {
    return piecesBytes + openBytes() + encodedBytes;
  }

  /** Of these, the bytes that are in memory; the others have still to be fetched. */
  long memoryBytes() {
    return unsentBytes() - sourceBytes;
  }

  /** Bytes the kernel has taken since the connection began. */
  long sentTotal() {
    return sentTotal;
  }

  /** Whether something is written that no send has taken along yet. */
  boolean hasQueued() {
    return count > inFlight || openBytes() > 0;
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
  void write(ByteView view, int from, int size, int bufferId) {
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
      addPiece(buffers.memory(), ByteWindow.offsetOf(view) + from, size).bufferId = bufferId;
    } else {
      putView(view, from, size);
    }
  }

  /** Queues what a lease holds. It is handed over in any case, also when it is not sent. */
  void write(BlockLease lease) {
    int size = lease.size();
    Block block = lease.handOver(blocks);
    write(block, block.offset(), size);
  }

  /** Queues a part of a block that the caller holds and hands over in any case. */
  void write(Block block, long offset, int size) {
    if (isDiscarding || size == 0) {
      block.release();
      return;
    }
    try {
      checkRoom();
    } catch (RuntimeException refused) {
      block.release();
      throw refused;
    }
    seal();
    addPiece(block.memory(), offset, size).block = block;
  }

  /** Queues a guard's memory. It is handed over in any case, also when it is not sent. */
  void write(SendGuard guard) {
    MemorySegment memory = guard.memory();
    checkSendable(memory);
    if (isDiscarding || memory.byteSize() == 0) {
      released(guard);
      return;
    }
    try {
      checkRoom();
    } catch (RuntimeException refused) {
      released(guard);
      throw refused;
    }
    seal();
    addPiece(memory, 0, (int) memory.byteSize()).guard = guard;
  }

  /** Queues a source, in its place among the pieces. */
  void write(SendSource source) {
    source.attach(connection);
    if (isDiscarding) {
      released(source.drop());
      return;
    }
    seal();
    addPiece(MemorySegment.NULL, 0, 0).source = source;
    sourcesCount++;
    sourceBytes += source.bytes();
    piecesBytes += source.bytes();
  }

  /**
   * Begins a send of as many queued pieces as one may carry: {@link #inFlight} of them, which is
   * none when the first bytes have still to be fetched.
   */
  void fill() {
    seal();
    if (sourcesCount > 0) {
      takeFromFirstSource();
    }
    inFlight = Math.min(piecesBeforeSource(), SendOperation.PARTS_MAX);
    blockBytesNext = Math.clamp(turnBytes, BlockPool.BLOCK_BYTES_MIN, BLOCK_BYTES_MAX);
    turnBytes = 0;
  }

  /** How many pieces, from the first, are with the kernel. */
  int inFlight() {
    return inFlight;
  }

  /** The source behind the pieces that are with the kernel; null when there is none. */
  SendSource nextSource() {
    return inFlight < count ? pieces[index(inFlight)].source : null;
  }

  /** The bytes of those pieces. */
  long inFlightBytes() {
    long bytes = 0;
    for (int position = 0; position < inFlight; position++) {
      bytes += pieces[index(position)].length();
    }
    return bytes;
  }

  SendPiece piece(int position) {
    return pieces[index(position)];
  }

  /**
   * The send is answered: {@code sent} bytes are gone, the rest of it goes again. The memory of
   * pieces that are wholly gone is released, or taken by {@code keeper} if there is one.
   */
  void sent(long sent, HeldPieces keeper) {
    long left = sent;
    inFlight = 0;
    piecesBytes -= sent;
    sentTotal += sent;
    while (left > 0) {
      SendPiece first = pieces[head];
      if (left < first.length()) {
        first.skip((int) left);
        return;
      }
      left -= first.length();
      removeFirst(keeper);
    }
  }

  /** A layer has encoded bytes: their memory is free, but they count until they are sent. */
  void encoded(long bytes) {
    sent(bytes, null);
    sentTotal -= bytes;
    encodedBytes += bytes;
  }

  /** The kernel has taken what became of the encoded bytes. */
  void encodedIsSent() {
    sentTotal += encodedBytes;
    encodedBytes = 0;
  }

  /**
   * Drops everything, what {@code keeper} takes if there is one, the rest at once. Not while a send
   * is in flight.
   */
  void clear(HeldPieces keeper) {
    if (inFlight > 0) {
      throw new IllegalStateException("pieces dropped while the kernel holds " + inFlight);
    }
    isDiscarding = true;
    closeOpenBlock();
    while (count > 0) {
      piecesBytes -= pieces[head].length();
      removeFirst(keeper);
    }
  }

  /** The kernel has let go of a piece's memory: gives it back to whoever it is from. */
  void release(SendPiece piece) {
    if (piece.source != null) {
      released(piece.source.drop());
    } else if (piece.block != null) {
      piece.block.release();
    } else if (piece.guard != null) {
      released(piece.guard);
    } else {
      buffers.releaseRetained(piece.bufferId);
    }
    piece.forget();
  }

  /** Notes a guard that is to be told that its memory is its own again. */
  void released(SendGuard guard) {
    if (releasedGuards == null) {
      releasedGuards = new ArrayDeque<>(PIECES_INITIAL);
    }
    releasedGuards.add(guard);
  }

  boolean hasReleased() {
    return releasedGuards != null && !releasedGuards.isEmpty();
  }

  /** Takes the next guard that is to be told; null when there is none. */
  SendGuard pollReleased() {
    return releasedGuards == null ? null : releasedGuards.poll();
  }

  /**
   * The driver is closed, and what it had lent is gone with it: only the guards are left to tell.
   */
  void releaseGuardsOnly() {
    for (; count > 0; count--) {
      SendPiece piece = pieces[head];
      if (piece.guard != null) {
        released(piece.guard);
      } else if (piece.source != null) {
        released(piece.source.drop());
      }
      head = index(1);
    }
  }

  /**
   * Room in the open block, for an encoder that writes there itself and then says
   * {@link #roomFilled}. Null where writes are dropped.
   */
  ByteBuffer room(int bytes) {
    if (isDiscarding) {
      return null;
    }
    if (open == null || open.offset() + open.capacity() - chunkPosition() < bytes) {
      refill(bytes);
    }
    return open.buffer().limit(open.capacity()).position((int) (chunkPosition() - open.offset()));
  }

  /** Counts what was written into {@link #room}. */
  void roomFilled(int bytes) {
    chunk(open.memory(), chunkPosition() + bytes, open.offset() + open.capacity());
    if (openBytes() == 0) {
      // No send is going to let go of it.
      closeOpenBlock();
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

  // Checked at each new block and each piece that is handed over, not at each byte: the bound may
  // be
  // passed by the rest of one block, or by one piece.
  private void checkRoom() {
    long unsent = memoryBytes();
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
      turnBytes += bytes;
      addPiece(open.memory(), openFrom, bytes).block = open;
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

  // The caller says whose memory it is.
  private SendPiece addPiece(MemorySegment memory, long offset, int length) {
    makePlace();
    SendPiece piece = pieceAt(index(count++));
    piece.lie(memory, offset, length);
    piecesBytes += length;
    connection.outputWritten();
    return piece;
  }

  // In front of the source that it is from, which is the first piece.
  private void addChunk(SendGuard chunk) {
    makePlace();
    MemorySegment memory = chunk.memory();
    int length = (int) memory.byteSize();
    head = index(-1);
    count++;
    SendPiece piece = pieceAt(head);
    piece.lie(memory, 0, length);
    piece.guard = chunk;
    // Counted with the source until now, and with the pieces all the time.
    sourceBytes -= length;
  }

  private void makePlace() {
    if (pieces == null) {
      pieces = new SendPiece[PIECES_INITIAL];
    } else if (count == pieces.length) {
      grow();
    }
  }

  private SendPiece pieceAt(int at) {
    SendPiece piece = pieces[at];
    if (piece == null) {
      piece = new SendPiece();
      pieces[at] = piece;
    }
    return piece;
  }

  // Sources whose bytes are all sent leave; the first other one gives the chunk that it has
  // fetched.
  private void takeFromFirstSource() {
    while (count > 0 && pieces[head].source != null) {
      SendSource source = pieces[head].source;
      SendGuard chunk = source.takeReady();
      if (chunk != null) {
        addChunk(chunk);
        return;
      }
      if (!source.isExhausted()) {
        return;
      }
      source.sent();
      removeFirst(null);
    }
  }

  private int piecesBeforeSource() {
    if (sourcesCount == 0) {
      return count;
    }
    int position = 0;
    while (position < count && pieces[index(position)].source == null) {
      position++;
    }
    return position;
  }

  private void removeFirst(HeldPieces keeper) {
    SendPiece first = pieces[head];
    if (first.source != null) {
      sourcesCount--;
      sourceBytes -= first.source.unfetchedBytes();
      piecesBytes -= first.source.unfetchedBytes();
      release(first);
    } else if (keeper == null) {
      release(first);
    } else {
      pieces[head] = keeper.take(first);
    }
    head = index(1);
    count--;
  }

  static void checkSendable(MemorySegment memory) {
    if (!memory.isNative()) {
      throw new IllegalArgumentException(
          "a guard's memory lies on the Java heap, where the collector may move it under the"
              + " kernel; use an Arena's memory, or write the array, which copies it");
    }
    if (memory.byteSize() > Integer.MAX_VALUE) {
      throw new IllegalArgumentException("a guard of "
          + memory.byteSize()
          + " bytes exceeds the "
          + Integer.MAX_VALUE
          + " bytes of one piece; hand it over in several");
    }
    if (!memory.isAccessibleBy(Thread.currentThread())) {
      throw new WrongThreadException(
          "a guard's memory belongs to another thread's confined arena; use a shared or automatic"
              + " arena, or one of the connection's worker");
    }
  }

  private int index(int position) {
    return (head + position) & (pieces.length - 1);
  }

  // Doubles the ring; afterwards the first piece is at index 0.
  private void grow() {
    SendPiece[] larger = new SendPiece[pieces.length * 2];
    for (int position = 0; position < count; position++) {
      larger[position] = pieces[index(position)];
    }
    pieces = larger;
    head = 0;
  }
}

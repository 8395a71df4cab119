package dev.uring.net;

import dev.uring.abi.Errno;
import dev.uring.base.FrameTooLargeException;
import dev.uring.buffer.Block;
import dev.uring.buffer.BlockPool;
import dev.uring.bytes.ByteView;
import dev.uring.bytes.ByteWindow;
import dev.uring.driver.Driver;
import dev.uring.driver.ReceiveBuffers;
import dev.uring.driver.ReceiveOperation;
import dev.uring.worker.Worker;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;

/**
 * Bytes on their way in: from the buffer the kernel filled to the handler, and what is left over.
 *
 * <p>The unconsumed bytes always lie in one piece, in one of two places: in the receive buffer of
 * the present completion, or in a block of the connection's own, the <i>carry</i>. After the
 * handler has had its turn the rest moves into the carry and the buffer goes back. When more
 * arrives, a short carry is put in front of the new bytes, into the headroom every receive buffer
 * has; so a message that straddles two buffers costs the copy of its first part and not of the
 * whole second buffer. A carry longer than the headroom grows by doubling instead.
 *
 * <p><i>Rejected:</i> queueing the kernel's buffers on the connection. It saves the copy for a
 * handler that is late, and lets a thousand late handlers take every buffer from everyone else.
 *
 * <p><i>Invariant:</i> {@code length} bytes at {@code offset} of {@code memory} are unconsumed;
 * they lie in the carry exactly when {@code carry != null}. <i>Thread:</i> the worker's.
 */
final class ReceivePath extends ReceiveOperation {
  private static final long NOTHING = -1;

  private final Connection connection;
  private final Worker worker;
  private final NetLimits limits;
  private final ByteWindow view = new ByteWindow("Connection.received");

  private MemorySegment memory = MemorySegment.NULL;
  private long offset;
  private int length;
  private Block carry;
  private int bufferId = Driver.NO_BUFFER;

  private long receivedTotal;
  private long offeredTotal;
  // Least unconsumed bytes that the handler wants to be called with.
  private int wanted;
  private boolean isPaused;
  private boolean isCancelling;
  private boolean isEnded;
  private boolean isLost;
  private boolean isEndOffered;
  private boolean isDiscarding;
  private boolean isCatchUpQueued;
  private Runnable catchUpTask;
  // Takes the bytes in the handler's place while it runs.
  private Intake intake;
  // Decodes what arrives; null when it is the program's as it is.
  private StreamLayer layer;
  private boolean isHeldByLayer;

  ReceivePath(Connection connection, Worker worker, NetLimits limits) {
    this.connection = connection;
    this.worker = worker;
    this.limits = limits;
  }

  /** When the kernel took the last arrival from the network, or {@link #NO_STAMP}. */
  long kernelNanos() {
    return stampNanos();
  }

  int unconsumedBytes() {
    return length;
  }

  long receivedTotal() {
    return receivedTotal;
  }

  boolean isEnded() {
    return isEnded;
  }

  boolean isPaused() {
    return isPaused;
  }

  /** The receive buffer that the present call's bytes lie in, or {@link Driver#NO_BUFFER}. */
  int presentBufferId() {
    return bufferId;
  }

  /** Lends everything unconsumed. */
  ByteView received() {
    offeredTotal = receivedTotal;
    if (length == 0) {
      // Lent and empty, not ended: whoever looks for bytes may look at none.
      view.lend(MemorySegment.NULL, 0, 0);
    } else {
      view.lend(memory, offset, length);
    }
    return view;
  }

  void consume(int count) {
    if (count < 0 || count > length) {
      throw new IllegalArgumentException("consumed="
          + count
          + " bytes, but unconsumed="
          + length
          + " bytes ("
          + connection.describe()
          + ")");
    }
    offset += count;
    length -= count;
    if (length == 0) {
      forget();
    } else {
      view.lend(memory, offset, length);
    }
  }

  /** The handler is not called before so many bytes are unconsumed. */
  void needAtLeast(int bytes) {
    if (bytes > limits.frameBytesMax()) {
      throw tooLarge(bytes);
    }
    wanted = bytes;
  }

  /** Consumes bytes at the front and gives them away. */
  OwnedBytes own(int count) {
    if (count < 1 || count > length) {
      throw new IllegalArgumentException("owned="
          + count
          + " bytes, but unconsumed="
          + length
          + " bytes ("
          + connection.describe()
          + ")");
    }
    if (carry != null && count == length) {
      // They were copied when they were carried, and the block goes along: consuming lets go of it.
      carry.retain();
      OwnedBytes owned = new OwnedBytes(worker, carry, offset, count);
      consume(count);
      return owned;
    }
    Block block = worker.blocks().take(count);
    MemorySegment.copy(memory, offset, block.memory(), block.offset(), count);
    consume(count);
    return new OwnedBytes(worker, block, block.offset(), count);
  }

  void arm() {
    if (!isUnderWay()
        && !isEnded
        && !isLost
        && !isHeldByLayer
        && !(intake != null && intake.isHeld())) {
      isCancelling = false;
      if (connection.receivesTimestamps()) {
        worker.driver().receiveStamped(connection.socket(), this);
      } else {
        worker.driver().receive(connection.socket(), this);
      }
    }
  }

  void pause() {
    isPaused = true;
  }

  void resume() {
    if (!isPaused) {
      return;
    }
    isPaused = false;
    arm();
    if (offeredTotal != receivedTotal || isEnded && !isEndOffered) {
      queueCatchUp();
    }
  }

  /** From now on {@code newIntake} takes the bytes; null gives them back to the handler. */
  void takenBy(Intake newIntake) {
    intake = newIntake;
    // What the handler asked for before is not asked of what others take, or leave.
    wanted = 0;
    connection.inputCame();
    if (newIntake == null) {
      // The handler has seen some of what is left, but as the beginning of something else.
      offeredTotal = NOTHING;
    } else {
      isPaused = false;
    }
    if (!isDiscarding) {
      queueCatchUp();
    }
  }

  /** Stops receiving at once: the intake has enough. What is under way still comes. */
  void hold() {
    worker.counters().receivePauses++;
    cancelInKernel();
  }

  /** Receives again after {@link #hold()}. */
  void release() {
    if (connection.mayReceive()) {
      arm();
      queueCatchUp();
    }
  }

  /**
   * From now on input is read and dropped: only its end matters to a connection that is closing.
   */
  void discardInput() {
    isDiscarding = true;
    isPaused = false;
    forget();
    if (connection.mayReceive()) {
      arm();
    }
  }

  /** Asks the kernel to stop; the answer comes to {@link #completed}. */
  void cancel() {
    isDiscarding = true;
    forget();
    cancelInKernel();
  }

  @Override
  protected void completed(int result, int filledBufferId, boolean isLast) {
    if (result > 0) {
      received(result, filledBufferId);
    } else if (result == 0) {
      wireEnded();
    } else if (result != -Errno.ECANCELED) {
      isLost = true;
      connection.lost(-result);
    }
    if (isLast) {
      stopped();
    }
  }

  @Override
  protected void deliveryEnded() {
    connection.flushAhead();
  }

  private void received(int bytes, int filledBufferId) {
    worker.counters().bytesReceived += bytes;
    connection.noteActivity();
    if (layer != null) {
      receivedByLayer(bytes, filledBufferId);
      return;
    }
    receivedTotal += bytes;
    if (isDiscarding) {
      return;
    }
    try {
      place(bytes, filledBufferId);
      if (!isPaused) {
        offer();
      }
      moveRestToCarry();
      checkFrame();
    } catch (Throwable failure) {
      connection.fail(failure);
    } finally {
      bufferId = Driver.NO_BUFFER;
    }
    stopIfKeptFull();
  }

  private void stopIfKeptFull() {
    if (isKeptFull() && isUnderWay()) {
      worker.counters().receivePauses++;
      cancelInKernel();
    }
  }

  // With a layer between.

  /** Everything that is unconsumed, and everything that arrives, is the layer's from now on. */
  void layBelow(StreamLayer newLayer) {
    layer = newLayer;
    wanted = 0;
    view.end();
    offeredTotal = receivedTotal;
    if (length > 0) {
      Block raw = carry;
      long from = offset;
      int bytes = length;
      carry = null;
      length = 0;
      try {
        layer.received(raw.memory(), from, bytes);
      } finally {
        raw.release();
      }
      offerFilled();
    }
    if (isEnded) {
      // The end in the clear was no end of what the layer carries.
      isEnded = false;
      layer.wireEnded();
    }
  }

  private void receivedByLayer(int bytes, int filledBufferId) {
    if (isDiscarding || isEnded) {
      return;
    }
    try {
      ReceiveBuffers buffers = worker.driver().receiveBuffers();
      layer.received(buffers.memory(), buffers.offset(filledBufferId) + stampBytes(), bytes);
    } catch (Throwable failure) {
      connection.fail(failure);
    }
    offerFilled();
    stopIfKeptFull();
  }

  private void wireEnded() {
    if (layer == null || isDiscarding) {
      isEnded = true;
      inputEnded();
    } else if (!isEnded) {
      layer.wireEnded();
    }
  }

  /** Where the layer writes next; in the carry, because its bytes lie in no receive buffer. */
  ByteBuffer room(int bytes) {
    view.end();
    ensureCarry(bytes);
    ByteBuffer room = carry.buffer();
    return room.limit(carry.capacity()).position((int) (offset - carry.offset()) + length);
  }

  void filled(int bytes) {
    length += bytes;
    receivedTotal += bytes;
    if (length == 0 && carry != null) {
      releaseCarry();
    }
  }

  void offerFilled() {
    if (length == 0 || isPaused || isDiscarding) {
      return;
    }
    try {
      if (intake != null || offeredTotal != receivedTotal) {
        offer();
        checkFrame();
      }
    } catch (Throwable failure) {
      connection.fail(failure);
    }
  }

  void endByLayer() {
    offerFilled();
    if (!isEnded && !isDiscarding) {
      isEnded = true;
      inputEnded();
    }
  }

  void holdForLayer() {
    isHeldByLayer = true;
    cancelInKernel();
  }

  void releaseForLayer() {
    isHeldByLayer = false;
    if (connection.mayReceive() && !isKeptFull()) {
      arm();
    }
  }

  // Puts new bytes behind the unconsumed ones, so that all lie in one piece.
  private void place(int bytes, int filledBufferId) {
    // Who looked at them in a task or timer may have kept the view, and they move now.
    view.end();
    ReceiveBuffers buffers = worker.driver().receiveBuffers();
    if (carry == null) {
      lieInBuffer(buffers, filledBufferId, 0, bytes);
    } else if (length <= buffers.headroomBytes()) {
      long front = buffers.offset(filledBufferId) + stampBytes() - length;
      MemorySegment.copy(memory, offset, buffers.memory(), front, length);
      worker.counters().bytesCarried += length;
      int carried = length;
      releaseCarry();
      lieInBuffer(buffers, filledBufferId, carried, bytes);
    } else {
      appendToCarry(buffers.memory(), buffers.offset(filledBufferId) + stampBytes(), bytes);
    }
  }

  private void lieInBuffer(ReceiveBuffers buffers, int filledBufferId, int carried, int bytes) {
    memory = buffers.memory();
    offset = buffers.offset(filledBufferId) + stampBytes() - carried;
    length = carried + bytes;
    bufferId = filledBufferId;
  }

  private void offer() {
    if (connection.isDone()) {
      return;
    }
    if (intake == null && length >= wanted) {
      wanted = 0;
      connection.inputCame();
      int consumed = connection.handler().onReceive(connection, received());
      if (consumed != 0 && !isDiscarding) {
        consume(consumed);
      }
      view.end();
    }
    // Not "else": the handler may have begun it, and what it left lies in the kernel's buffer
    // still.
    if (intake != null && length > 0) {
      passOn();
    }
  }

  private void passOn() {
    view.lend(memory, offset, length);
    int taken = intake.take(view, bufferId);
    if (taken != 0 && !isDiscarding) {
      consume(taken);
    }
    view.end();
  }

  // Nobody takes bytes at present, and enough of them are here.
  private boolean isKeptFull() {
    return (isPaused || intake != null) && length >= limits.recvHighWaterBytes();
  }

  private void moveRestToCarry() {
    if (length > 0 && carry == null) {
      MemorySegment from = memory;
      long at = offset;
      int bytes = length;
      length = 0;
      appendToCarry(from, at, bytes);
    }
  }

  private void appendToCarry(MemorySegment from, long at, int bytes) {
    ensureCarry(bytes);
    MemorySegment.copy(from, at, memory, offset + length, bytes);
    length += bytes;
    worker.counters().bytesCarried += bytes;
  }

  private void ensureCarry(int bytes) {
    int needed = length + bytes;
    if (needed > BlockPool.BLOCK_BYTES_MAX) {
      throw tooLarge(needed);
    }
    if (carry == null) {
      carry = worker.blocks().take(needed);
      memory = carry.memory();
      offset = carry.offset();
    } else if (offset - carry.offset() + needed > carry.capacity()) {
      makeRoom(needed);
    }
  }

  // After the bytes were offered, so that a message within the limit is not refused for what
  // follows it; and not while paused, when the handler has not seen what the kernel still had on
  // its way.
  private void checkFrame() {
    if (length > limits.frameBytesMax() && !isPaused && intake == null) {
      throw tooLarge(length);
    }
  }

  private FrameTooLargeException tooLarge(int bytes) {
    return new FrameTooLargeException(connection.describe(), bytes, limits.frameBytesMax());
  }

  // To the front of the same block when that frees at least half of it, otherwise into a block of
  // twice the size: either way each byte is moved a bounded number of times.
  private void makeRoom(int needed) {
    if (needed <= carry.capacity() / 2) {
      MemorySegment.copy(memory, offset, memory, carry.offset(), length);
      offset = carry.offset();
      return;
    }
    // Not beyond what a frame may need: a block of twice the limit would never be filled.
    long doubled = Math.min(carry.capacity() * 2L, BlockPool.capacityFor(limits.frameBytesMax()));
    Block larger = worker.blocks().take((int) Math.max(doubled, needed));
    MemorySegment.copy(memory, offset, larger.memory(), larger.offset(), length);
    carry.release();
    carry = larger;
    memory = larger.memory();
    offset = larger.offset();
  }

  private void releaseCarry() {
    carry.release();
    carry = null;
  }

  private void forget() {
    length = 0;
    view.end();
    if (carry != null) {
      releaseCarry();
    }
  }

  private void inputEnded() {
    // Behind bytes that a handler which has just resumed is yet to be offered. What is discarded is
    // not offered at all.
    if (!isPaused && (!isCatchUpQueued || isDiscarding)) {
      offerEnd();
    }
  }

  private void offerEnd() {
    if (intake != null) {
      // Also one that begins after the handler has heard of the end.
      isEndOffered |= length == 0 && intake.inputEnded();
      return;
    }
    if (isEndOffered) {
      return;
    }
    isEndOffered = true;
    connection.endOfInput();
  }

  // Not called right here: the handler that asks for it must not be entered again.
  private void queueCatchUp() {
    if (!isCatchUpQueued) {
      isCatchUpQueued = true;
      worker.execute(catchUpTask());
    }
  }

  // Made at its first use, because most connections are never paused.
  private Runnable catchUpTask() {
    if (catchUpTask == null) {
      catchUpTask = this::catchUp;
    }
    return catchUpTask;
  }

  private void catchUp() {
    isCatchUpQueued = false;
    if (isPaused || isDiscarding) {
      return;
    }
    try {
      if (length > 0 && (intake != null || offeredTotal != receivedTotal)) {
        offer();
        checkFrame();
      }
      if (isEnded && !isPaused) {
        offerEnd();
      }
      if (connection.mayReceive() && !isKeptFull()) {
        arm();
      }
    } catch (Throwable failure) {
      connection.fail(failure);
    }
  }

  // The multishot is over: by its end, by our request, or because the kernel chose to. Unless
  // nobody
  // wants bytes now, it is asked again.
  private void stopped() {
    isCancelling = false;
    if (!isEnded && connection.mayReceive() && !isKeptFull()) {
      arm();
    }
    connection.operationEnded();
  }

  private void cancelInKernel() {
    if (isUnderWay() && !isCancelling) {
      isCancelling = true;
      worker.driver().cancel(this);
    }
  }
}

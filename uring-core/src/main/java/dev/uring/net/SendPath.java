package dev.uring.net;

import dev.uring.abi.Errno;
import dev.uring.driver.Driver;
import dev.uring.driver.SendOperation;
import dev.uring.driver.SendPart;
import dev.uring.worker.Worker;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/**
 * The sends of a connection: takes pieces from its queue to the kernel, one send at a time, and
 * knows which memory the kernel may still read.
 *
 * <p>A copying send is over with its answer. A zero-copy one is answered when its bytes are in the
 * socket's queue, so that the next send may follow; their memory is busy until the kernel's
 * notification, which over a network comes with the peer's acknowledgement. Any number of sends may
 * wait for their notifications: waiting for each before the next would let one send through for
 * each round trip.
 *
 * <p>Zero-copy is given up for the rest of the connection when a notification says that the kernel
 * copied (over loopback it always does), or when the kernel cannot do it (a Unix socket, a kernel
 * before 6.2, the limit of locked memory).
 *
 * <p><i>Rejected:</i> deciding by the address, loopback or not. The route, the card and a packet
 * filter decide; the notification knows.
 *
 * <p><i>Invariant:</i> the pieces of a zero-copy send are in the queue until its answer and with
 * the send from then until its notification; a short one leaves the piece it was short in at the
 * head of the queue, and nothing more is sent before its notification. <i>Thread:</i> the worker's.
 */
final class SendPath {
  // Most sends of a connection that wait for notifications; beyond, sends copy. Enough for a window
  // of many sends of the size that is worth it, and few enough to look through.
  private static final int ZERO_COPY_SENDS_MAX = 64;

  // Most bytes that a layer encodes for one send: what it makes of them lies in memory beside the
  // program's. Sends of this size gain nothing by being larger.
  private static final int ENCODED_BYTES_MAX = 1 << 17;

  // Bytes that lie in no buffer go to the layer through one of this size: several TLS records.
  // Engines differ in what they put into one: of 16 KiB the JDK's made a record of 16 367 bytes and
  // another for the last 17.
  private static final int STAGED_BYTES_MAX = 1 << 16;

  private final Connection connection;
  private final Worker worker;
  private final Driver driver;
  private final NetLimits limits;
  private final SendQueue queue;
  // What the kernel is sent from: the same, unless a layer stands between.
  private SendQueue wire;
  private StreamLayer layer;
  private boolean isLayerFinished;
  // The worker's, kept from the first piece on that goes through it: looked up it would cost every
  // piece a search and a new buffer.
  private ByteBuffer staged;
  private MemorySegment stagedMemory;
  private final CopyingSend copying = new CopyingSend();

  // Made one by one as they are needed; those that wait for nothing are used again.
  private List<ZeroCopySend> zeroCopySends = List.of();
  private boolean asksZeroCopy;
  private SendOperation asked;
  private ZeroCopySend shortOne;
  private int notificationsDue;
  private long unnotifiedBytes;
  private boolean isTellingQueued;
  // Made at the first guard that a program's own call releases.
  private Runnable telling;

  SendPath(Connection connection, Worker worker, NetLimits limits) {
    this.connection = connection;
    this.worker = worker;
    this.driver = worker.driver();
    this.limits = limits;
    this.queue = new SendQueue(connection, worker.blocks(), driver.receiveBuffers(), limits);
    this.wire = queue;
    this.asksZeroCopy = limits.zeroCopySendBytesMin() > 0;
  }

  SendQueue queue() {
    return queue;
  }

  /** What the kernel is sent from. */
  SendQueue wire() {
    return wire;
  }

  /** Whether the kernel has taken everything. */
  boolean isEmpty() {
    return queue.isEmpty() && (layer == null || wire.isEmpty());
  }

  /** Whether something waits for a send. */
  boolean hasQueued() {
    return queue.hasQueued() || (layer != null && wire.hasQueued());
  }

  /** What the program writes goes through the layer from now on. Only while nothing is unsent. */
  void layBelow(StreamLayer newLayer) {
    wire = new SendQueue(connection, worker.blocks(), driver.receiveBuffers(), limits);
    layer = newLayer;
  }

  /** Whether the layer has a farewell to send, which it now does; once. */
  boolean finishLayer() {
    if (layer == null || isLayerFinished) {
      return false;
    }
    isLayerFinished = true;
    layer.finish();
    return !wire.isEmpty();
  }

  /** Whether a send is not answered yet: its operation names the descriptor. */
  boolean isAsking() {
    return asked != null;
  }

  /** Whether the kernel still reads memory of sends that are answered. */
  boolean isHeld() {
    return notificationsDue > 0;
  }

  /** Begins a send of what is queued, unless one is under way. */
  void start() {
    if (asked != null || shortOne != null || !hasQueued()) {
      return;
    }
    worker.counters().unsent(queue.unsentBytes());
    if (layer != null && wire.unsentBytes() < ENCODED_BYTES_MAX) {
      encode();
    }
    wire.fill();
    if (wire.inFlight() > 0) {
      ask();
    }
    SendSource source = queue.nextSource();
    if (source != null) {
      // Fetched while what is before it is being sent.
      source.fetch();
    }
    tellLater();
  }

  private void encode() {
    switch (layer.outputState()) {
      case WAITING -> {
        // They wait in the queue.
      }
      case OPEN -> {
        queue.fill();
        int encoded = 0;
        for (int i = 0; i < queue.inFlight() && encoded < ENCODED_BYTES_MAX; i++) {
          SendPiece piece = queue.piece(i);
          int count = Math.min(piece.length(), ENCODED_BYTES_MAX - encoded);
          encode(piece, count);
          encoded += count;
        }
        // Without memory for what becomes of them the connection has ended, and they are dropped.
        if (queue.inFlight() > 0) {
          queue.encoded(encoded);
        }
      }
      case ENDED -> queue.clear(null);
      default -> throw new AssertionError(layer.outputState());
    }
  }

  private void encode(SendPiece piece, int count) {
    if (piece.block != null) {
      int from = (int) (piece.offset() - piece.block.offset());
      layer.encode(piece.block.buffer().limit(from + count).position(from));
      return;
    }
    ByteBuffer lent = piece.guard == null ? null : piece.guard.buffer();
    if (lent != null) {
      int from = (int) piece.offset();
      layer.encode(lent.limit(from + count).position(from));
      return;
    }
    if (staged == null) {
      Staging staging = worker.attachment(Staging.class, ignored -> new Staging());
      staged = layer.encodesNativeMemory() ? staging.nativeMemory() : staging.array;
      stagedMemory = MemorySegment.ofBuffer(staged.clear());
    }
    for (int done = 0; done < count; ) {
      int part = Math.min(count - done, STAGED_BYTES_MAX);
      MemorySegment.copy(piece.memory(), piece.offset() + done, stagedMemory, 0, part);
      layer.encode(staged.limit(part).position(0));
      done += part;
    }
  }

  /** What bytes of the program's own memory go to a worker's layers through. */
  private static final class Staging {
    final ByteBuffer array = ByteBuffer.wrap(new byte[STAGED_BYTES_MAX]);
    private ByteBuffer nativeMemory;

    ByteBuffer nativeMemory() {
      if (nativeMemory == null) {
        nativeMemory = ByteBuffer.allocateDirect(STAGED_BYTES_MAX);
      }
      return nativeMemory;
    }
  }

  private void ask() {
    SendOperation send = chooseSend();
    try {
      driver.send(connection.socket(), send);
      asked = send;
    } catch (RuntimeException failure) {
      // Nothing is with the kernel: said here, or the queue would wait for an answer for ever.
      wire.sent(0, null);
      connection.fail(failure);
    }
  }

  /** Asks the kernel to end the send under way. What waits for a notification cannot be ended. */
  void cancel() {
    if (asked != null) {
      driver.cancel(asked);
    }
  }

  /** Drops what is queued. Not while a send is under way. */
  void clear() {
    // The piece that a send was short in is still being read; it goes with those behind it.
    wire.clear(shortOne == null ? null : shortOne.held);
    if (layer != null) {
      // The kernel never holds these: they may be in the middle of being encoded.
      queue.sent(0, null);
      queue.clear(null);
    }
    tellLater();
  }

  /**
   * Tells the guards whose memory the kernel has let go of. From the loop's top level: they may do
   * anything with the connection.
   */
  void tellReleased() {
    isTellingQueued = false;
    for (SendGuard guard = queue.pollReleased(); guard != null; guard = queue.pollReleased()) {
      try {
        guard.released();
      } catch (Throwable failure) {
        worker.taskFailed(failure);
      }
    }
  }

  /** As {@link #tellReleased}, when a program's own call is what released them. */
  void tellLater() {
    if (queue.hasReleased() && !isTellingQueued) {
      isTellingQueued = true;
      if (telling == null) {
        telling = this::tellReleased;
      }
      worker.execute(telling);
    }
  }

  /** No answer will come any more, but until the driver is closed the kernel may read on. */
  void workerEnding() {
    worker.whenDriverClosed(() -> {
      queue.releaseGuardsOnly();
      zeroCopySends.forEach(send -> send.held.releaseGuardsOnlyTo(queue));
      tellReleased();
    });
  }

  private SendOperation chooseSend() {
    if (!asksZeroCopy
        || unnotifiedBytes > limits.sendHighWaterBytes()
        || wire.inFlightBytes() < limits.zeroCopySendBytesMin()) {
      return copying;
    }
    for (int i = 0; i < zeroCopySends.size(); i++) {
      ZeroCopySend send = zeroCopySends.get(i);
      if (!send.isUnderWay()) {
        return send;
      }
    }
    return zeroCopySends.size() < ZERO_COPY_SENDS_MAX ? newZeroCopySend() : copying;
  }

  private ZeroCopySend newZeroCopySend() {
    if (zeroCopySends.isEmpty()) {
      zeroCopySends = new ArrayList<>(1);
    }
    ZeroCopySend send = new ZeroCopySend();
    zeroCopySends.add(send);
    return send;
  }

  private static boolean cannotZeroCopy(int errno) {
    return errno == Errno.EOPNOTSUPP
        || errno == Errno.EINVAL
        || errno == Errno.ENOMEM
        || errno == Errno.ENOBUFS;
  }

  /** One send of what the queue has in flight. */
  private abstract class Send extends SendOperation {
    @Override
    protected int partsCount() {
      return wire.inFlight();
    }

    @Override
    protected SendPart part(int index) {
      return wire.piece(index);
    }

    @Override
    protected boolean hasMore() {
      SendSource source = queue.nextSource();
      return source != null && !source.isExhausted();
    }

    /** Settles the queue with an answer; returns whether the kernel took all there was. */
    boolean settle(int result, HeldPieces keeper) {
      asked = null;
      boolean isWhole = result == wire.inFlightBytes();
      if (result >= 0) {
        worker.counters().bytesSent += result;
        connection.noteActivity();
      }
      wire.sent(Math.max(result, 0), keeper);
      if (layer != null && wire.isEmpty()) {
        queue.encodedIsSent();
      }
      return isWhole;
    }
  }

  private final class CopyingSend extends Send {
    @Override
    protected void completed(int result, int bufferId, boolean isLast) {
      settle(result, null);
      if (result < 0 && result != -Errno.ECANCELED) {
        connection.lost(-result);
      }
      connection.sendAnswered();
    }
  }

  private final class ZeroCopySend extends Send {
    final HeldPieces held = new HeldPieces();
    private int heldBytes;

    @Override
    protected boolean isZeroCopy() {
      return true;
    }

    @Override
    protected void completed(int result, int bufferId, boolean isLast) {
      boolean isWhole = settle(result, isLast ? null : held);
      if (!isLast) {
        notificationsDue++;
        heldBytes = Math.max(result, 0);
        unnotifiedBytes += heldBytes;
        shortOne = isWhole ? null : this;
      }
      if (result >= 0) {
        worker.counters().zeroCopySends++;
      } else if (cannotZeroCopy(-result)) {
        asksZeroCopy = false;
      } else if (result != -Errno.ECANCELED) {
        connection.lost(-result);
      }
      connection.sendAnswered();
    }

    @Override
    protected void memoryReleased(boolean wasCopied) {
      notificationsDue--;
      unnotifiedBytes -= heldBytes;
      held.releaseTo(queue);
      if (shortOne == this) {
        shortOne = null;
      }
      if (wasCopied) {
        worker.counters().zeroCopySendsCopied++;
        asksZeroCopy = false;
      }
      connection.sendAnswered();
    }
  }
}

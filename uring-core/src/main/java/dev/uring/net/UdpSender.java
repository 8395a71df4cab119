package dev.uring.net;

import dev.uring.abi.Errno;
import dev.uring.base.PoolExhaustedException;
import dev.uring.buffer.Block;
import dev.uring.bytes.ByteView;
import dev.uring.driver.DatagramDriver;
import dev.uring.driver.DatagramSend;
import dev.uring.driver.PackedAddress;
import dev.uring.worker.EndOfTurn;
import dev.uring.worker.Worker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/**
 * The sending half of a UDP socket: from the program to the kernel.
 *
 * <p>What is sent is copied behind what was sent before, into a block that several operations
 * share. A datagram for the same peer and of the same size as the one before joins its train, which
 * leaves as one operation (GSO). All trains of a turn go to the kernel at its end, and may be in
 * flight at once: datagrams have no order to lose.
 *
 * <p>An idle socket holds no block.
 *
 * <p><i>Invariant:</i> {@code unsentBytes} is the sum of the costs of all trains that are queued or
 * with the kernel. <i>Thread:</i> the worker's.
 */
final class UdpSender {
  /** Most datagrams of one train: UDP_MAX_SEGMENTS of the kernels that have the lower limit. */
  static final int TRAIN_DATAGRAMS_MAX = 64;

  // An IPv6 packet's 65535 bytes less its headers.
  private static final int TRAIN_BYTES_MAX = 65_535 - 48;

  // At least a page: in smaller blocks a train ends where the block does.
  private static final int BLOCK_BYTES_MIN = 1 << 12;
  private static final int BLOCK_BYTES_MAX = 1 << 16;
  private static final int CACHE_LINE_BYTES = 64;
  private static final long NOT_REQUESTED = -1;

  private final UdpSocket socket;
  private final Worker worker;
  private final UdpCounters counters;
  private final int descriptor;
  private final boolean isV4;
  private final boolean isConnected;
  private final int queueBytesMax;
  private final DatagramDriver driver;
  private final Flush flush = new Flush();

  // Every train there ever was; most of them lie in the list of free ones.
  private final List<Train> trains = new ArrayList<>();
  private Train free;
  private Train queuedFirst;
  private Train queuedLast;

  private Block block;
  private long blockPosition;
  private long blockEnd;
  private int blockBytesNext = BLOCK_BYTES_MIN;
  private int turnBytes;

  // Where the next payload is written, and whether it joins the last train: see reserve().
  private long position;
  private boolean isJoining;

  private int joinBytesMax;
  private int ecn;
  private long unsentBytes;
  private int inFlight;
  private boolean isEnded;
  private long writableAt = NOT_REQUESTED;

  UdpSender(UdpSocket socket, Worker worker, int descriptor, boolean isV4, UdpOptions options) {
    this.socket = socket;
    this.worker = worker;
    this.counters = socket.counters();
    this.descriptor = descriptor;
    this.isV4 = isV4;
    this.isConnected = options.remote() != null;
    this.queueBytesMax = options.sendQueueBytesMax();
    this.joinBytesMax = options.joinsSends() ? TRAIN_BYTES_MAX / 2 : 0;
    this.driver = worker.driver().datagrams();
  }

  long unsentBytes() {
    return unsentBytes;
  }

  /** Marks the datagrams sent from now on. */
  void mark(int codepoint) {
    ecn = codepoint;
  }

  /** Whether a datagram of so many bytes would be accepted now. */
  boolean hasRoomFor(long bytes) {
    // A queue that is empty takes anything, or a small bound would refuse a large datagram for
    // ever.
    return unsentBytes == 0 || unsentBytes + bytes + DatagramSend.HEADROOM_BYTES <= queueBytesMax;
  }

  /** So many bytes are about to be sent to one peer: a train ends where its block does. */
  void expect(int bytes) {
    int wanted = (int) Math.min(bytes + (long) DatagramSend.HEADROOM_BYTES, BLOCK_BYTES_MAX);
    blockBytesNext = Math.max(blockBytesNext, wanted);
  }

  boolean send(ByteView payload, int from, int count, PackedAddress to) {
    Objects.checkFromIndexSize(from, count, payload.size());
    if (!mayAccept(count) || !reserve(count, to)) {
      return refuse();
    }
    payload.copyTo(from, block.memory(), position, count);
    commit(count, to, ecn);
    return true;
  }

  boolean send(byte[] payload, int from, int count, PackedAddress to) {
    Objects.checkFromIndexSize(from, count, payload.length);
    if (!mayAccept(count) || !reserve(count, to)) {
      return refuse();
    }
    MemorySegment.copy(payload, from, block.memory(), ValueLayout.JAVA_BYTE, position, count);
    commit(count, to, ecn);
    return true;
  }

  /** Hands everything queued to the kernel. */
  void flush() {
    if (block != null) {
      block.release();
      block = null;
      blockBytesNext = Math.clamp(turnBytes, BLOCK_BYTES_MIN, BLOCK_BYTES_MAX);
    }
    turnBytes = 0;
    while (queuedFirst != null) {
      Train train = queuedFirst;
      queuedFirst = train.next;
      train.next = null;
      hand(train);
    }
    queuedLast = null;
  }

  void requestWritable(long unsentBytesAtMost) {
    writableAt = Math.max(unsentBytesAtMost, 0);
    worker.atEndOfTurn(flush);
  }

  /** Accepts nothing more; what is queued is sent. */
  void end() {
    isEnded = true;
    flush();
  }

  /** Drops what the kernel has not sent. */
  void abandon() {
    isEnded = true;
    for (Train train = queuedFirst; train != null; train = queuedFirst) {
      queuedFirst = train.next;
      train.next = null;
      finish(train);
    }
    queuedLast = null;
    if (block != null) {
      block.release();
      block = null;
    }
    for (Train train : trains) {
      if (train.isUnderWay()) {
        worker.driver().cancel(train);
      }
    }
  }

  boolean isIdle() {
    return inFlight == 0 && queuedFirst == null;
  }

  private boolean mayAccept(int bytes) {
    return !isEnded && hasRoomFor(bytes);
  }

  private boolean refuse() {
    counters.sendRefusals++;
    return false;
  }

  // Finds the place for a payload: behind the last one when it joins its train, otherwise behind
  // the
  // room for a description of its own.
  private boolean reserve(int bytes, PackedAddress to) {
    isJoining = mayJoin(bytes, to);
    if (isJoining) {
      position = blockPosition;
      return true;
    }
    long start = wholeCacheLines(blockPosition);
    int needed = DatagramSend.HEADROOM_BYTES + bytes;
    if (block == null || start + needed > blockEnd) {
      if (!openBlock(needed)) {
        return false;
      }
      start = blockPosition;
    }
    position = start + DatagramSend.HEADROOM_BYTES;
    return true;
  }

  private boolean mayJoin(int bytes, PackedAddress to) {
    Train last = queuedLast;
    return last != null
        && block == last.block
        && bytes > 0
        && bytes <= last.datagramBytes
        && last.datagramBytes <= joinBytesMax
        && last.mayGrow(bytes, ecn)
        && blockPosition + bytes <= blockEnd
        && last.isTo(to);
  }

  private boolean openBlock(int needed) {
    int grown = block == null ? 0 : Math.min(block.capacity() * 2, BLOCK_BYTES_MAX);
    Block larger;
    try {
      larger = worker.blocks().take(Math.max(needed, Math.max(blockBytesNext, grown)));
    } catch (PoolExhaustedException exhausted) {
      return false;
    }
    if (block != null) {
      block.release();
    }
    block = larger;
    blockPosition = larger.offset();
    blockEnd = larger.offset() + larger.capacity();
    return true;
  }

  private void commit(int bytes, PackedAddress to, int codepoint) {
    int cost = bytes;
    if (isJoining) {
      queuedLast.join(bytes);
    } else {
      cost += DatagramSend.HEADROOM_BYTES;
      Train train = newTrain();
      train.begin(block, position, bytes, to, codepoint);
      if (queuedLast == null) {
        queuedFirst = train;
      } else {
        queuedLast.next = train;
      }
      queuedLast = train;
    }
    queuedLast.cost += cost;
    unsentBytes += cost;
    turnBytes += cost;
    blockPosition = position + bytes;
    worker.atEndOfTurn(flush);
  }

  private Train newTrain() {
    Train train = free;
    if (train == null) {
      train = new Train();
      trains.add(train);
      return train;
    }
    free = train.next;
    train.next = null;
    return train;
  }

  private void hand(Train train) {
    inFlight++;
    counters.sendOperations++;
    try {
      driver.send(descriptor, isV4, train);
    } catch (RuntimeException failure) {
      // Nothing is with the kernel: said here, or the socket could never be closed.
      inFlight--;
      counters.sendErrors += train.datagrams;
      finish(train);
      worker.taskFailed(failure);
    }
  }

  private void answered(Train train, int result) {
    inFlight--;
    if (result >= 0) {
      counters.sent += train.datagrams;
      counters.sentBytes += result;
    } else if (train.datagrams > 1 && isTrainRefused(-result)) {
      joinBytesMax = result == -Errno.EIO ? 0 : Math.min(joinBytesMax, train.datagramBytes - 1);
      sendApart(train);
    } else if (isConnected && !train.isAgain && isAboutEarlier(-result)) {
      // The kernel told us of an earlier datagram and did not send this one.
      train.isAgain = true;
      socket.networkError(-result);
      hand(train);
      return;
    } else {
      counters.sendErrors += train.datagrams;
      if (result != -Errno.ECANCELED) {
        socket.networkError(-result);
      }
    }
    finish(train);
    notifyWritable();
    socket.operationEnded();
  }

  // The path takes no trains of this size, or none at all: a datagram larger than its packets is
  // for
  // the network to cut, and a device without checksums can not be asked. Nothing of it was sent.
  private static boolean isTrainRefused(int errno) {
    return errno == Errno.EINVAL || errno == Errno.EMSGSIZE || errno == Errno.EIO;
  }

  private static boolean isAboutEarlier(int errno) {
    return switch (errno) {
      case Errno.ECONNREFUSED, Errno.EHOSTUNREACH, Errno.EPROTO, Errno.ENOPROTOOPT -> true;
      default -> false;
    };
  }

  // Not bounded by the queue: these bytes were accepted before.
  private void sendApart(Train train) {
    int left = train.bytes();
    for (long at = train.payload(); left > 0; ) {
      int bytes = Math.min(left, train.datagramBytes);
      if (reserve(bytes, train.peer())) {
        MemorySegment.copy(train.block.memory(), at, block.memory(), position, bytes);
        commit(bytes, train.peer(), train.codepoint());
      } else {
        counters.sendErrors++;
      }
      at += bytes;
      left -= bytes;
    }
  }

  private void finish(Train train) {
    unsentBytes -= train.cost;
    train.release();
    train.next = free;
    free = train;
  }

  private void notifyWritable() {
    if (writableAt != NOT_REQUESTED && unsentBytes <= writableAt && !isEnded) {
      writableAt = NOT_REQUESTED;
      socket.tellWritable();
    }
  }

  private static long wholeCacheLines(long position) {
    return position + CACHE_LINE_BYTES - 1 & -CACHE_LINE_BYTES;
  }

  /** Datagrams of one size, the last may be shorter, to one peer: what leaves in one operation. */
  private final class Train extends DatagramSend {
    Train next;
    Block block;
    int datagrams;
    int datagramBytes;
    int cost;
    boolean isAgain;
    private long payload;
    private boolean isComplete;

    void begin(Block in, long at, int bytes, PackedAddress to, int codepoint) {
      in.retain();
      block = in;
      payload = at;
      datagrams = 1;
      datagramBytes = bytes;
      cost = 0;
      isAgain = false;
      isComplete = false;
      address(to);
      mark(codepoint);
      lie(in.memory(), at, bytes, 0);
    }

    boolean mayGrow(int bytes, int codepoint) {
      return !isComplete
          && datagrams < TRAIN_DATAGRAMS_MAX
          && length() + bytes <= TRAIN_BYTES_MAX
          && ecn() == codepoint;
    }

    boolean isTo(PackedAddress peer) {
      return isFor(peer);
    }

    void join(int bytes) {
      datagrams++;
      isComplete = bytes < datagramBytes;
      lie(block.memory(), payload, length() + bytes, datagramBytes);
    }

    long payload() {
      return payload;
    }

    int bytes() {
      return length();
    }

    PackedAddress peer() {
      return to();
    }

    int codepoint() {
      return ecn();
    }

    void release() {
      Block held = block;
      block = null;
      held.release();
    }

    @Override
    protected void completed(int result, int bufferId, boolean isLast) {
      answered(this, result);
    }
  }

  private final class Flush extends EndOfTurn {
    @Override
    protected void endOfTurn() {
      flush();
      notifyWritable();
    }
  }
}

package dev.uring.net;

import dev.uring.abi.Errno;
import dev.uring.base.ConnectionLostException;
import dev.uring.base.UringException;
import dev.uring.bytes.ByteView;
import dev.uring.driver.DatagramSend;
import dev.uring.driver.Driver;
import dev.uring.driver.MulticastOption;
import dev.uring.driver.Operation;
import dev.uring.worker.Worker;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.NetworkInterface;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;

/**
 * A UDP socket on one worker.
 *
 * <h2>Shapes and units</h2>
 *
 * Datagrams: each arrives whole, truncated or not at all, in no certain order. What is sent during
 * a turn of the worker's loop goes to the kernel at its end.
 *
 * <h2>Ownership</h2>
 *
 * The worker owns the socket and closes its descriptor. Received bytes and peers are lent
 * ({@link UdpHandler#onDatagram}, {@link #take()}). Bytes to send are copied before a send returns.
 *
 * <h2>Threading and cancellation</h2>
 *
 * Every method belongs to the worker's thread and throws {@link IllegalStateException} elsewhere,
 * except {@link #worker()}, {@link #localAddress()}, {@link #options()} and {@link #counters()}.
 * Use {@link Worker#execute} to get there.
 *
 * <h2>Errors</h2>
 *
 * A send returns {@code false} when it is refused: the queue is full, or the socket closed. Errors
 * of the network go to {@link UdpHandler#onError}, and the socket goes on.
 *
 * <h2>Source</h2>
 *
 * io_uring_prep_recvmsg_multishot(3), udp(7).
 */
public final class UdpSocket {
  /** What each send operation adds to {@link #unsentBytes()}: the room for its description. */
  public static final int SEND_OVERHEAD_BYTES = DatagramSend.HEADROOM_BYTES;

  /** What {@link #ecn()} says when marks are not received. */
  public static final int ECN_UNKNOWN = -1;

  /** Sent without ECN. */
  public static final int ECN_NOT_CAPABLE = 0;

  /** ECN-capable, ECT(1). */
  public static final int ECN_CAPABLE_1 = 1;

  /** ECN-capable, ECT(0). */
  public static final int ECN_CAPABLE_0 = 2;

  /** Congestion experienced: a router marked it instead of dropping it. */
  public static final int ECN_CONGESTED = 3;

  private enum State {
    OPEN,
    /** close() was called: what is queued is being sent, operations under way are ending. */
    CLOSING,
    /** The descriptor is closed. */
    CLOSED
  }

  private final UdpSocketTable table;
  private final Worker worker;
  private final Driver driver;
  private final int descriptor;
  private final UdpOptions options;
  private final InetSocketAddress localAddress;
  private final boolean isV4;
  private final UdpCounters counters = new UdpCounters();
  private final UdpReceiver input;
  private final UdpSender output;
  private final CompletableFuture<Void> closed = new CompletableFuture<>();
  private UdpHandler handler;
  private State state = State.OPEN;
  private Throwable cause;
  private Operation closeOperation;

  UdpSocket(
      UdpSocketTable table, int descriptor, InetSocketAddress localAddress, UdpOptions options) {
    this.table = table;
    this.worker = table.worker();
    this.driver = worker.driver();
    this.descriptor = descriptor;
    this.localAddress = localAddress;
    this.options = options;
    this.isV4 = localAddress.getAddress() instanceof Inet4Address;
    this.input = new UdpReceiver(this, worker, descriptor, options.receivePendingMax());
    this.output = new UdpSender(this, worker, descriptor, isV4, options);
  }

  /**
   * The worker this socket lives on.
   *
   * @return the worker
   */
  public Worker worker() {
    return worker;
  }

  /**
   * Where it is bound, with the port the system chose if 0 was asked for.
   *
   * @return the address
   */
  public InetSocketAddress localAddress() {
    return localAddress;
  }

  /**
   * How it was opened.
   *
   * @return the options
   */
  public UdpOptions options() {
    return options;
  }

  /**
   * What it has counted.
   *
   * @return live counters
   */
  public UdpCounters counters() {
    return counters;
  }

  /**
   * Whether the program may still send.
   *
   * @return {@code false} once it is closed
   */
  public boolean isOpen() {
    return state == State.OPEN;
  }

  /**
   * Sends a datagram.
   *
   * @param payload borrowed for the call
   * @param peer who shall get it; null for the peer the socket is connected to
   * @return whether it was accepted; {@code false} when the queue is full or the socket closed
   */
  public boolean send(ByteView payload, UdpPeer peer) {
    return send(payload, 0, payload.size(), peer);
  }

  /**
   * Sends a part of a view as a datagram.
   *
   * @param payload borrowed for the call
   * @param from first position
   * @param count how many bytes
   * @param peer as in {@link #send(ByteView, UdpPeer)}
   * @return as in {@link #send(ByteView, UdpPeer)}
   */
  public boolean send(ByteView payload, int from, int count, UdpPeer peer) {
    worker.checkCurrent();
    checkPeer(peer);
    return output.send(payload, from, count, peer == null ? null : peer.packed());
  }

  /**
   * Sends an array as a datagram.
   *
   * @param payload borrowed for the call
   * @param peer as in {@link #send(ByteView, UdpPeer)}
   * @return as in {@link #send(ByteView, UdpPeer)}
   */
  public boolean send(byte[] payload, UdpPeer peer) {
    return send(payload, 0, payload.length, peer);
  }

  /**
   * Sends a part of an array as a datagram.
   *
   * @param payload borrowed for the call
   * @param from first index
   * @param count how many bytes
   * @param peer as in {@link #send(ByteView, UdpPeer)}
   * @return as in {@link #send(ByteView, UdpPeer)}
   */
  public boolean send(byte[] payload, int from, int count, UdpPeer peer) {
    worker.checkCurrent();
    checkPeer(peer);
    return output.send(payload, from, count, peer == null ? null : peer.packed());
  }

  /**
   * Sends bytes as datagrams of equal size, the last perhaps shorter. With
   * {@link UdpOptions#joinsSends()} the kernel cuts them apart (GSO); so it does with datagrams
   * that are sent one by one, this is only the shorter way to say it.
   *
   * @param payload borrowed for the call
   * @param segmentBytes size of each datagram
   * @param peer as in {@link #send(ByteView, UdpPeer)}
   * @return whether all were accepted; when {@code false}, none was
   */
  public boolean sendSegments(ByteView payload, int segmentBytes, UdpPeer peer) {
    worker.checkCurrent();
    checkPeer(peer);
    if (segmentBytes < 1) {
      throw new IllegalArgumentException("segmentBytes=" + segmentBytes + " is below 1");
    }
    int size = payload.size();
    long segments = (size + (long) segmentBytes - 1) / segmentBytes;
    // As if none could be joined, so that the last is not refused after the first was taken.
    if (!isOpen() || !output.hasRoomFor(size + segments * SEND_OVERHEAD_BYTES)) {
      counters.sendRefusals++;
      return false;
    }
    output.expect(size);
    boolean isAccepted = true;
    for (int at = 0; at < size; at += segmentBytes) {
      isAccepted &= send(payload, at, Math.min(segmentBytes, size - at), peer);
    }
    return isAccepted;
  }

  /**
   * Marks the datagrams sent from now on.
   *
   * @param codepoint one of the four {@code ECN_} values from 0
   */
  public void sendEcn(int codepoint) {
    worker.checkCurrent();
    if (codepoint < ECN_NOT_CAPABLE || codepoint > ECN_CONGESTED) {
      throw new IllegalArgumentException("ECN codepoint=" + codepoint + " is outside 0..3");
    }
    output.mark(codepoint);
  }

  /**
   * How many bytes are accepted and not taken by the kernel, with {@link #SEND_OVERHEAD_BYTES} for
   * each operation.
   *
   * @return bytes
   */
  public long unsentBytes() {
    return output.unsentBytes();
  }

  /**
   * Whether a datagram would be accepted now.
   *
   * @param payloadBytes its size
   * @return what {@link #send(ByteView, UdpPeer)} would return
   */
  public boolean isWritable(int payloadBytes) {
    return isOpen() && output.hasRoomFor(payloadBytes);
  }

  /**
   * Asks for one {@link UdpHandler#onWritable}, which comes as soon as few enough bytes are unsent,
   * at the earliest at the end of the turn.
   *
   * @param unsentBytesAtMost how many bytes may be unsent
   */
  public void requestWritable(long unsentBytesAtMost) {
    worker.checkCurrent();
    output.requestWritable(unsentBytesAtMost);
  }

  /** Hands what is queued to the kernel now instead of at the end of the turn. */
  public void flush() {
    worker.checkCurrent();
    output.flush();
  }

  /**
   * Stops offering datagrams. Up to {@link UdpOptions#receivePendingMax()} are kept here, the rest
   * waits in the kernel's buffer of the socket, and is dropped there when that is full.
   */
  public void pauseReceive() {
    worker.checkCurrent();
    input.pause();
  }

  /** Offers datagrams again, those that are kept first, in a later call. */
  public void resumeReceive() {
    worker.checkCurrent();
    input.resume();
  }

  /**
   * Whether {@link #pauseReceive()} is in force.
   *
   * @return whether the handler is not offered datagrams
   */
  public boolean isReceivePaused() {
    return input.isPaused();
  }

  /**
   * Keeps the datagram of the present {@link UdpHandler#onDatagram} to be offered again, before any
   * other, and pauses.
   */
  public void postpone() {
    worker.checkCurrent();
    input.postpone();
  }

  /**
   * Whether datagrams are kept here.
   *
   * @return whether {@link #take()} would lend one
   */
  public boolean hasPending() {
    return input.hasPending();
  }

  /**
   * Lends the first of the datagrams that a paused socket keeps: {@link #payload()} and
   * {@link #peer()} are valid until {@link #release()}. For programs that fetch datagrams instead
   * of being called.
   *
   * @return {@code false} when none is kept
   */
  public boolean take() {
    worker.checkCurrent();
    return input.take();
  }

  /** Ends the loan of {@link #take()}: the datagram is done with. */
  public void release() {
    worker.checkCurrent();
    input.release();
  }

  /**
   * The bytes of the present datagram.
   *
   * @return a view, always the same object
   */
  public ByteView payload() {
    return input.view();
  }

  /**
   * Who sent the present datagram.
   *
   * @return a lent peer, always the same object
   */
  public UdpPeer peer() {
    return input.peer();
  }

  /**
   * How the present datagram was marked on its way.
   *
   * @return one of the {@code ECN_} values; {@link #ECN_UNKNOWN} without
   *     {@link UdpOptions#receivesEcn()}
   */
  public int ecn() {
    return input.ecn();
  }

  /**
   * When the kernel took the present datagram from the network: before it waited for this worker.
   * By the clock of the day, as {@link java.time.Instant#now()}, and not {@link Worker#nanoTime()}.
   * Of a train that was joined, the time of one of its datagrams.
   *
   * @return nanoseconds since 1970; 0 when the kernel has not said, as without
   *     {@link UdpOptions#receiveTimestamps()}, and of the first packets after the machine's first
   *     socket has asked for times
   */
  public long kernelReceiveEpochNanos() {
    return input.kernelNanos();
  }

  /**
   * How many bytes the present datagram had when it was sent.
   *
   * @return bytes; more than the view holds when it {@link #isTruncated()}
   */
  public int fullBytes() {
    return input.fullBytes();
  }

  /**
   * Whether bytes of the present datagram are lost because it was larger than
   * {@link UdpOptions#receiveBytesMax()}.
   *
   * @return whether the view does not hold all of it
   */
  public boolean isTruncated() {
    return fullBytes() > input.view().size();
  }

  /**
   * Joins a multicast group: the socket then receives what is sent to the group and its own port.
   *
   * @param group the group's address
   * @param on the interface to hear it on; null lets the routing table choose
   * @throws UringException the kernel refused
   */
  public void joinGroup(InetAddress group, NetworkInterface on) {
    member(group, on, true);
  }

  /**
   * Leaves a multicast group.
   *
   * @param group as joined
   * @param on as joined
   * @throws UringException the socket is not a member
   */
  public void leaveGroup(InetAddress group, NetworkInterface on) {
    member(group, on, false);
  }

  /**
   * Chooses the interface that multicast leaves by.
   *
   * @param by the interface; null lets the routing table choose
   */
  public void multicastInterface(NetworkInterface by) {
    multicast(MulticastOption.INTERFACE, by == null ? 0 : by.getIndex());
  }

  /**
   * Says how many routers may pass multicast on.
   *
   * @param hops 0 stays on this machine, 1 (the kernel's default) on this network, up to 255
   */
  public void multicastHops(int hops) {
    multicast(MulticastOption.HOPS, Objects.checkIndex(hops, 256));
  }

  /**
   * Says whether members on this machine hear this socket's multicast too.
   *
   * @param isHeard the kernel's default is {@code true}
   */
  public void multicastLoop(boolean isHeard) {
    multicast(MulticastOption.LOOP, isHeard ? 1 : 0);
  }

  /** Closes the socket after what is queued has been sent. Returns at once; idempotent. */
  public void close() {
    worker.checkCurrent();
    if (state == State.OPEN) {
      state = State.CLOSING;
      input.stop();
      output.end();
      finishClose();
    }
  }

  /** Closes the socket and drops what is queued. Returns at once; idempotent. */
  public void abort() {
    worker.checkCurrent();
    fail(null);
  }

  /**
   * When the descriptor is closed.
   *
   * @return a future completed on the worker, after {@link UdpHandler#onClosed}
   */
  CompletableFuture<Void> closed() {
    return closed;
  }

  @Override
  public String toString() {
    return "UdpSocket(" + localAddress + ", worker " + worker.index() + ", " + state + ")";
  }

  // What the parts and the table need.

  UdpHandler handler() {
    return handler;
  }

  void open(Function<UdpSocket, UdpHandler> handlers) {
    if (state != State.OPEN) {
      // Its server was closed before this worker came to it.
      return;
    }
    table.add(this);
    try {
      handler = Objects.requireNonNull(handlers.apply(this), "the handler of " + this + " is null");
      int count = options.receiveBuffersCount();
      int bytes = options.receiveBytesMax();
      input.start(
          options.receiveTimestamps()
              ? driver.datagrams().stampedBuffers(count, bytes)
              : driver.datagrams().buffers(count, bytes));
      handler.onOpen(this);
    } catch (Throwable failure) {
      if (handler == null) {
        handler = (socket, payload, peer) -> {};
      }
      fail(failure);
      throw failure;
    }
  }

  /** It was never opened and will not be. */
  void discard() {
    state = State.CLOSED;
    driver.closeNow(descriptor);
    closed.complete(null);
  }

  void drain() {
    if (state == State.OPEN) {
      try {
        handler.onDrain(this);
      } catch (Throwable failure) {
        worker.taskFailed(failure);
        close();
      }
    }
  }

  void receiveFailed(int errno) {
    if (UdpReceiver.isFatal(errno)) {
      fail(new UringException("receiving on " + this + " failed: " + Errno.text(errno)));
    } else {
      networkError(errno);
    }
  }

  void networkError(int errno) {
    counters.networkErrors++;
    if (state == State.OPEN) {
      try {
        handler.onError(this, errno);
      } catch (Throwable failure) {
        worker.taskFailed(failure);
      }
    }
  }

  void tellWritable() {
    try {
      handler.onWritable(this);
    } catch (Throwable failure) {
      worker.taskFailed(failure);
    }
  }

  /** An operation had its last answer; the close may have waited for it. */
  void operationEnded() {
    if (state == State.CLOSING) {
      finishClose();
    }
  }

  /** The kernel's answers will not come any more; the driver's end frees what they would have. */
  void workerEnding(Throwable failure) {
    if (closeOperation == null) {
      driver.closeNow(descriptor);
    }
    state = State.CLOSED;
    tellClosed(new ConnectionLostException(
        "worker " + worker.index() + " has ended (" + localAddress + ")", 0, failure));
  }

  private void fail(Throwable why) {
    if (state == State.CLOSED) {
      return;
    }
    if (state == State.OPEN) {
      state = State.CLOSING;
      cause = why;
      input.stop();
    }
    output.abandon();
    finishClose();
  }

  // The descriptor is closed after the last answer that could name it, so that no operation can
  // ever
  // meet a new socket with the same number.
  private void finishClose() {
    if (closeOperation == null && !input.isUnderWay() && output.isIdle()) {
      closeOperation = new Close();
      driver.close(descriptor, closeOperation);
    }
  }

  private void tellClosed(Throwable why) {
    try {
      if (handler != null) {
        handler.onClosed(this, why);
      }
    } catch (Throwable failure) {
      worker.taskFailed(failure);
    }
    table.remove(this);
    closed.complete(null);
  }

  private void checkPeer(UdpPeer peer) {
    if (peer == null && options.remote() == null) {
      throw new IllegalArgumentException(
          "a datagram without a peer on " + this + ", which is not connected. Name the peer, or"
              + " open the socket with UdpOptions.remote");
    }
  }

  private void member(InetAddress group, NetworkInterface on, boolean isMember) {
    worker.checkCurrent();
    checkOpen();
    int index = on == null ? 0 : on.getIndex();
    int result = driver.datagrams().membership(descriptor, group, index, isMember);
    check(
        result,
        (isMember ? "joining " : "leaving ")
            + group.getHostAddress()
            + (on == null ? "" : " on " + on.getName()));
  }

  private void multicast(MulticastOption option, int value) {
    worker.checkCurrent();
    checkOpen();
    int result = driver.datagrams().multicast(descriptor, isV4, option, value);
    check(result, "setting multicast " + option + " to " + value);
  }

  // Not after the close was asked for: the number may be another socket's by now.
  private void checkOpen() {
    if (state != State.OPEN) {
      throw new IllegalStateException(this + " is closed");
    }
  }

  private void check(int result, String what) {
    if (result < 0) {
      throw new UringException(what + " failed on " + this + ": " + Errno.text(-result));
    }
  }

  private final class Close extends Operation {
    @Override
    protected void completed(int result, int bufferId, boolean isLast) {
      state = State.CLOSED;
      tellClosed(cause);
    }
  }
}

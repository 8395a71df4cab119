package dev.uring.net;

import dev.uring.buffer.BlockLease;
import dev.uring.bytes.ByteSink;
import dev.uring.bytes.ByteView;
import dev.uring.socket.PeerCredentials;
import dev.uring.socket.TcpInfo;
import dev.uring.worker.Worker;
import java.net.SocketAddress;
import java.time.Duration;

/**
 * A TCP connection on one worker.
 *
 * <h2>Shapes and units</h2>
 *
 * A stream of bytes in each direction. What is written during a turn of the worker's loop leaves in
 * one system call at its end, however many writes there were; {@link #flush()} does not wait for
 * the end, and where there is no ring what a handler writes to its own connection does not either.
 *
 * <h2>Ownership</h2>
 *
 * The worker owns the connection and closes its descriptor. Received bytes are lent
 * ({@link ConnectionHandler#onReceive}, {@link #received()}). Written bytes are copied, except
 * those of a view over a receive buffer, which are sent from where they lie; the caller sees no
 * difference.
 *
 * <h2>Threading and cancellation</h2>
 *
 * Every method belongs to the worker's thread and throws {@link IllegalStateException} elsewhere.
 * Use {@link Worker#execute} to get there.
 *
 * <h2>Errors</h2>
 *
 * A lost connection is reported once, to {@link ConnectionHandler#onClosed}. Writing to a
 * connection that is closing or gone drops the bytes: its peer could not have read them. Writing
 * more than {@code sendQueueBytesMax} throws {@link dev.uring.base.SendQueueFullException} and
 * resets the connection.
 */
public final class Connection extends ConnectionLifecycle {
  private long sendHighWaterBytes;
  private SocketAddress remoteAddress;
  private Object attachment;

  // Members of the table's list.
  Connection previous;
  Connection next;

  Connection(ConnectionTable table, int socket, long id, ConnectionSettings settings) {
    super(table, socket, id, settings);
    this.sendHighWaterBytes = limits.sendHighWaterBytes();
  }

  /**
   * The worker this connection lives on.
   *
   * @return the worker
   */
  public Worker worker() {
    return worker;
  }

  /**
   * A number no other connection of the runtime has had.
   *
   * @return the id
   */
  public long id() {
    return id;
  }

  /**
   * Whether the program may still write.
   *
   * @return {@code false} once the connection is closing or gone
   */
  public boolean isOpen() {
    return state() == State.OPEN;
  }

  /**
   * How many bytes have arrived and are not consumed.
   *
   * @return bytes
   */
  public int readableBytes() {
    return input.unconsumedBytes();
  }

  /**
   * Lends everything that has arrived and is not consumed, in one piece.
   *
   * @return a view, valid until {@link #consume}, the end of the handler's call, or, outside one,
   *     until the task returns
   */
  public ByteView received() {
    worker.checkCurrent();
    return input.received();
  }

  /**
   * Declares bytes at the front of {@link #received()} done with.
   *
   * @param count how many bytes
   */
  public void consume(int count) {
    worker.checkCurrent();
    input.consume(count);
  }

  /**
   * Consumes bytes at the front of {@link #received()} and gives them to the program to keep.
   *
   * @param count how many, from 1
   * @return the bytes, to be closed once
   */
  public OwnedBytes own(int count) {
    worker.checkCurrent();
    return input.own(count);
  }

  /**
   * Asks not to be called before so many bytes are unconsumed: a message whose length is known is
   * then looked at once, however slowly it arrives. Holds until the next
   * {@link ConnectionHandler#onReceive}; an end of input is told at once.
   *
   * @param bytes least unconsumed bytes, those already there included; counted when the handler has
   *     returned what it consumed
   * @return 0, so that a handler can say {@code return connection.needAtLeast(n)}
   * @throws dev.uring.base.FrameTooLargeException above {@code frameBytesMax}, which would be
   *     waited for in vain
   */
  public int needAtLeast(int bytes) {
    worker.checkCurrent();
    input.needAtLeast(bytes);
    return 0;
  }

  /**
   * Gives the peer a time in which bytes must come: the next {@link ConnectionHandler#onReceive} or
   * {@link ConnectionHandler#onEnd}, or else {@link ConnectionHandler#onReceiveTimeout}, once. A
   * call replaces the one before. With {@link #needAtLeast} the time is for all of those bytes.
   *
   * @param timeout from the beginning of this turn; zero or less takes the limit away
   */
  public void expectWithin(Duration timeout) {
    worker.checkCurrent();
    if (timeout.isPositive()) {
      if (receiveDeadline == null) {
        receiveDeadline = new ReceiveDeadline(this, worker);
      }
      receiveDeadline.within(timeout.toNanos());
    } else {
      inputCame();
    }
  }

  /**
   * How many bytes have arrived since the connection began.
   *
   * @return bytes
   */
  public long receivedBytesTotal() {
    return input.receivedTotal();
  }

  /**
   * When the kernel took the last bytes that have arrived from the network: before they waited for
   * this worker. For latencies between machines, and to see how long bytes waited, compare it with
   * another clock of the day ({@link java.time.Instant#now()}); {@link Worker#nanoTime()}, which
   * all times of this library are in, has another beginning and no leaps.
   *
   * @return nanoseconds since 1970, in a handler's call of the arrival it brings; 0 when the kernel
   *     has not said, as without {@link dev.uring.socket.SocketOptions#receiveTimestamps()}, and of
   *     the first packets after the machine's first socket has asked for times
   */
  public long kernelReceiveEpochNanos() {
    return input.kernelNanos();
  }

  /**
   * How many bytes the kernel has taken for sending since the connection began.
   *
   * @return bytes
   */
  public long sentBytesTotal() {
    return output.sentTotal();
  }

  /**
   * Whether the peer has finished sending.
   *
   * @return {@code true} after its FIN
   */
  public boolean inputEnded() {
    return input.isEnded();
  }

  /**
   * Stops offering bytes to the handler. Bytes that arrive are kept up to
   * {@code recvHighWaterBytes}; then the kernel's window closes and the peer has to wait.
   */
  public void pauseReceive() {
    worker.checkCurrent();
    input.pause();
  }

  /** Offers bytes again, those that arrived meanwhile first, in a later call. */
  public void resumeReceive() {
    worker.checkCurrent();
    if (isOpen()) {
      input.resume();
    }
  }

  /**
   * Whether {@link #pauseReceive()} is in force.
   *
   * @return whether the handler is not offered bytes
   */
  public boolean isReceivePaused() {
    return input.isPaused();
  }

  /**
   * Forwards everything that is unconsumed and everything that arrives to another connection of
   * this worker, without a copy, and then the end of input. Clears a pause.
   *
   * @param target where the bytes go; may be this connection
   * @param listener hears of the end
   * @return the forwarding, which runs
   */
  public Forward forwardTo(Connection target, ForwardListener listener) {
    worker.checkCurrent();
    return Forward.start(this, target, Forward.UNLIMITED, limits, listener);
  }

  /**
   * Forwards so many bytes, no more, to another connection of this worker. The end of input is not
   * forwarded; before the last byte it is a failure.
   *
   * @param target where the bytes go; may be this connection
   * @param bytes how many, from 0
   * @param listener hears of the end
   * @return the forwarding, which runs
   */
  public Forward forwardExactly(Connection target, long bytes, ForwardListener listener) {
    worker.checkCurrent();
    return Forward.start(this, target, bytes, limits, listener);
  }

  /**
   * Whether an {@link Intake}, such as a {@link Forward}, takes what arrives here.
   *
   * @return {@code true} until its end is told
   */
  public boolean isForwarding() {
    return outgoing != null;
  }

  /**
   * Queues a view.
   *
   * @param view borrowed for the call
   */
  public void write(ByteView view) {
    write(view, 0, view.size());
  }

  /**
   * Queues a part of a view.
   *
   * @param view borrowed for the call
   * @param from first position
   * @param count how many bytes
   */
  public void write(ByteView view, int from, int count) {
    worker.checkCurrent();
    output.write(view, from, count, input.presentBufferId());
  }

  /**
   * Queues a copy of an array.
   *
   * @param bytes what to send
   */
  public void write(byte[] bytes) {
    write(bytes, 0, bytes.length);
  }

  /**
   * Queues a copy of a part of an array.
   *
   * @param bytes what to send from
   * @param from first index
   * @param count how many bytes
   */
  public void write(byte[] bytes, int from, int count) {
    worker.checkCurrent();
    output.putBytes(bytes, from, count);
  }

  /**
   * Queues text as UTF-8.
   *
   * @param text the text
   */
  public void writeUtf8(String text) {
    worker.checkCurrent();
    output.putUtf8(text);
  }

  /**
   * Queues what a lease holds, without a copy.
   *
   * @param lease of this connection's worker; handed over when the call returns or throws
   *     {@link dev.uring.base.SendQueueFullException}: the connection gives its memory back, sent
   *     or not
   */
  public void write(BlockLease lease) {
    worker.checkCurrent();
    output.write(lease);
  }

  /**
   * Queues bytes that were received and kept, without a copy.
   *
   * @param owned of this connection's worker; handed over when the call returns or throws
   *     {@link dev.uring.base.SendQueueFullException}: the connection gives their memory back, sent
   *     or not
   */
  public void write(OwnedBytes owned) {
    worker.checkCurrent();
    output.write(owned.handOver(worker), owned.offset(), owned.size());
  }

  /**
   * Queues memory of the program's own, without a copy.
   *
   * @param guard handed over when the call returns or throws
   *     {@link dev.uring.base.SendQueueFullException}; it hears when its memory is free again, sent
   *     or not. With any other exception it stays the program's.
   */
  public void write(SendGuard guard) {
    worker.checkCurrent();
    try {
      output.write(guard);
    } finally {
      sending.tellLater();
    }
  }

  /**
   * Queues bytes that are fetched when their turn comes.
   *
   * @param source handed over until it hears of its end
   */
  public void write(SendSource source) {
    worker.checkCurrent();
    output.write(source);
    sending.tellLater();
  }

  /**
   * Queues a view, if the connection is writable.
   *
   * @param view borrowed for the call
   * @return whether it is queued, and if not, why; all of it or nothing
   */
  public SendOutcome tryWrite(ByteView view) {
    SendOutcome outcome = offered();
    if (outcome == SendOutcome.QUEUED) {
      write(view);
    }
    return outcome;
  }

  /**
   * Queues a copy of a part of an array, if the connection is writable.
   *
   * @param bytes what to send from
   * @param from first index
   * @param count how many bytes
   * @return whether it is queued, and if not, why; all of it or nothing
   */
  public SendOutcome tryWrite(byte[] bytes, int from, int count) {
    SendOutcome outcome = offered();
    if (outcome == SendOutcome.QUEUED) {
      write(bytes, from, count);
    }
    return outcome;
  }

  /**
   * Queues what a lease holds, if the connection is writable.
   *
   * @param lease handed over when it is queued, otherwise still the program's
   * @return whether it is queued, and if not, why
   */
  public SendOutcome tryWrite(BlockLease lease) {
    SendOutcome outcome = offered();
    if (outcome == SendOutcome.QUEUED) {
      write(lease);
    }
    return outcome;
  }

  /**
   * Queues bytes that were received and kept, if the connection is writable.
   *
   * @param owned handed over when they are queued, otherwise still the program's
   * @return whether they are queued, and if not, why
   */
  public SendOutcome tryWrite(OwnedBytes owned) {
    SendOutcome outcome = offered();
    if (outcome == SendOutcome.QUEUED) {
      write(owned);
    }
    return outcome;
  }

  /**
   * Queues memory of the program's own, if the connection is writable.
   *
   * @param guard handed over when it is queued, otherwise still the program's
   * @return whether it is queued, and if not, why
   */
  public SendOutcome tryWrite(SendGuard guard) {
    SendOutcome outcome = offered();
    if (outcome == SendOutcome.QUEUED) {
      write(guard);
    }
    return outcome;
  }

  /**
   * Where encoders write: each put queues bytes, as {@link #write} does.
   *
   * @return the connection's sink, always the same
   */
  public ByteSink output() {
    worker.checkCurrent();
    return output;
  }

  /**
   * How many bytes are written and not taken by the kernel.
   *
   * @return bytes
   */
  public long unsentBytes() {
    return output.unsentBytes();
  }

  /**
   * Whether the program should go on writing.
   *
   * @return {@code true} while less than {@link #sendHighWaterBytes()} are unsent
   */
  public boolean isWritable() {
    return output.unsentBytes() < sendHighWaterBytes;
  }

  /**
   * The high-water mark of this connection: unsent bytes from which it is not writable.
   *
   * @return bytes; {@code RuntimeConfig.sendHighWaterBytes} unless changed
   */
  public long sendHighWaterBytes() {
    return sendHighWaterBytes;
  }

  /**
   * Changes the high-water mark of this connection: a stream of large blocks may want a higher one,
   * one of many connections with little to say a lower one.
   *
   * @param bytes 1 to {@code sendQueueBytesMax}
   */
  public void sendHighWaterBytes(long bytes) {
    worker.checkCurrent();
    if (bytes < 1 || bytes > limits.sendQueueBytesMax()) {
      throw new IllegalArgumentException("high-water mark of "
          + bytes
          + " bytes must be from 1 to sendQueueBytesMax="
          + limits.sendQueueBytesMax());
    }
    sendHighWaterBytes = bytes;
  }

  /**
   * How many bytes the program has written since the connection began: a position in the stream,
   * which {@link #requestSent} can be asked about.
   *
   * @return bytes, those that were dropped not included
   */
  public long writtenBytesTotal() {
    return output.sentTotal() + output.unsentBytes();
  }

  /**
   * Asks for one {@link ConnectionHandler#onWritable}, which comes as soon as few enough bytes are
   * unsent, at the earliest at the end of the turn.
   *
   * @param unsentBytesAtMost how many bytes may be unsent; 0 asks for "everything is with the
   *     kernel"
   */
  public void requestWritable(long unsentBytesAtMost) {
    worker.checkCurrent();
    awaitUnsentAtMost(unsentBytesAtMost);
  }

  /**
   * As {@link #requestWritable(long)}, with a time limit.
   *
   * @param unsentBytesAtMost how many bytes may be unsent
   * @param timeout longest wait; when it is over first, {@link ConnectionHandler#onWritableTimeout}
   *     comes instead, and the request is withdrawn
   */
  public void requestWritable(long unsentBytesAtMost, Duration timeout) {
    requestWritable(unsentBytesAtMost);
    limitAwaiting(timeout);
  }

  /**
   * Asks for one {@link ConnectionHandler#onWritable} when the kernel has taken the bytes before a
   * position of the stream, whatever is written behind it meanwhile. One that is asked for with
   * {@link #requestWritable(long)} too may come at the same time: look at
   * {@link #sentBytesTotal()}.
   *
   * @param sentBytes the position, such as {@link #writtenBytesTotal()} right after a write
   */
  public void requestSent(long sentBytes) {
    worker.checkCurrent();
    awaitSent(sentBytes);
  }

  /** Hands what is queued to the kernel now instead of at the end of the turn. */
  public void flush() {
    worker.checkCurrent();
    startSend();
  }

  /** Sends a FIN behind what is queued; receiving goes on. Later writes are dropped. */
  public void shutdownOutput() {
    worker.checkCurrent();
    endOutput();
  }

  /**
   * Closes the connection in order: sends what is queued, then a FIN, then waits for the peer's FIN
   * for {@code lingerTimeout} at most, dropping what it still sends, and closes. (Closing at once
   * could reset the connection under replies that the peer has not read yet.)
   */
  public void close() {
    worker.checkCurrent();
    closeInOrder();
  }

  /** Resets the connection at once and drops what is queued. */
  public void abort() {
    worker.checkCurrent();
    closeAtOnce();
  }

  /**
   * The peer's address: an {@link java.net.InetSocketAddress}, or of a Unix socket a
   * {@link java.net.UnixDomainSocketAddress} (with an empty path when the peer has no name, as most
   * clients) or an {@link dev.uring.socket.AbstractUnixAddress}.
   *
   * @return the address, or null when the connection was lost before anybody asked
   */
  public SocketAddress remoteAddress() {
    // Asked of the kernel at the first use: most servers never do, and a multishot accept cannot
    // bring the address along.
    if (remoteAddress == null && hasDescriptor()) {
      remoteAddress = driver.remoteAddress(socket);
    }
    return remoteAddress;
  }

  /**
   * This side's address.
   *
   * @return the address, or null when the connection is gone
   */
  public SocketAddress localAddress() {
    return hasDescriptor() ? driver.localAddress(socket) : null;
  }

  /**
   * Who the peer of a Unix socket is.
   *
   * @return the peer, or null when this is no Unix socket or the connection is gone
   */
  public PeerCredentials peerCredentials() {
    return hasDescriptor() ? driver.peerCredentials(socket) : null;
  }

  /**
   * What TCP knows about the connection now: round trips, retransmissions, windows. One system
   * call.
   *
   * @return the values, or null when this is no TCP connection or it is gone
   */
  public TcpInfo tcpInfo() {
    return hasDescriptor() ? driver.tcpInfo(socket) : null;
  }

  /**
   * What the program has attached to the connection.
   *
   * @return the object, or null
   */
  public Object attachment() {
    return attachment;
  }

  /**
   * Attaches an object: state of the program's own that lives as long as the connection.
   *
   * @param newAttachment the object, or null
   */
  public void attach(Object newAttachment) {
    worker.checkCurrent();
    attachment = newAttachment;
  }

  /**
   * What stands between this connection and its socket.
   *
   * @return the layer, or null when bytes go as they are
   */
  public StreamLayer layer() {
    return layer;
  }

  /**
   * Puts a layer between this connection and its socket. What is unconsumed is the layer's too: it
   * came behind the last message in the clear. Not within a call of the handler's
   * {@code onReceive}.
   *
   * @param newLayer the layer, which begins at once
   * @throws IllegalStateException there is one already, bytes are unsent, or the connection is
   *     closing
   */
  public void addLayer(StreamLayer newLayer) {
    worker.checkCurrent();
    if (layer != null || !mayWrite() || output.unsentBytes() > 0) {
      throw new IllegalStateException("no layer can be added: "
          + (layer != null
              ? "there is one already"
              : "unsent=" + output.unsentBytes() + " bytes, state=" + state())
          + " ("
          + describe()
          + ").\n  Wait until what was written in the clear is sent: requestWritable(0).");
    }
    layBelow(newLayer);
  }

  /**
   * Gives the connection to another handler, whose {@code onOpen} is called before this returns.
   * Only from the top level of the worker's loop: a task, a timer, a {@link StreamLayer}.
   *
   * @param newHandler hears of everything from now on
   */
  public void handOver(ConnectionHandler newHandler) {
    worker.checkCurrent();
    handOverTo(newHandler);
  }

  @Override
  public String toString() {
    return "Connection(" + describe() + ", " + state() + ")";
  }
}

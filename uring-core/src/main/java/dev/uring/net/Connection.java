package dev.uring.net;

import dev.uring.abi.Errno;
import dev.uring.base.ConnectionLostException;
import dev.uring.base.ForwardException.Side;
import dev.uring.buffer.BlockLease;
import dev.uring.bytes.ByteSink;
import dev.uring.bytes.ByteView;
import dev.uring.driver.Driver;
import dev.uring.driver.Operation;
import dev.uring.socket.Endpoint;
import dev.uring.socket.PeerCredentials;
import dev.uring.socket.TcpInfo;
import dev.uring.worker.EndOfTurn;
import dev.uring.worker.Timer;
import dev.uring.worker.Worker;
import java.net.SocketAddress;
import java.time.Duration;
import java.util.Objects;

/**
 * A TCP connection on one worker.
 *
 * <h2>Shapes and units</h2>
 *
 * A stream of bytes in each direction. What is written during a turn of the worker's loop leaves in
 * one system call at its end, however many writes there were; {@link #flush()} does not wait for
 * the end.
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
public final class Connection {
  private static final long NOT_REQUESTED = -1;

  private enum State {
    OPEN,
    /** close() was called; what is queued is being sent. */
    CLOSING,
    /** Our FIN is sent; the peer's is waited for. */
    LINGERING,
    /** Nothing more to say; operations under way are being ended. */
    RELEASING,
    /** The descriptor is closed. */
    CLOSED
  }

  private final Worker worker;
  private final ConnectionTable table;
  private final Driver driver;
  private final NetLimits limits;
  private final ConnectionSettings settings;
  private final int socket;
  private final long id;
  private final ReceivePath input;
  private final SendPath sending;
  private final SendQueue output;
  private final long openedNanos;
  private final Flush flush = new Flush();
  private ConnectionHandler handler;

  // Members of the table's list.
  Connection previous;
  Connection next;

  private State state = State.OPEN;
  private Throwable cause;
  private Timer lingerTimer;
  private Fin fin;
  private Operation closeOperation;
  private boolean isFinRequested;
  private boolean isReset;
  private long writableAt = NOT_REQUESTED;
  private long sentAt = NOT_REQUESTED;
  private Timer writableDeadline;
  private long sendHighWaterBytes;
  // Made at the first use, like whatever most connections do without.
  private ReceiveDeadline receiveDeadline;
  // From here, and to here; null when there is none.
  private Forward outgoing;
  private Forward incoming;
  private SocketAddress remoteAddress;
  private long activeNanos;
  private IdleTimer idleTimer;
  private Object attachment;

  Connection(ConnectionTable table, int socket, long id, ConnectionSettings settings) {
    this.table = table;
    this.worker = table.worker();
    this.driver = worker.driver();
    this.limits = table.limits();
    this.settings = settings;
    this.socket = socket;
    this.id = id;
    this.openedNanos = worker.nanoTime();
    this.input = new ReceivePath(this, worker, limits);
    this.sendHighWaterBytes = limits.sendHighWaterBytes();
    this.sending = new SendPath(this, worker, limits);
    this.output = sending.queue();
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
    return state == State.OPEN;
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
    if (state == State.OPEN) {
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
   * Whether a {@link Forward} takes what arrives here.
   *
   * @return {@code true} until its listener hears of its end
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
    disarmWritableDeadline();
    writableAt = Math.max(unsentBytesAtMost, 0);
    worker.atEndOfTurn(flush);
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
    if (writableDeadline == null) {
      writableDeadline = new WritableDeadline();
    }
    worker.arm(writableDeadline, timeout.toNanos());
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
    sentAt = sentBytes;
    worker.atEndOfTurn(flush);
  }

  /** Hands what is queued to the kernel now instead of at the end of the turn. */
  public void flush() {
    worker.checkCurrent();
    startSend();
  }

  /** Sends a FIN behind what is queued; receiving goes on. Later writes are dropped. */
  public void shutdownOutput() {
    worker.checkCurrent();
    if (state == State.OPEN && !isFinRequested) {
      isFinRequested = true;
      output.discardWrites();
      if (incoming != null) {
        incoming.sideClosed(Side.TARGET, "shutdownOutput()");
      }
      worker.atEndOfTurn(flush);
    }
  }

  /**
   * Closes the connection in order: sends what is queued, then a FIN, then waits for the peer's FIN
   * for {@code lingerTimeout} at most, dropping what it still sends, and closes. (Closing at once
   * could reset the connection under replies that the peer has not read yet.)
   */
  public void close() {
    worker.checkCurrent();
    if (state == State.OPEN) {
      state = State.CLOSING;
      output.discardWrites();
      if (incoming != null) {
        incoming.sideClosed(Side.TARGET, "close()");
      }
      if (outgoing != null) {
        outgoing.sideClosed(Side.SOURCE, "close()");
      }
      input.discardInput();
      worker.atEndOfTurn(flush);
    }
  }

  /** Resets the connection at once and drops what is queued. */
  public void abort() {
    worker.checkCurrent();
    if (state == State.RELEASING && hasDescriptor()) {
      // Closing in order, and waiting for the peer to acknowledge: it is not waited for any more.
      reset();
      finishRelease();
    } else if (state != State.RELEASING && state != State.CLOSED) {
      reset();
      release(new ConnectionLostException("aborted by this side (" + describe() + ")", 0));
    }
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

  @Override
  public String toString() {
    return "Connection(" + describe() + ", " + state + ")";
  }

  // What the parts and the table need.

  String describe() {
    SocketAddress remote = remoteAddress();
    return "connection "
        + (remote == null ? "with an unknown peer" : Endpoint.text(remote))
        + ", worker "
        + worker.index();
  }

  int socket() {
    return socket;
  }

  Forward outgoing() {
    return outgoing;
  }

  Forward incoming() {
    return incoming;
  }

  void forwardsTo(Forward forward) {
    outgoing = forward;
    input.forwardBy(forward);
  }

  void forwardedFrom(Forward forward) {
    incoming = forward;
  }

  /** Whether the kernel is asked for bytes. */
  boolean isReceiving() {
    return input.isUnderWay();
  }

  void holdInput() {
    input.hold();
  }

  void releaseInput() {
    input.release();
  }

  boolean mayWrite() {
    return state == State.OPEN && !isFinRequested;
  }

  /** Bytes that may be written before the queue is full. */
  long outputRoomBytes() {
    return Math.max(limits.sendQueueBytesMax() - output.memoryBytes(), 0);
  }

  /** Queues bytes that another connection received, without a copy when that is worth it. */
  void writeReceived(ByteView view, int count, int bufferId) {
    output.write(view, 0, count, bufferId);
  }

  /** What ended the connection, or null. */
  Throwable closeCause() {
    return cause;
  }

  // Not after the close was asked for: the number may be another connection's by now.
  private boolean hasDescriptor() {
    return state != State.CLOSED && closeOperation == null;
  }

  /** When the turn began in which the connection was opened. */
  long openedNanos() {
    return openedNanos;
  }

  ConnectionHandler handler() {
    return handler;
  }

  /** Whether the handler is not to hear of input any more. */
  boolean isDone() {
    return state != State.OPEN;
  }

  boolean mayReceive() {
    return state.compareTo(State.RELEASING) < 0;
  }

  void open(ConnectionHandler newHandler) {
    handler = Objects.requireNonNull(newHandler, "ConnectionAcceptor.accept returned null");
    try {
      handler.onOpen(this);
    } catch (Throwable failure) {
      fail(failure);
    }
    if (state == State.OPEN) {
      input.arm();
      if (settings.idleNanos() > 0) {
        noteActivity();
        idleTimer = new IdleTimer();
        worker.armFromTurn(idleTimer, settings.idleNanos());
      }
    }
  }

  /** There is no handler: the acceptor failed. */
  void refuse(Throwable failure) {
    if (handler == null) {
      handler = (connection, bytes) -> bytes.size();
    }
    fail(failure);
  }

  void drain() {
    if (state == State.OPEN) {
      try {
        handler.onDrain(this);
      } catch (Throwable failure) {
        fail(failure);
      }
    }
  }

  /** Bytes have passed, in whichever direction. */
  void noteActivity() {
    activeNanos = worker.nanoTime();
  }

  void outputWritten() {
    worker.atEndOfTurn(flush);
  }

  /** User code failed in the name of this connection: it alone ends. */
  void fail(Throwable failure) {
    if (state != State.RELEASING && state != State.CLOSED) {
      reset();
      release(failure);
    }
  }

  /** The kernel reports that the connection is gone. */
  void lost(int errno) {
    // And with it what it had still to send: nothing is left to wait for.
    isReset = true;
    // After our FIN the peer may do as it likes: everything it was owed has been sent.
    release(
        state == State.LINGERING
            ? null
            : new ConnectionLostException(
                "connection lost: " + Errno.text(errno) + " (" + describe() + ")", errno));
  }

  private void reset() {
    isReset = true;
    driver.resetOnClose(socket);
  }

  /** The handler is about to hear of bytes or of their end. */
  void inputCame() {
    if (receiveDeadline != null) {
      receiveDeadline.clear();
    }
  }

  void receiveTimedOut() {
    if (state == State.OPEN) {
      try {
        handler.onReceiveTimeout(this);
      } catch (Throwable failure) {
        fail(failure);
      }
    }
  }

  void endOfInput() {
    inputCame();
    switch (state) {
      case OPEN -> {
        try {
          handler.onEnd(this);
        } catch (Throwable failure) {
          fail(failure);
        }
      }
      case LINGERING -> release(null);
      default -> {
        // CLOSING: advance() looks when the last byte is sent. RELEASING: nothing is left to do.
      }
    }
  }

  /** An operation had its last answer; the release may have waited for it. */
  void operationEnded() {
    if (state == State.RELEASING && closeOperation == null) {
      finishRelease();
    } else if (state == State.RELEASING) {
      finishClose();
    }
  }

  private void startSend() {
    if (state.compareTo(State.RELEASING) < 0) {
      sending.start();
    }
  }

  /** A send was answered, or the kernel has let go of the memory of one. */
  void sendAnswered() {
    // First: a guard hears that its memory is free before the handler hears that all is over.
    sending.tellReleased();
    if (incoming != null) {
      incoming.targetSent();
    }
    operationEnded();
    if (output.hasQueued() || state == State.CLOSING || isFinRequested) {
      // Not sent right here: callbacks later in this turn may add to it.
      worker.atEndOfTurn(flush);
    }
    notifyWritable();
  }

  // What follows when nothing is left to send: a FIN that was asked for, and the next step of
  // close().
  private void advance() {
    if (!output.isEmpty()) {
      return;
    }
    if (state == State.CLOSING) {
      if (input.isEnded() || settings.lingerNanos() == 0) {
        release(null);
        return;
      }
      state = State.LINGERING;
      sendFin();
      lingerTimer = new Linger();
      worker.arm(lingerTimer, settings.lingerNanos());
    } else if (isFinRequested && state == State.OPEN) {
      sendFin();
    }
  }

  private void sendFin() {
    if (fin == null) {
      fin = new Fin();
      driver.shutdownOutput(socket, fin);
    }
  }

  private void notifyWritable() {
    if (state != State.OPEN) {
      return;
    }
    boolean isWritable = writableAt != NOT_REQUESTED && output.unsentBytes() <= writableAt;
    boolean isSent = sentAt != NOT_REQUESTED && output.sentTotal() >= sentAt;
    if (isWritable) {
      writableAt = NOT_REQUESTED;
      disarmWritableDeadline();
    }
    if (isSent) {
      sentAt = NOT_REQUESTED;
    }
    if (isWritable || isSent) {
      try {
        handler.onWritable(this);
      } catch (Throwable failure) {
        fail(failure);
      }
    }
  }

  private SendOutcome offered() {
    worker.checkCurrent();
    if (state != State.OPEN || isFinRequested) {
      return SendOutcome.CLOSED;
    }
    return isWritable() ? SendOutcome.QUEUED : SendOutcome.FULL;
  }

  private void disarmWritableDeadline() {
    if (writableDeadline != null) {
      worker.disarm(writableDeadline);
    }
  }

  private void release(Throwable why) {
    if (state == State.RELEASING || state == State.CLOSED) {
      return;
    }
    state = State.RELEASING;
    cause = why;
    if (lingerTimer != null) {
      worker.disarm(lingerTimer);
    }
    disarmWritableDeadline();
    if (idleTimer != null) {
      worker.disarm(idleTimer);
    }
    if (receiveDeadline != null) {
      receiveDeadline.end();
    }
    input.cancel();
    output.discardWrites();
    endForwards(why);
    sending.cancel();
    finishRelease();
  }

  // The descriptor is closed after the last answer that could name it, so that no operation can
  // ever meet a new connection with the same number. Memory that a zero-copy send still holds is
  // waited for too: the kernel goes on sending from it. Unless the connection is reset, which makes
  // the kernel drop what it holds, but only once the descriptor is closed.
  private void finishRelease() {
    boolean isBusy = input.isUnderWay()
        || sending.isAsking()
        || (sending.isHeld() && !isReset)
        || (fin != null && fin.isUnderWay());
    if (!isBusy && closeOperation == null) {
      sending.clear();
      closeOperation = new Close();
      driver.close(socket, closeOperation);
    }
  }

  private void endForwards(Throwable why) {
    if (outgoing != null) {
      outgoing.sideReleased(Side.SOURCE, why);
    }
    if (incoming != null) {
      incoming.sideReleased(Side.TARGET, why);
    }
  }

  private void finishClose() {
    if (!closeOperation.isUnderWay() && !sending.isHeld()) {
      state = State.CLOSED;
      tellClosed(cause);
    }
  }

  /** The last call. The table hears of it afterwards: it may tell others that nothing is left. */
  void tellClosed(Throwable why) {
    endForwards(why);
    try {
      handler.onClosed(this, why);
    } catch (Throwable failure) {
      worker.taskFailed(failure);
    }
    table.remove(this);
  }

  /** The kernel's answers will not come any more; the driver's end frees what they would have. */
  void workerEnding() {
    if (hasDescriptor()) {
      driver.resetOnClose(socket);
      driver.closeNow(socket);
    }
    state = State.CLOSED;
    output.discardWrites();
    sending.workerEnding();
  }

  private final class Flush extends EndOfTurn {
    @Override
    protected void endOfTurn() {
      startSend();
      advance();
      notifyWritable();
    }
  }

  private final class Fin extends Operation {
    @Override
    protected void completed(int result, int bufferId, boolean isLast) {
      operationEnded();
    }
  }

  // Not moved when bytes pass: they note the time, and the timer looks at it when it fires.
  private final class IdleTimer extends Timer {
    @Override
    protected void fire() {
      long left = settings.idleNanos() - (worker.nanoTime() - activeNanos);
      if (left > 0) {
        worker.armFromTurn(this, left);
        return;
      }
      if (state == State.LINGERING) {
        // Everything is sent, and how long the peer's end is waited for is another limit.
        return;
      }
      reset();
      release(new ConnectionLostException(
          "no byte in either direction within idleTimeout="
              + Duration.ofNanos(settings.idleNanos())
              + " ("
              + describe()
              + ")",
          0));
    }
  }

  private final class Linger extends Timer {
    @Override
    protected void fire() {
      release(null);
    }
  }

  private final class WritableDeadline extends Timer {
    @Override
    protected void fire() {
      if (writableAt != NOT_REQUESTED && state == State.OPEN) {
        writableAt = NOT_REQUESTED;
        try {
          handler.onWritableTimeout(Connection.this);
        } catch (Throwable failure) {
          fail(failure);
        }
      }
    }
  }

  private final class Close extends Operation {
    @Override
    protected void completed(int result, int bufferId, boolean isLast) {
      finishClose();
    }
  }
}

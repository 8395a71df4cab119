package dev.uring.net;

import dev.uring.abi.Errno;
import dev.uring.base.ConnectionLostException;
import dev.uring.base.ForwardException.Side;
import dev.uring.bytes.ByteView;
import dev.uring.driver.Driver;
import dev.uring.driver.Operation;
import dev.uring.socket.Endpoint;
import dev.uring.worker.EndOfTurn;
import dev.uring.worker.Timer;
import dev.uring.worker.Worker;
import java.net.SocketAddress;
import java.time.Duration;
import java.util.Objects;

/**
 * What becomes of a connection: from its opening over its end in order, or out of it, to the
 * closing of its descriptor, with the times that are limited meanwhile and the calls its handler
 * gets.
 *
 * <p>The base of {@link Connection} and of nothing else: the face that programs see is there, the
 * states are here. <i>Rejected:</i> an object of its own, because every request would fetch one
 * more line from memory for each of its connections.
 *
 * <p><i>Invariant:</i> states are passed in their order, some are left out, none comes twice; the
 * descriptor is closed after the last answer that could name it. <i>Thread:</i> the worker's.
 */
abstract sealed class ConnectionLifecycle permits Connection {
  private static final long NOT_REQUESTED = -1;

  enum State {
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

  final Worker worker;
  private final ConnectionTable table;
  final Driver driver;
  final NetLimits limits;
  private final ConnectionSettings settings;
  final int socket;
  final long id;
  final ReceivePath input;
  final SendPath sending;
  final SendQueue output;
  private final long openedNanos;
  private final Flush flush = new Flush();
  private final Connection self;
  private ConnectionHandler handler;

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
  // Made at the first use, like whatever most connections do without.
  ReceiveDeadline receiveDeadline;
  // From here, and to here; null when there is none.
  Intake outgoing;
  Forward incoming;
  // Between this and the socket; null when bytes go as they are.
  StreamLayer layer;
  private Throwable layerFailure;
  private long activeNanos;
  private IdleTimer idleTimer;

  ConnectionLifecycle(ConnectionTable table, int socket, long id, ConnectionSettings settings) {
    this.table = table;
    this.worker = table.worker();
    this.driver = worker.driver();
    this.limits = table.limits();
    this.settings = settings;
    this.socket = socket;
    this.id = id;
    this.openedNanos = worker.nanoTime();
    this.self = (Connection) this;
    this.input = new ReceivePath(self, worker, limits);
    this.sending = new SendPath(self, worker, limits);
    this.output = sending.queue();
  }

  /** The program has nothing more to say: a FIN follows what is queued. */
  void endOutput() {
    if (state == State.OPEN && !isFinRequested) {
      isFinRequested = true;
      output.discardWrites();
      if (incoming != null) {
        incoming.sideClosed(Side.TARGET, "shutdownOutput()");
      }
      worker.atEndOfTurn(flush);
    }
  }

  /** Sends what is queued, a FIN behind it, and waits for the peer's. */
  void closeInOrder() {
    if (state == State.OPEN) {
      state = State.CLOSING;
      output.discardWrites();
      if (incoming != null) {
        incoming.sideClosed(Side.TARGET, "close()");
      }
      if (outgoing != null) {
        outgoing.sourceClosed("close()");
      }
      input.discardInput();
      worker.atEndOfTurn(flush);
    }
  }

  /** Resets; what is queued is dropped. */
  void closeAtOnce() {
    if (state == State.RELEASING && hasDescriptor()) {
      // Closing in order, and waiting for the peer to acknowledge: it is not waited for any more.
      reset();
      finishRelease();
    } else if (state != State.RELEASING && state != State.CLOSED) {
      reset();
      release(new ConnectionLostException("aborted by this side (" + describe() + ")", 0));
    }
  }

  State state() {
    return state;
  }

  /** Asks to be told when no more than so many bytes are unsent; no time limit as yet. */
  void awaitUnsentAtMost(long bytes) {
    disarmWritableDeadline();
    writableAt = Math.max(bytes, 0);
    worker.atEndOfTurn(flush);
  }

  void limitAwaiting(Duration timeout) {
    if (writableDeadline == null) {
      writableDeadline = new WritableDeadline();
    }
    worker.arm(writableDeadline, timeout.toNanos());
  }

  /** Asks to be told when the bytes before this position are with the kernel. */
  void awaitSent(long position) {
    sentAt = position;
    worker.atEndOfTurn(flush);
  }

  String describe() {
    SocketAddress remote = self.remoteAddress();
    return "connection "
        + (remote == null ? "with an unknown peer" : Endpoint.text(remote))
        + ", worker "
        + worker.index();
  }

  boolean receivesTimestamps() {
    return settings.receivesTimestamps();
  }

  int socket() {
    return socket;
  }

  Intake outgoing() {
    return outgoing;
  }

  Forward incoming() {
    return incoming;
  }

  void forwardsTo(Intake intake) {
    outgoing = intake;
    input.takenBy(intake);
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
  boolean hasDescriptor() {
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
      handler.onOpen(self);
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

  void handOverTo(ConnectionHandler newHandler) {
    handler = Objects.requireNonNull(newHandler, "newHandler");
    try {
      handler.onOpen(self);
    } catch (Throwable failure) {
      fail(failure);
    }
  }

  void layBelow(StreamLayer newLayer) {
    newLayer.attach(self, input, sending);
    layer = newLayer;
    sending.layBelow(newLayer);
    newLayer.began();
    if (state == State.OPEN) {
      input.layBelow(newLayer);
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
        handler.onDrain(self);
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

  /** As {@link #fail}, but what the layer has to say to the peer is sent. */
  void layerFailed(Throwable failure) {
    if (state == State.RELEASING || state == State.CLOSED || layerFailure != null) {
      return;
    }
    layerFailure = failure;
    endForwards(failure);
    if (state == State.LINGERING) {
      release(failure);
    } else {
      closeInOrder();
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
        handler.onReceiveTimeout(self);
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
          handler.onEnd(self);
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

  void startSend() {
    if (state.compareTo(State.RELEASING) < 0) {
      sending.start();
    }
  }

  /** Sends now what would leave at the end of the turn. */
  void flushAhead() {
    worker.callAhead(flush);
  }

  /** A send was answered, or the kernel has let go of the memory of one. */
  void sendAnswered() {
    // First: a guard hears that its memory is free before the handler hears that all is over.
    sending.tellReleased();
    if (incoming != null) {
      incoming.targetSent();
    }
    operationEnded();
    if (sending.hasQueued() || state == State.CLOSING || isFinRequested) {
      // Not sent right here: callbacks later in this turn may add to it.
      worker.atEndOfTurn(flush);
    }
    notifyWritable();
  }

  // What follows when nothing is left to send: a FIN that was asked for, and the next step of
  // close().
  private void advance() {
    if (!sending.isEmpty()) {
      return;
    }
    if ((state == State.CLOSING || isFinRequested && state == State.OPEN)
        && sending.finishLayer()) {
      // A peer that does not read its farewell is not waited for any longer than one that does not
      // answer it.
      if (state == State.CLOSING) {
        armLinger();
      }
      startSend();
      return;
    }
    if (state == State.CLOSING) {
      if (input.isEnded() || lingerNanos() == 0) {
        release(null);
        return;
      }
      state = State.LINGERING;
      sendFin();
      armLinger();
    } else if (isFinRequested && state == State.OPEN) {
      sendFin();
    }
  }

  private long lingerNanos() {
    return layer == null ? settings.lingerNanos() : layer.lingerNanos(settings.lingerNanos());
  }

  private void armLinger() {
    if (lingerTimer == null) {
      lingerTimer = new Linger();
      worker.arm(lingerTimer, Math.max(lingerNanos(), 1));
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
        handler.onWritable(self);
      } catch (Throwable failure) {
        fail(failure);
      }
    }
  }

  SendOutcome offered() {
    worker.checkCurrent();
    if (state != State.OPEN || isFinRequested) {
      return SendOutcome.CLOSED;
    }
    return self.isWritable() ? SendOutcome.QUEUED : SendOutcome.FULL;
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
    cause = layerFailure == null ? why : layerFailure;
    if (layer != null) {
      layer.closed();
    }
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
      outgoing.sourceGone(why);
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
      handler.onClosed(self, why);
    } catch (Throwable failure) {
      worker.taskFailed(failure);
    }
    table.remove(self);
  }

  /** The kernel's answers will not come any more; the driver's end frees what they would have. */
  void workerEnding() {
    if (hasDescriptor()) {
      driver.resetOnClose(socket);
      driver.closeNow(socket);
    }
    if (layer != null && state != State.RELEASING && state != State.CLOSED) {
      layer.closed();
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
          handler.onWritableTimeout(self);
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

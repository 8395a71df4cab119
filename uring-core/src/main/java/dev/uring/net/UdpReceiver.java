package dev.uring.net;

import dev.uring.abi.Errno;
import dev.uring.bytes.ByteWindow;
import dev.uring.driver.DatagramArrival;
import dev.uring.driver.DatagramDriver;
import dev.uring.driver.Driver;
import dev.uring.driver.Operation;
import dev.uring.driver.ReceiveBuffers;
import dev.uring.worker.Worker;

/**
 * The receiving half of a UDP socket: from the kernel's buffer to the handler.
 *
 * <p>A datagram is offered on the buffer the kernel filled. While the socket is paused, buffers
 * wait here in a ring with a bound; from half of it on the kernel is told to stop, so that the rest
 * waits, and when it must is dropped, in the kernel's buffer of the socket, which counts it.
 *
 * <p><i>Invariant:</i> {@code pendingCount > 0} only while paused, or until the queued catch-up has
 * run; a datagram is offered directly only when none is pending, so the order is that of arrival.
 * <i>Thread:</i> the worker's.
 */
final class UdpReceiver extends Operation {
  private final UdpSocket socket;
  private final Worker worker;
  private final UdpCounters counters;
  private final int descriptor;
  private final DatagramDriver driver;
  private final DatagramArrival arrival = new DatagramArrival();
  private final UdpPeer peer = new UdpPeer(arrival.from);
  private final ByteWindow view = new ByteWindow("UdpSocket");
  private final Runnable catchUpTask = this::catchUp;
  private ReceiveBuffers buffers;

  // A ring of receives that wait: buffer and result. Of the first, headFrom bytes are done with.
  private final int[] pendingBuffers;
  private final int[] pendingResults;
  private int head;
  private int pendingCount;
  private int headFrom;

  // The datagram that is lent: its end in the arrival, whether it lies in the ring.
  private int presentUntil;
  private boolean isOffering;
  private boolean isTaken;
  private boolean isPostponed;

  private boolean isPaused;
  private boolean isCatchUpQueued;
  private boolean isCancelling;
  private boolean isStopped;
  private int droppedTotal;

  UdpReceiver(UdpSocket socket, Worker worker, int descriptor, int pendingMax) {
    this.socket = socket;
    this.worker = worker;
    this.counters = socket.counters();
    this.descriptor = descriptor;
    this.driver = worker.driver().datagrams();
    this.pendingBuffers = new int[pendingMax];
    this.pendingResults = new int[pendingMax];
  }

  void start(ReceiveBuffers newBuffers) {
    buffers = newBuffers;
    arm();
  }

  /** Nothing is offered any more; what waits is dropped. */
  void stop() {
    isStopped = true;
    isTaken = false;
    view.end();
    while (pendingCount > 0) {
      removeFirst();
    }
    cancelInKernel();
  }

  void pause() {
    isPaused = true;
  }

  void resume() {
    if (!isPaused || isStopped) {
      return;
    }
    isPaused = false;
    if (pendingCount > 0) {
      queueCatchUp();
    } else {
      arm();
    }
  }

  boolean isPaused() {
    return isPaused;
  }

  boolean hasPending() {
    return pendingCount > 0;
  }

  void postpone() {
    if (!isOffering) {
      throw new IllegalStateException("postpone() belongs inside onDatagram (" + socket + ")");
    }
    isPostponed = true;
    isPaused = true;
  }

  /** Lends the first that waits, until {@link #release}; false when none waits. */
  boolean take() {
    if (isOffering || isTaken) {
      throw new IllegalStateException(
          (isOffering ? "take() inside onDatagram" : "a datagram is taken already") + " (" + socket
              + ")");
    }
    if (pendingCount == 0) {
      return false;
    }
    readFirst();
    lend(headFrom);
    isTaken = true;
    return true;
  }

  /** Ends the loan of {@link #take}. Does nothing when the socket was closed meanwhile. */
  void release() {
    if (isTaken) {
      isTaken = false;
      view.end();
      firstDoneUntil(presentUntil);
    }
  }

  ByteWindow view() {
    return view;
  }

  UdpPeer peer() {
    return peer;
  }

  int ecn() {
    return arrival.ecn;
  }

  long kernelNanos() {
    return arrival.kernelNanos;
  }

  int fullBytes() {
    return arrival.segmentBytes > 0 ? view.size() : arrival.fullLength;
  }

  @Override
  protected void completed(int result, int bufferId, boolean isLast) {
    if (bufferId != Driver.NO_BUFFER) {
      if (!isStopped) {
        arrived(bufferId, result);
      }
    } else if (result < 0 && !isStopped && !isCancelling) {
      socket.receiveFailed(-result);
    }
    if (isLast) {
      ended();
    }
  }

  private void arm() {
    if (!isUnderWay() && !isStopped) {
      driver.receive(descriptor, buffers, this);
    }
  }

  private void arrived(int bufferId, int result) {
    driver.read(buffers, bufferId, result, arrival);
    count();
    if (isPaused || pendingCount > 0) {
      keep(bufferId, result);
      return;
    }
    int done = offerFrom(0);
    if (!isStopped && (done < arrival.length || isPostponed)) {
      headFrom = done;
      keep(bufferId, result);
    }
  }

  // Returns where the handler stopped it: the length, unless it paused in between. Of an empty
  // datagram only isPostponed tells.
  private int offerFrom(int from) {
    int at = from;
    do {
      lend(at);
      isPostponed = false;
      offer();
      if (isStopped || isPostponed) {
        return isStopped ? arrival.length : at;
      }
      at = presentUntil;
    } while (at < arrival.length && !isPaused);
    return at;
  }

  private void offer() {
    isOffering = true;
    try {
      socket.handler().onDatagram(socket, view, peer);
    } catch (Throwable failure) {
      worker.taskFailed(failure);
    } finally {
      isOffering = false;
      view.end();
    }
  }

  private void lend(int from) {
    int size = arrival.length - from;
    if (arrival.segmentBytes > 0) {
      size = Math.min(size, arrival.segmentBytes);
    }
    presentUntil = from + size;
    view.lend(arrival.memory, arrival.offset + from, size);
  }

  private void count() {
    int bytes = arrival.length;
    int segment = arrival.segmentBytes;
    counters.received += segment > 0 ? (bytes + segment - 1) / segment : 1;
    counters.receivedBytes += bytes;
    counters.receiveOperations++;
    if (arrival.fullLength > bytes) {
      counters.truncated++;
    }
    if (arrival.droppedTotal != 0) {
      // The kernel's counter has 32 bits and wraps.
      counters.kernelDrops += Integer.toUnsignedLong(arrival.droppedTotal - droppedTotal);
      droppedTotal = arrival.droppedTotal;
    }
  }

  private void keep(int bufferId, int result) {
    if (pendingCount == pendingBuffers.length || !buffers.tryRetain(bufferId)) {
      counters.pendingDrops++;
      return;
    }
    int at = (head + pendingCount++) % pendingBuffers.length;
    pendingBuffers[at] = bufferId;
    pendingResults[at] = result;
    // Half: what is on its way already still finds room.
    if (pendingCount >= pendingBuffers.length / 2) {
      cancelInKernel();
    }
  }

  private void readFirst() {
    driver.read(buffers, pendingBuffers[head], pendingResults[head], arrival);
  }

  private void firstDoneUntil(int until) {
    headFrom = until;
    if (until >= arrival.length) {
      removeFirst();
    }
    if (pendingCount == 0 && !isPaused) {
      arm();
    }
  }

  private void removeFirst() {
    buffers.releaseRetained(pendingBuffers[head]);
    head = (head + 1) % pendingBuffers.length;
    pendingCount--;
    headFrom = 0;
  }

  private void queueCatchUp() {
    if (!isCatchUpQueued) {
      isCatchUpQueued = true;
      worker.execute(catchUpTask);
    }
  }

  private void catchUp() {
    isCatchUpQueued = false;
    while (pendingCount > 0 && !isPaused && !isStopped && !isTaken) {
      readFirst();
      int done = offerFrom(headFrom);
      if (!isStopped && !(isPostponed && done == headFrom)) {
        firstDoneUntil(done);
      }
    }
    if (pendingCount == 0 && !isPaused) {
      arm();
    }
  }

  // Over by our request, by an error, by an empty datagram, or because the kernel chose to.
  private void ended() {
    isCancelling = false;
    boolean isHeldBack = pendingCount >= pendingBuffers.length / 2;
    if (!isStopped && !isHeldBack) {
      arm();
    }
    socket.operationEnded();
  }

  private void cancelInKernel() {
    if (isUnderWay() && !isCancelling) {
      isCancelling = true;
      worker.driver().cancel(this);
    }
  }

  /** Whether an errno ends the socket: everything that is not the network's or a shortage. */
  static boolean isFatal(int errno) {
    return switch (errno) {
      case Errno.EBADF, Errno.ENOTSOCK, Errno.EINVAL, Errno.EFAULT, Errno.EOPNOTSUPP -> true;
      default -> false;
    };
  }
}

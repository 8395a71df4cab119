package dev.uring.driver;

import dev.uring.abi.Errno;
import dev.uring.abi.IoUring;
import dev.uring.abi.Layouts;
import dev.uring.abi.Posix;
import dev.uring.abi.Socket;
import dev.uring.base.PoolExhaustedException;
import dev.uring.base.UringException;
import dev.uring.buffer.Block;
import dev.uring.buffer.BlockPool;
import dev.uring.ffi.Libc;
import dev.uring.metrics.jfr.FlightRecording;
import dev.uring.metrics.jfr.PoolExhaustedEvent;
import dev.uring.ring.BufferRing;
import dev.uring.ring.CompletionQueue;
import dev.uring.ring.Ring;
import dev.uring.ring.RingOptions;
import dev.uring.ring.Sqe;
import dev.uring.ring.SubmissionQueue;
import dev.uring.ring.UserData;
import dev.uring.socket.PeerCredentials;
import dev.uring.socket.SocketOptions;
import dev.uring.socket.TcpInfo;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.net.SocketAddress;
import java.util.ArrayList;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A driver on one io_uring.
 *
 * <p>Multishot accept and receive with ring-provided buffers; one gathered send in flight for each
 * socket; one {@code io_uring_enter} for each turn, which submits, waits and runs the kernel's
 * deferred work.
 *
 * <p>Answers that come while a callback asks for more are not delivered inside the asking: they
 * stay in the completion queue until the turn reaches them. So a callback may ask for anything
 * without being re-entered.
 *
 * <p><i>Thread:</i> the one that called {@link #start}; the ring refuses others (SINGLE_ISSUER).
 */
public final class UringDriver implements Driver {
  private static final Logger LOG = LoggerFactory.getLogger(UringDriver.class);
  private static final int BUFFER_GROUP = 0;
  private static final int SLOTS_INITIAL = 256;

  // Slots that no operation has (the table stops at SLOTS_MAX): completions of the driver's own.
  private static final int SLOT_IGNORED = -1;
  private static final int SLOT_WOKEN = -2;
  private static final int SLOT_WAKE_SENT = -3;
  private static final int SLOT_CANCEL = -4;

  // Completions handled before the queue's head moves: small enough that a full queue gets room
  // again soon, large enough that the release store is not per completion.
  private static final int ADVANCE_EVERY = 64;

  // A disk that has not answered in ten seconds has been given up by its own driver's first limit.
  private static final long FILES_NANOS_MAX = 10_000_000_000L;
  private static final long FILES_LOOK_NANOS = 100_000_000;

  private final RingOptions options;
  private final int buffersCount;
  private final int bufferBytes;
  private final int headroomBytes;
  private final BlockPool blocks;
  private final Arena arena;
  final OperationTable table = new OperationTable(SLOTS_INITIAL);
  private final DriverCounters counters = new DriverCounters();
  private final Object wakeLock = new Object();
  private final int wakeFd;
  private final MemorySegment wakeValue;
  private final MemorySegment wakeRead;
  private final Operation wakeOperation = new WakeOperation();

  // Written by the driver's thread under the lock, so that it may read it without.
  private boolean closed;

  private final UringFiles files;
  private final UringNvme nvme = new UringNvme(this);

  Ring ring;
  private SubmissionQueue sq;
  private CompletionQueue cq;
  private UringReceiveBuffers buffers;
  private final UringDatagrams datagrams;
  private StampedReceives stamped;
  // The other workers' drivers this one has woken: as many as there are workers, at most.
  private final List<UringDriver> wakeTargets = new ArrayList<>();

  // Receives that found no buffer, oldest first; asked again when buffers have come back.
  private Operation starvedHead;
  private Operation starvedTail;

  /**
   * A driver that is not started.
   *
   * @param options sizes of the rings
   * @param buffersCount receive buffers; a power of two
   * @param bufferBytes size of each, in bytes
   * @param headroomBytes room in front of each for a carried tail, in bytes
   * @param blocks where descriptions of gathered sends are kept
   */
  public UringDriver(
      RingOptions options, int buffersCount, int bufferBytes, int headroomBytes, BlockPool blocks) {
    this.options = options;
    this.buffersCount = buffersCount;
    this.bufferBytes = bufferBytes;
    this.headroomBytes = headroomBytes;
    this.blocks = blocks;
    this.files = new UringFiles(this, blocks);
    this.arena = Arena.ofShared();
    this.wakeValue = arena.allocate(Long.BYTES, Long.BYTES);
    this.wakeRead = arena.allocate(Long.BYTES, Long.BYTES);
    this.datagrams = new UringDatagrams(this, arena);
    wakeValue.set(ValueLayout.JAVA_LONG, 0, 1);
    this.wakeFd = Libc.eventfd(0, Posix.EFD_CLOEXEC);
    if (wakeFd < 0) {
      arena.close();
      throw new UringException("eventfd failed: "
          + Errno.text(-wakeFd)
          + ".\n  Likely cause: the process has no descriptor left. Raise the limit (ulimit -n)"
          + " or use fewer workers.");
    }
  }

  @Override
  public String name() {
    return "uring";
  }

  @Override
  public void start() {
    // Created here and not in the constructor: whatever fails, the failure belongs to the thread
    // that would have run the ring, and nothing is left open on another one.
    ring = Ring.create(options);
    ring.enable();
    sq = ring.sq();
    cq = ring.cq();
    buffers = new UringReceiveBuffers(
        ring.newEmptyBufferRing(BUFFER_GROUP, buffersCount, bufferBytes, headroomBytes),
        UringReceiveBuffers.WINDOW);
    stamped = new StampedReceives(buffers, BUFFER_GROUP, arena);
    askForWake();
    // A filter may let a ring be made and not entered: said here, and not in the middle of a turn.
    int entered = ring.enter(0, 0);
    if (entered < 0 && !isBackpressure(-entered)) {
      throw ring.refusedToEnter(-entered);
    }
  }

  @Override
  public int openListener(SocketAddress address, ListenOptions listenOptions) {
    return Sockets.openListener(address, listenOptions);
  }

  @Override
  public void closeNow(int socket) {
    Libc.close(socket);
  }

  @Override
  public SocketAddress localAddress(int socket) {
    return Sockets.localAddress(socket);
  }

  @Override
  public SocketAddress remoteAddress(int socket) {
    return Sockets.remoteAddress(socket);
  }

  @Override
  public void resetOnClose(int socket) {
    Sockets.resetOnClose(socket);
  }

  @Override
  public PeerCredentials peerCredentials(int socket) {
    return SocketSettings.peerCredentials(socket);
  }

  @Override
  public TcpInfo tcpInfo(int socket) {
    return SocketSettings.tcpInfo(socket);
  }

  @Override
  public void acknowledgeAtOnce(int socket) {
    // A hint: a connection that is gone meanwhile is told of elsewhere.
    Libc.setsockopt(socket, Socket.IPPROTO_TCP, Socket.TCP_QUICKACK, 1);
  }

  @Override
  public int openStream(SocketAddress remote, SocketOptions socketOptions) {
    return Sockets.openStream(remote, socketOptions);
  }

  @Override
  public void connect(int socket, SocketAddress remote, Operation operation) {
    // The kernel copies the address when it takes the operation, at the latest at the end of this
    // turn: the operation's own block is still simpler to trust than a moment.
    Block block = blocks.take(Layouts.SOCKADDR_STORAGE_BYTES);
    MemorySegment storage = block.memory().asSlice(block.offset(), Layouts.SOCKADDR_STORAGE_BYTES);
    storage.fill((byte) 0);
    int bytes = SocketAddresses.encode(remote, storage);
    operation.description = block;
    next().prepConnect(socket, storage.address(), bytes).userData(table.begin(operation));
  }

  @Override
  public void accept(int listener, Operation operation) {
    next().prepAcceptMultishot(listener, Socket.SOCK_CLOEXEC).userData(table.begin(operation));
  }

  @Override
  public void receive(int socket, Operation operation) {
    next().prepRecvMultishot(socket, BUFFER_GROUP).userData(table.begin(operation));
    operation.receivingSocket = socket;
  }

  @Override
  public void receiveStamped(int socket, ReceiveOperation operation) {
    Sqe sqe = next();
    stamped.prepare(sqe, socket, operation);
    sqe.userData(table.begin(operation));
    operation.receivingSocket = socket;
  }

  @Override
  public void send(int socket, SendOperation operation) {
    // Described before an entry is taken: what fails must not leave one behind, half filled.
    boolean isGathered = operation.partsCount() > 1 && describe(operation);
    Sqe sqe = next();
    // WAITALL: the kernel itself goes on after a short write, so a large send is one operation and
    // not a conversation.
    int flags = Socket.MSG_NOSIGNAL | Socket.MSG_WAITALL;
    if (operation.hasMore()) {
      flags |= Socket.MSG_MORE;
    }
    if (operation.isZeroCopy()) {
      prepareZeroCopy(sqe, socket, operation, isGathered, flags);
    } else if (isGathered) {
      sqe.prepSendmsg(socket, MessageHeader.write(operation, operation.description), flags);
    } else {
      SendPart part = operation.part(0);
      sqe.prepSend(socket, part.address(), part.length(), flags);
    }
    sqe.userData(table.begin(operation));
  }

  @Override
  public void shutdownOutput(int socket, Operation operation) {
    next().prepShutdown(socket, Socket.SHUT_WR).userData(table.begin(operation));
  }

  @Override
  public void close(int socket, Operation operation) {
    next().prepClose(socket).userData(table.begin(operation));
  }

  @Override
  public void awaitReadable(int descriptor, Operation operation) {
    next().prepPollAdd(descriptor, Socket.POLLIN).userData(table.begin(operation));
  }

  @Override
  public void cancel(Operation operation) {
    // Of a starved receive nothing is with the kernel: the answer is due in the next round.
    operation.isCancelRequested = operation.isUnderWay();
    if (operation.slot != Operation.NO_SLOT) {
      askToCancel(operation);
    }
  }

  @Override
  public FileDriver files() {
    return files;
  }

  @Override
  public NvmeDriver nvme() {
    return nvme;
  }

  @Override
  public ReceiveBuffers receiveBuffers() {
    return buffers;
  }

  @Override
  public DatagramDriver datagrams() {
    return datagrams;
  }

  @Override
  public void enter(long timeoutNanos) {
    buffers.publish();
    datagrams.publish();
    nvme.submit();
    boolean mayWait = timeoutNanos != 0 && !hasAnswers();
    int entered = mayWait ? ring.enter(1, timeoutNanos) : ring.enter(0, 0);
    // EINTR, EBUSY, EAGAIN and ETIME are not failures: what was not submitted stays queued, what
    // was
    // not waited for comes later, and this turn goes on with what there is.
    if (entered < 0 && !isBackpressure(-entered)) {
      throw new UringException(
          "io_uring_enter failed: " + Errno.text(-entered) + ", queued=" + sq.pending());
    }
  }

  @Override
  public boolean hasAnswers() {
    return cq.ready() > 0 || starvedHead != null || datagrams.hasStarved() || nvme.hasAnswers();
  }

  @Override
  public void deliver() {
    reap();
    nvme.deliver();
    askStarvedAgain();
    datagrams.askStarvedAgain();
  }

  @Override
  public void wake() {
    // Under a lock, because a waker may come late: after close() the descriptor's number can be
    // that
    // of somebody's file, and eight bytes would go there. The call itself costs a hundred times
    // more.
    synchronized (wakeLock) {
      if (!closed) {
        // The descriptor is a counter: a write never blocks here and needs no memory of its own.
        Libc.write(wakeFd, wakeValue.address(), Long.BYTES);
      }
    }
  }

  @Override
  public void wakeOther(Driver other) {
    if (closed || !(other instanceof UringDriver target) || target.ring == null) {
      other.wake();
      return;
    }
    next()
        .prepMsgRing(target.ring.fd(), 0, UserData.of(SLOT_WOKEN, 0))
        .userData(UserData.of(SLOT_WAKE_SENT, wakeTargetIndex(target)));
  }

  @Override
  public int operationsUnderWay() {
    // The driver's own eventfd read is always one of them.
    return Math.max(0, table.underWayCount() - 1);
  }

  @Override
  public DriverCounters counters() {
    return counters;
  }

  @Override
  public void close() {
    synchronized (wakeLock) {
      if (closed) {
        return;
      }
      closed = true;
    }
    try {
      endOperationsUnderWay();
    } finally {
      if (ring != null) {
        ring.close();
      }
      nvme.close();
      files.releaseMemory();
      Libc.close(wakeFd);
      arena.close();
    }
  }

  // The kernel may write to our memory until an operation has ended, and the memory goes next. In
  // order, only our own read of the eventfd is left here; after a failure, anything may be.
  private void endOperationsUnderWay() {
    if (sq == null) {
      return;
    }
    int all = IoUring.IORING_ASYNC_CANCEL_ALL | IoUring.IORING_ASYNC_CANCEL_ANY;
    next().prepCancel(0, all).userData(UserData.of(SLOT_IGNORED, 0));
    ring.enter(0, 0);
    files.closing();
    awaitFileOperations();
    files.closeFiles();
  }

  // A socket's operation ends when it is cancelled. What a disk has begun goes on, in memory that
  // is about to be unmapped and perhaps mapped again for somebody else.
  private void awaitFileOperations() {
    long deadline = System.nanoTime() + FILES_NANOS_MAX;
    while (table.anyUnderWay(FileOperation.class) || !nvme.isIdle()) {
      if (System.nanoTime() - deadline > 0) {
        // The memory stays mapped: whoever closes us keeps it when this is thrown.
        throw new UringException("file operations are still under way after "
            + FILES_NANOS_MAX / 1_000_000_000
            + " s; their memory is left to the process.\n  Likely cause: a disk or a network file"
            + " system that does not answer. Check dmesg and the mount.");
      }
      nvme.finish(FILES_LOOK_NANOS);
      ring.enter(nvme.isIdle() ? 1 : 0, FILES_LOOK_NANOS);
      reapFileAnswers();
    }
  }

  private void reapFileAnswers() {
    for (int left = cq.ready(); left > 0; left--) {
      Operation operation = UserData.slot(cq.userData(0)) < 0 ? null : table.find(cq.userData(0));
      int result = cq.result(0);
      cq.advance(1);
      if (operation instanceof FileOperation) {
        table.end(operation);
        releaseDescription(operation);
        try {
          operation.completed(result, NO_BUFFER, true);
        } catch (RuntimeException refused) {
          // It asked for more, of a driver that is being closed: there is nobody left to tell.
          LOG.debug("an answer at the end of a driver was not taken", refused);
        }
      }
    }
  }

  private void reap() {
    int ready = cq.ready();
    int handled = 0;
    int sinceAdvance = 0;
    while (handled < ready) {
      long word = cq.userData(sinceAdvance);
      int result = cq.result(sinceAdvance);
      int flags = cq.flags(sinceAdvance);
      handled++;
      if (++sinceAdvance == ADVANCE_EVERY) {
        cq.advance(sinceAdvance);
        sinceAdvance = 0;
      }
      deliver(word, result, flags);
    }
    cq.advance(sinceAdvance);
    counters.completed += handled;
    counters.enters = ring.entersCount();
    counters.submitted = ring.sqesSubmitted();
    if (ring.overflowsSeen() != counters.overflowedEnters) {
      counters.overflowedEnters = ring.overflowsSeen();
      counters.completionsDropped = cq.dropped();
    }
    counters.stale = table.staleCount();
  }

  private void deliver(long word, int result, int flags) {
    int slot = UserData.slot(word);
    if (slot < 0) {
      deliverOwn(slot, UserData.generation(word), result);
      return;
    }
    Operation operation = table.find(word);
    if (operation == null) {
      if ((flags & IoUring.IORING_CQE_F_BUFFER) != 0) {
        // The bytes are nobody's, the buffer is still ours to give back.
        int bufferId = CompletionQueue.bufferId(flags);
        buffers.lend(bufferId);
        buffers.release(bufferId);
      }
      return;
    }
    boolean isLast = (flags & IoUring.IORING_CQE_F_MORE) == 0;
    if (isLast) {
      table.end(operation);
    }
    if (operation.datagramGroup != null && deliverMessage(operation, result, flags, isLast)) {
      return;
    }
    if ((flags & IoUring.IORING_CQE_F_NOTIF) != 0) {
      // The result is not an errno here but a word of flags.
      boolean wasCopied = (result & IoUring.IORING_NOTIF_USAGE_ZC_COPIED) != 0;
      ((SendOperation) operation).memoryReleased(wasCopied);
    } else if ((flags & IoUring.IORING_CQE_F_BUFFER) != 0) {
      deliverBuffer(operation, result, CompletionQueue.bufferId(flags), isLast);
    } else if (result == -Errno.ENOBUFS && operation.receivingSocket >= 0) {
      if (operation.isCancelRequested) {
        operation.completed(-Errno.ECANCELED, NO_BUFFER, true);
      } else {
        starve(operation);
      }
    } else {
      releaseDescription(operation);
      if (!isLast && operation instanceof SendOperation) {
        // Only its notification is to come, which nothing can cancel: asking again would spin.
        operation.isCancelRequested = false;
      }
      operation.completed(result, NO_BUFFER, isLast);
    }
  }

  // Whether that was it: what a stamped receive is told without a buffer is told as to any other.
  private boolean deliverMessage(Operation operation, int result, int flags, boolean isLast) {
    if (operation.datagramGroup != stamped.group) {
      datagrams.deliver(operation, result, flags, isLast);
      return true;
    }
    if (StampedReceives.hasBuffer(flags)) {
      stamped.deliver((ReceiveOperation) operation, result, flags, isLast);
      return true;
    }
    return false;
  }

  private static void prepareZeroCopy(
      Sqe sqe, int socket, SendOperation operation, boolean isGathered, int flags) {
    if (isGathered) {
      sqe.prepSendmsgZc(socket, MessageHeader.write(operation, operation.description), flags);
    } else {
      SendPart part = operation.part(0);
      sqe.prepSendZc(socket, part.address(), part.length(), flags);
    }
    sqe.ioprio(IoUring.IORING_SEND_ZC_REPORT_USAGE);
  }

  private void deliverBuffer(Operation operation, int result, int bufferId, boolean isLast) {
    buffers.lend(bufferId);
    try {
      operation.completed(result, bufferId, isLast);
    } finally {
      buffers.release(bufferId);
    }
  }

  private void deliverOwn(int slot, int targetIndex, int result) {
    if (slot == SLOT_WOKEN) {
      counters.wakes++;
    } else if (slot == SLOT_CANCEL) {
      cancelAnswered(targetIndex, result);
    } else if (slot == SLOT_WAKE_SENT && result < 0) {
      // The other ring could not take the message (its completion queue is full, it is closing):
      // the
      // wake must not be lost, and the slow way always works.
      wakeTargets.get(targetIndex).wake();
    }
  }

  private void askToCancel(Operation operation) {
    next()
        .prepCancel(table.wordOf(operation), 0)
        .userData(UserData.of(SLOT_CANCEL, operation.slot));
  }

  // The kernel finds nothing to cancel when the operation has ended, and its last answer is then
  // delivered before this one; or when the operation is between two of its rounds, which a receive
  // under a flood of bytes can be. Then it is still here, and is asked for again.
  private void cancelAnswered(int targetSlot, int result) {
    Operation target = table.at(targetSlot);
    if (result < 0 && target != null && target.isCancelRequested) {
      askToCancel(target);
    }
  }

  private int wakeTargetIndex(UringDriver target) {
    int index = wakeTargets.indexOf(target);
    if (index < 0) {
      wakeTargets.add(target);
      index = wakeTargets.size() - 1;
    }
    return index;
  }

  // ENOBUFS ends a multishot receive. Asking at once would spin: the kernel would answer ENOBUFS
  // again until a buffer is back. So the operation waits here, and askStarvedAgain() runs after the
  // turn has given its buffers back.
  private void starve(Operation operation) {
    counters.buffersExhausted++;
    if (starvedHead == null) {
      long allBytes = (long) buffersCount * bufferBytes;
      if (FlightRecording.isOn()) {
        PoolExhaustedEvent.report("receive buffers", allBytes, allBytes);
      }
    }
    operation.isStarved = true;
    operation.starvedNext = null;
    if (starvedTail == null) {
      starvedHead = operation;
    } else {
      starvedTail.starvedNext = operation;
    }
    starvedTail = operation;
  }

  private void askStarvedAgain() {
    // One receive for each free buffer at most: more would only starve again.
    int free = buffers.freeCount();
    while (starvedHead != null && (free-- > 0 || starvedHead.isCancelRequested)) {
      Operation operation = starvedHead;
      starvedHead = operation.starvedNext;
      if (starvedHead == null) {
        starvedTail = null;
      }
      operation.starvedNext = null;
      operation.isStarved = false;
      if (operation.isCancelRequested) {
        operation.completed(-Errno.ECANCELED, NO_BUFFER, true);
      } else if (operation.datagramGroup != null) {
        receiveStamped(operation.receivingSocket, (ReceiveOperation) operation);
      } else {
        receive(operation.receivingSocket, operation);
      }
    }
  }

  // For the parts of this driver in classes of their own.

  long begin(Operation operation) {
    return table.begin(operation);
  }

  BufferRing newBufferRing(int group, int entries, int bytes) {
    return ring.newEmptyBufferRing(group, entries, bytes, 0);
  }

  /** Sees to it that the next entries go into the kernel together: a chain ends where they do. */
  void makeRoom(int entries) {
    for (int attempts = 0; sq.free() < entries; attempts++) {
      if (attempts == SUBMIT_ATTEMPTS_MAX) {
        throw submissionQueueFull();
      }
      ring.enter(0, 0);
    }
  }

  Sqe next() {
    Sqe sqe = sq.next();
    for (int attempts = 0; sqe == null; attempts++) {
      if (attempts == SUBMIT_ATTEMPTS_MAX) {
        throw submissionQueueFull();
      }
      // Submits only; completions wait in their queue until the turn reaches them.
      ring.enter(0, 0);
      sqe = sq.next();
    }
    return sqe;
  }

  private UringException submissionQueueFull() {
    return new UringException("submission queue stays full: entries="
        + options.sqEntries()
        + ", completions ready="
        + cq.ready()
        + ".\n  Likely cause: the kernel refuses submissions. Raise sqEntries.");
  }

  // Without memory for the list of parts the first part goes alone. Sending is what gives memory
  // back: it must not be what fails for want of it.
  private boolean describe(SendOperation operation) {
    try {
      operation.description = blocks.take(MessageHeader.bytesFor(operation.partsCount()));
      return true;
    } catch (PoolExhaustedException exhausted) {
      return false;
    }
  }

  private static void releaseDescription(Operation operation) {
    Block description = operation.description;
    if (description != null) {
      operation.description = null;
      description.release();
    }
  }

  private void askForWake() {
    next().prepRead(wakeFd, wakeRead.address(), Long.BYTES, 0).userData(table.begin(wakeOperation));
  }

  private static boolean isBackpressure(int errno) {
    return errno == Errno.EINTR
        || errno == Errno.EBUSY
        || errno == Errno.EAGAIN
        || errno == Errno.ETIME;
  }

  // The kernel frees the whole queue in one enter unless it is short of memory for requests; a few
  // hundred refusals in a row are not a burst any more.
  private static final int SUBMIT_ATTEMPTS_MAX = 256;

  private final class WakeOperation extends Operation {
    @Override
    protected void completed(int result, int bufferId, boolean isLast) {
      counters.wakes++;
      if (!closed) {
        askForWake();
      }
    }
  }
}

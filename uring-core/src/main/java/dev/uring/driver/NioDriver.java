package dev.uring.driver;

import dev.uring.abi.Socket;
import dev.uring.base.UringException;
import dev.uring.buffer.BlockPool;
import dev.uring.socket.PeerCredentials;
import dev.uring.socket.SocketOptions;
import dev.uring.socket.TcpInfo;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.net.SocketAddress;
import java.nio.channels.NetworkChannel;

/**
 * A driver on the JDK's selector: for systems without io_uring, and those that forbid it.
 *
 * <p>What can be done at once is done inside the call that asks, a send above all, and its answer
 * waits for the next delivery. What cannot is left to the selector. A turn in which nothing but
 * such answers is due does not ask the selector; the next one does, so nobody waits for it longer
 * than one turn.
 *
 * <p>Beside {@link UringDriver} the programs that run on it see these differences and no others:
 * timers of an idle worker fire up to a millisecond later, which is the selector's unit; some
 * socket options, a TCP connection's inner state, a Unix peer's credentials, ECN and the counts of
 * what the kernel dropped are not to be had from the JDK; files are read and written by a bounded
 * pool of threads.
 *
 * <p><i>Thread:</i> the one that called {@link #start}.
 */
public final class NioDriver implements Driver {
  private static final NvmeDriver NVME = NioDriver::refuseCommand;

  private final NioSockets sockets;
  private final int buffersCount;
  private final int bufferBytes;
  private final int headroomBytes;
  private final Arena arena = Arena.ofShared();
  private final DriverCounters counters = new DriverCounters();
  private final NioAnswers answers = new NioAnswers();
  private final NioFiles files;
  private final NioDatagrams datagrams = new NioDatagrams(this, arena);

  // Null until something waits for a descriptor that is no socket's.
  private NioDescriptors descriptors;

  // Null until the start; read by threads that wake.
  private volatile NioSelection selection;
  private Thread thread;
  private NioReceiveBuffers buffers;
  private NioGather gather;

  private int underWay;
  private boolean hasLeftOutSelection;
  private boolean isClosePending;
  private boolean isClosed;

  /**
   * A driver that is not started.
   *
   * @param sockets the same for all drivers of a runtime
   * @param buffersCount receive buffers
   * @param bufferBytes size of each, in bytes
   * @param headroomBytes room in front of each for a carried tail, in bytes
   * @param blocks where what is known about a file is written
   */
  public NioDriver(
      NioSockets sockets, int buffersCount, int bufferBytes, int headroomBytes, BlockPool blocks) {
    // Now: the thread that starts the driver is pinned when it does.
    UnpinnedThreads.noteCpus();
    this.sockets = sockets;
    this.buffersCount = buffersCount;
    this.bufferBytes = bufferBytes;
    this.headroomBytes = headroomBytes;
    this.files = new NioFiles(this, blocks);
  }

  @Override
  public String name() {
    return "nio";
  }

  @Override
  public void start() {
    selection = NioSelection.open();
    thread = Thread.currentThread();
    buffers = new NioReceiveBuffers(buffersCount, bufferBytes, headroomBytes, arena);
    gather = new NioGather(buffers.memory(), arena);
  }

  @Override
  public int openListener(SocketAddress address, ListenOptions options) {
    try {
      return added(NioSocketOptions.openListener(address, options));
    } catch (IOException | RuntimeException refused) {
      return -NioErrors.errno(refused);
    }
  }

  @Override
  public int openStream(SocketAddress remote, SocketOptions options) {
    try {
      return added(new NioStream(NioSocketOptions.openStream(remote, options)));
    } catch (IOException | RuntimeException refused) {
      return -NioErrors.errno(refused);
    }
  }

  @Override
  public void closeNow(int socket) {
    NioSocket removed = sockets.remove(socket);
    if (removed != null) {
      removed.closeChannel();
      if (isClosePending && Thread.currentThread() == thread) {
        isClosePending = false;
        selection.letGoOfClosed();
      }
    }
  }

  @Override
  public SocketAddress localAddress(int socket) {
    NioSocket found = sockets.find(socket);
    try {
      return found == null ? null : found.localAddress();
    } catch (IOException closed) {
      return null;
    }
  }

  @Override
  public SocketAddress remoteAddress(int socket) {
    NioSocket found = sockets.find(socket);
    try {
      return found == null ? null : found.remoteAddress();
    } catch (IOException closed) {
      return null;
    }
  }

  @Override
  public void resetOnClose(int socket) {
    NioSocket found = sockets.find(socket);
    if (found != null) {
      found.resetOnClose();
    }
  }

  /** Always null: of a peer the JDK tells names, and not the process. */
  @Override
  public PeerCredentials peerCredentials(int socket) {
    return null;
  }

  /** Always null: the JDK does not tell. */
  @Override
  public TcpInfo tcpInfo(int socket) {
    return null;
  }

  @Override
  public void acknowledgeAtOnce(int socket) {
    if (sockets.find(socket) instanceof NioStream stream) {
      NioSocketOptions.acknowledgeAtOnce((NetworkChannel) stream.channel());
    }
  }

  @Override
  public void connect(int socket, SocketAddress remote, Operation operation) {
    stream(socket).connect(this, remote, operation);
  }

  @Override
  public void accept(int listener, Operation operation) {
    ((NioListener) open(listener)).accept(this, operation);
  }

  @Override
  public void receive(int socket, Operation operation) {
    stream(socket).receive(this, operation);
  }

  @Override
  public void send(int socket, SendOperation operation) {
    stream(socket).send(this, operation);
  }

  @Override
  public void shutdownOutput(int socket, Operation operation) {
    stream(socket).shutdownOutput(this, operation);
  }

  @Override
  public void close(int socket, Operation operation) {
    NioSocket closing = open(socket);
    begin(operation, closing);
    // The next selection, which goes before the answer, has the system close it.
    sockets.remove(closing);
    closing.closeChannel();
    answerLater(operation, 0);
  }

  @Override
  public void awaitReadable(int descriptor, Operation operation) {
    NioDescriptors waiting = descriptors();
    begin(operation);
    waiting.await(descriptor, Socket.POLLIN, null, operation);
  }

  @Override
  public void cancel(Operation operation) {
    if (!operation.isUnderWay() || descriptors != null && descriptors.cancel(operation)) {
      return;
    }
    if (operation instanceof FileOperation file) {
      files.cancel(file);
      return;
    }
    NioSocket socket = sockets.find(operation.receivingSocket);
    if (socket != null) {
      socket.cancel(operation);
    }
  }

  @Override
  public FileDriver files() {
    return files;
  }

  @Override
  public NvmeDriver nvme() {
    return NVME;
  }

  @Override
  public NioReceiveBuffers receiveBuffers() {
    return buffers;
  }

  @Override
  public DatagramDriver datagrams() {
    return datagrams;
  }

  @Override
  public void enter(long timeoutNanos) {
    boolean isDue = hasAnswers();
    if (isDue && !isClosePending && !hasLeftOutSelection) {
      hasLeftOutSelection = true;
      return;
    }
    hasLeftOutSelection = false;
    isClosePending = false;
    counters.enters++;
    selection.select(isDue ? 0 : timeoutNanos);
    if (selection.takeWake()) {
      counters.wakes++;
    }
  }

  @Override
  public boolean hasAnswers() {
    return selection.hasReady()
        || answers.count() > 0
        || files.hasAnswers()
        || descriptors != null && descriptors.hasAnswers();
  }

  @Override
  public void deliver() {
    deliverAnswers();
    files.deliver();
    if (descriptors != null) {
      descriptors.deliver();
    }
    selection.deliver();
  }

  @Override
  public void wake() {
    NioSelection sleeping = selection;
    if (sleeping != null) {
      sleeping.wake();
    }
  }

  @Override
  public void wakeOther(Driver other) {
    other.wake();
  }

  @Override
  public int operationsUnderWay() {
    return underWay;
  }

  @Override
  public DriverCounters counters() {
    return counters;
  }

  @Override
  public void close() {
    if (isClosed) {
      return;
    }
    isClosed = true;
    try {
      if (descriptors != null) {
        descriptors.close();
      }
      files.close();
    } finally {
      if (selection != null) {
        selection.close(sockets);
      }
      arena.close();
    }
  }

  // For the sockets and the other parts of this driver.

  /**
   * Delivers answers in the middle of a delivery, unless one of them may say that a socket is
   * closed: the system closes it in the next selection, and that is not told before it is so.
   */
  void deliverAnswersAhead() {
    if (!isClosePending) {
      deliverAnswers();
    }
  }

  // Those that are there now: what they lead to is for later, or this might not end.
  private void deliverAnswers() {
    for (int left = answers.count(); left > 0; left--) {
      int result = answers.result();
      answer(answers.poll(), result);
    }
  }

  NioSockets sockets() {
    return sockets;
  }

  NioDescriptors descriptors() {
    if (descriptors == null) {
      descriptors = new NioDescriptors(this);
    }
    return descriptors;
  }

  NioSelection selection() {
    return selection;
  }

  NioGather gather() {
    return gather;
  }

  /** Notes that an operation is under way on a socket. */
  void begin(Operation operation, NioSocket socket) {
    socket.usedBy(this);
    operation.receivingSocket = socket.id;
    begin(operation);
  }

  /** Notes that an operation is under way. */
  void begin(Operation operation) {
    if (operation.slot != Operation.NO_SLOT) {
      throw new IllegalStateException("operation asked for twice: " + operation);
    }
    operation.slot = SLOT_TAKEN;
    underWay++;
    counters.submitted++;
  }

  /** Takes back {@link #begin}: nothing was asked after all. */
  void abandon(Operation operation) {
    operation.slot = Operation.NO_SLOT;
    underWay--;
  }

  /** The last answer of an operation, from the top level of a delivery. */
  void answer(Operation operation, int result) {
    operation.slot = Operation.NO_SLOT;
    underWay--;
    counters.completed++;
    operation.completed(result, NO_BUFFER, true);
  }

  /** The last answer of an operation, known inside the call that asks. */
  void answerLater(Operation operation, int result) {
    answers.add(operation, result);
  }

  /** A channel that the selector may know was closed, by whatever thread. */
  void channelClosed() {
    if (Thread.currentThread() == thread) {
      isClosePending = true;
    } else {
      wake();
    }
  }

  private int added(NioSocket socket) {
    int id = sockets.add(socket);
    if (id < 0) {
      socket.closeChannel();
    }
    return id;
  }

  private NioSocket open(int socket) {
    NioSocket found = sockets.find(socket);
    if (found == null) {
      throw new IllegalStateException("socket " + socket + " is used after it was closed");
    }
    return found;
  }

  private NioStream stream(int socket) {
    return (NioStream) open(socket);
  }

  private static void refuseCommand(
      int device,
      int opcode,
      int namespace,
      long address,
      int bytes,
      long block,
      int blocksCount,
      FileOperation operation) {
    throw new UringException("NVMe commands need io_uring, and this worker runs on driver nio.\n"
        + "  Check: `uring doctor` says what is in the way of io_uring.");
  }

  // Any number that is none: slots have no meaning here, only whether there is one.
  private static final int SLOT_TAKEN = 0;
}

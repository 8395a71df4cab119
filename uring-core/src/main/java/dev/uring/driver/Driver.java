package dev.uring.driver;

import dev.uring.socket.PeerCredentials;
import dev.uring.socket.SocketOptions;
import dev.uring.socket.TcpInfo;
import java.net.SocketAddress;

/**
 * What a worker asks of a kernel.
 *
 * <h2>Shapes and units</h2>
 *
 * Sockets are small numbers that only their driver can read. Results are a count or socket ≥ 0, or
 * a negative errno. Time is in nanoseconds.
 *
 * <h2>Ownership</h2>
 *
 * A socket belongs to whoever got it from {@link #accept} until {@link #close}. A driver never
 * closes one by itself, except those still open when the driver is closed. Before anything else is
 * asked of it, an accepted socket may be handed over to another driver of the same kind.
 *
 * <h2>Threading and cancellation</h2>
 *
 * Created on any thread; {@link #start} binds it to the calling thread, which alone may then use
 * it. {@link #wake} and the listener methods are for any thread. Completions are delivered inside
 * {@link #deliver}, never inside the call that asks.
 */
public interface Driver extends AutoCloseable {
  /** Says that a completion brings no buffer. */
  int NO_BUFFER = -1;

  /** Waits in {@link #enter} without a time limit. */
  long FOREVER = -1;

  /**
   * The name users choose it by.
   *
   * @return {@code "uring"} and the like
   */
  String name();

  /** Binds the driver to the calling thread and makes it ready. */
  void start();

  /**
   * Opens a listening socket. Any thread.
   *
   * @param address where to listen; port 0 lets the kernel choose
   * @param options how
   * @return the socket, or a negative errno
   */
  int openListener(SocketAddress address, ListenOptions options);

  /**
   * Closes a socket at once, for one that no operation uses. Any thread.
   *
   * @param socket the socket
   */
  void closeNow(int socket);

  /**
   * This side's address. Any thread.
   *
   * @param socket the socket
   * @return the address, or null when the socket is not connected any more
   */
  SocketAddress localAddress(int socket);

  /**
   * The peer's address. Any thread.
   *
   * @param socket the socket
   * @return the address, or null when the socket is not connected any more
   */
  SocketAddress remoteAddress(int socket);

  /**
   * Makes closing a socket reset the connection and drop what is unsent.
   *
   * @param socket the socket
   */
  void resetOnClose(int socket);

  /**
   * Who is at the other end of a Unix socket. Any thread.
   *
   * @param socket the socket
   * @return the peer, or null when the socket is of another family or not connected
   */
  PeerCredentials peerCredentials(int socket);

  /**
   * What TCP knows about a connection. Any thread.
   *
   * @param socket the socket
   * @return the values at this moment, or null when the socket is no TCP socket
   */
  TcpInfo tcpInfo(int socket);

  /**
   * Hints that what has arrived shall be acknowledged without waiting for a reply.
   *
   * @param socket the socket
   */
  void acknowledgeAtOnce(int socket);

  /**
   * Opens a stream socket to be connected. Any thread.
   *
   * @param remote the peer it is for
   * @param options how
   * @return the socket, or a negative errno
   */
  int openStream(SocketAddress remote, SocketOptions options);

  /**
   * Connects a socket: one answer, 0 or a negative errno.
   *
   * @param socket from {@link #openStream}
   * @param remote the peer
   * @param operation hears the answer
   */
  void connect(int socket, SocketAddress remote, Operation operation);

  /**
   * Accepts connections until cancelled: each answer is a socket or a negative errno.
   *
   * @param listener the listening socket
   * @param operation hears the answers
   */
  void accept(int listener, Operation operation);

  /**
   * Receives until cancelled: each answer is a number of bytes with a buffer, 0 at the peer's FIN,
   * or a negative errno. When no buffer is free, the driver waits for one by itself.
   *
   * @param socket the socket
   * @param operation hears the answers
   */
  void receive(int socket, Operation operation);

  /**
   * Receives as {@link #receive} does, and tells of each arrival when the kernel took it from the
   * network ({@link ReceiveOperation#stampNanos}), on a socket that was opened with
   * {@link SocketOptions#receiveTimestamps}. A driver that cannot receives without.
   *
   * @param socket the socket
   * @param operation hears the answers; its buffers begin with {@link ReceiveOperation#stampBytes}
   *     of the kernel's own
   */
  default void receiveStamped(int socket, ReceiveOperation operation) {
    receive(socket, operation);
  }

  /**
   * Sends the operation's parts in order: one answer, the number of bytes the kernel took. Fewer
   * than asked when the connection ends, or when there is no memory to gather all parts. After the
   * answer to a zero-copy send the memory may stay busy until {@link SendOperation#memoryReleased}.
   *
   * @param socket the socket
   * @param operation holds the parts and hears the answer
   */
  void send(int socket, SendOperation operation);

  /**
   * Sends a FIN: one answer.
   *
   * @param socket the socket
   * @param operation hears the answer
   */
  void shutdownOutput(int socket, Operation operation);

  /**
   * Closes a socket that no other operation uses: one answer.
   *
   * @param socket the socket
   * @param operation hears the answer
   */
  void close(int socket, Operation operation);

  /**
   * Waits until a descriptor can be read, or has nothing to wait for any more, such as one of a
   * process that has ended: one answer, ≥ 0 or a negative errno.
   *
   * @param descriptor of the kernel's, opened by this library
   * @param operation hears the answer
   * @throws UnsupportedOperationException this driver cannot
   */
  default void awaitReadable(int descriptor, Operation operation) {
    throw new UnsupportedOperationException("the driver "
        + name()
        + " cannot wait for descriptors, which child processes and watches of files need.\n  Use"
        + " the driver uring; uring doctor says what keeps it from working here.");
  }

  /**
   * Asks to end an operation under way; its last answer still comes, perhaps a success. Does
   * nothing when none is under way.
   *
   * @param operation the operation
   */
  void cancel(Operation operation);

  /**
   * Files, on this driver.
   *
   * @return always the same object
   */
  FileDriver files();

  /**
   * NVMe devices, on this driver.
   *
   * @return always the same object
   */
  NvmeDriver nvme();

  /**
   * The buffers receives are answered with.
   *
   * @return always the same object
   */
  ReceiveBuffers receiveBuffers();

  /**
   * The part for datagrams.
   *
   * @return always the same object
   */
  DatagramDriver datagrams();

  /**
   * Hands everything asked for to the kernel and waits for an answer. Delivers none: the worker
   * looks at the clock in between, so that callbacks do not see the time before the wait.
   *
   * @param timeoutNanos longest wait; 0 does not wait, {@link #FOREVER} has no limit
   */
  void enter(long timeoutNanos);

  /**
   * Whether {@link #deliver} would do something now. Does not ask the kernel: {@link #enter} does.
   *
   * @return {@code true} when answers are there
   */
  boolean hasAnswers();

  /** Delivers the answers there are. */
  void deliver();

  /** Ends a wait in {@link #enter}, now or the next one. Any thread. */
  void wake();

  /**
   * Ends another driver's wait, from this driver's thread; may be put off to the end of this turn.
   *
   * @param other a driver of the same kind
   */
  void wakeOther(Driver other);

  /**
   * Operations under way.
   *
   * @return a count, the driver's own not included
   */
  int operationsUnderWay();

  /**
   * Counts of what the driver did.
   *
   * @return plain counters, changed by the driver's thread
   */
  DriverCounters counters();

  /** Releases everything. On the driver's thread, with no operation of others under way. */
  @Override
  void close();
}

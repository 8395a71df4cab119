package dev.uring.driver;

import java.net.InetAddress;

/**
 * What a worker asks of a kernel about datagrams: the part of {@link Driver} for UDP.
 *
 * <h2>Shapes and units</h2>
 *
 * As {@link Driver}: sockets are small numbers, results a count or socket ≥ 0, or a negative errno.
 *
 * <h2>Ownership</h2>
 *
 * A socket belongs to whoever opened it until {@link Driver#close}. Buffers belong to the driver
 * and are lent with an answer.
 *
 * <h2>Threading and cancellation</h2>
 *
 * {@link #open} is for any thread, the rest for the driver's. {@link Driver#cancel} ends a receive
 * or a send.
 */
public interface DatagramDriver {
  /**
   * Opens a socket.
   *
   * @param opening how
   * @return the socket, or a negative errno
   */
  int open(DatagramOpening opening);

  /**
   * The buffers for receives of one size, made when they are first asked for and shared by all
   * sockets that ask for the same.
   *
   * @param count how many; a power of two
   * @param payloadBytes payload each can take
   * @return always the same object for the same numbers
   * @throws dev.uring.base.UringException there are too many different sizes already
   */
  ReceiveBuffers buffers(int count, int payloadBytes);

  /**
   * As {@link #buffers}, with room for the kernel's time of arrival, which sockets that were opened
   * with {@link DatagramOpening#timestamps} want.
   *
   * @param count how many; a power of two
   * @param payloadBytes payload each can take
   * @return always the same object for the same numbers; of a driver that tells no times, the one
   *     of {@link #buffers}
   * @throws dev.uring.base.UringException there are too many different sizes already
   */
  default ReceiveBuffers stampedBuffers(int count, int payloadBytes) {
    return buffers(count, payloadBytes);
  }

  /**
   * Receives until cancelled: each answer is a buffer for {@link #read}, or a negative errno. When
   * no buffer is free, the driver waits for one by itself. An answer may be the last without being
   * an error.
   *
   * @param socket the socket
   * @param buffers from {@link #buffers}
   * @param operation hears the answers
   */
  void receive(int socket, ReceiveBuffers buffers, Operation operation);

  /**
   * Reads what a receive brought.
   *
   * @param buffers the buffers it was asked with
   * @param bufferId from the answer, lent or retained
   * @param result from the answer
   * @param arrival written over
   */
  void read(ReceiveBuffers buffers, int bufferId, int result, DatagramArrival arrival);

  /**
   * Sends a datagram or a train: one answer. Sends are not ordered among each other.
   *
   * @param socket the socket
   * @param isSocketV4 whether it was opened with an IPv4 address
   * @param operation says what and to whom, and hears the answer
   */
  void send(int socket, boolean isSocketV4, DatagramSend operation);

  /**
   * Joins or leaves a multicast group.
   *
   * @param socket the socket
   * @param group the group's address
   * @param interfaceIndex the interface to hear it on; 0 lets the routing table choose
   * @param isMember whether to join
   * @return 0 or a negative errno
   */
  int membership(int socket, InetAddress group, int interfaceIndex, boolean isMember);

  /**
   * Says how multicast is sent.
   *
   * @param socket the socket
   * @param isSocketV4 whether it was opened with an IPv4 address
   * @param option which
   * @param value its value
   * @return 0 or a negative errno
   */
  int multicast(int socket, boolean isSocketV4, MulticastOption option, int value);

  /**
   * Buffers that somebody holds now, of all sizes.
   *
   * @return a count; 0 between turns when nothing is retained
   */
  int buffersHeldCount();
}

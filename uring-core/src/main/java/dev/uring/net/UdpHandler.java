package dev.uring.net;

import dev.uring.bytes.ByteView;

/**
 * What a program does with the datagrams of a socket.
 *
 * <h2>Threading and cancellation</h2>
 *
 * Every method is called on the socket's worker, from the top level of its loop and never inside
 * another call, so a method may use the socket freely. It must not block.
 *
 * <h2>Errors</h2>
 *
 * What a method throws is logged and counted; the datagram is done with and the socket goes on:
 * anybody may send anything to a port, and one bad datagram must not end the service for all.
 *
 * @see UdpSocket
 */
public interface UdpHandler {
  /**
   * The socket is ready, and no datagram has been offered yet.
   *
   * @param socket the socket
   */
  default void onOpen(UdpSocket socket) {}

  /**
   * A datagram has arrived.
   *
   * <h4>Ownership</h4>
   *
   * View and peer are borrowed until this method returns. {@link UdpSocket#postpone()} keeps the
   * datagram to be offered again.
   *
   * @param socket the socket; {@link UdpSocket#isTruncated()} and {@link UdpSocket#ecn()} say more
   *     about this datagram
   * @param payload its bytes, perhaps none
   * @param peer who sent it
   */
  void onDatagram(UdpSocket socket, ByteView payload, UdpPeer peer);

  /**
   * Few enough bytes are unsent; answers {@link UdpSocket#requestWritable}.
   *
   * @param socket the socket
   */
  default void onWritable(UdpSocket socket) {}

  /**
   * The network or the kernel reported an error about something this socket sent: an ICMP message
   * (only a connected socket hears of those), or a datagram that could not be sent. The socket goes
   * on.
   *
   * @param socket the socket
   * @param errno the positive error number, for example 111 (ECONNREFUSED)
   */
  default void onError(UdpSocket socket, int errno) {}

  /**
   * The runtime is shutting down. After {@code drainTimeout} the socket is closed without its
   * unsent datagrams.
   *
   * <p>By default answers with {@link UdpSocket#close()}.
   *
   * @param socket the socket
   */
  default void onDrain(UdpSocket socket) {
    socket.close();
  }

  /**
   * The socket is gone and its descriptor closed. Called exactly once, after every other method.
   *
   * @param socket the socket, of no more use than for its counters
   * @param cause null when it was closed in order; otherwise what ended it
   */
  default void onClosed(UdpSocket socket, Throwable cause) {}
}

package dev.uring.driver;

import java.net.InetSocketAddress;

/**
 * How a datagram socket is opened.
 *
 * @param local where it is bound; port 0 lets the kernel choose
 * @param remote the only peer it is for, or null for any
 * @param reusePort whether several sockets share the address, the kernel spreading senders
 * @param reuseAddress whether sockets that join the same multicast group may share the port
 * @param v6Only whether a socket bound to an IPv6 address refuses IPv4 peers
 * @param broadcast whether it may send to a broadcast address
 * @param ecn whether arrivals say their ECN mark
 * @param timestamps whether arrivals say when they came
 * @param joinsArrivals whether the kernel may join arrivals to a train (GRO)
 * @param receiveBufferBytes the kernel's receive buffer, or 0 for the system's default
 * @param sendBufferBytes the kernel's send buffer, or 0 for the system's default
 */
public record DatagramOpening(
    InetSocketAddress local,
    InetSocketAddress remote,
    boolean reusePort,
    boolean reuseAddress,
    boolean v6Only,
    boolean broadcast,
    boolean ecn,
    boolean timestamps,
    boolean joinsArrivals,
    int receiveBufferBytes,
    int sendBufferBytes) {

  /**
   * The same at another address.
   *
   * @param address where it is bound
   * @return the opening
   */
  public DatagramOpening at(InetSocketAddress address) {
    return new DatagramOpening(
        address,
        remote,
        reusePort,
        reuseAddress,
        v6Only,
        broadcast,
        ecn,
        timestamps,
        joinsArrivals,
        receiveBufferBytes,
        sendBufferBytes);
  }

  /**
   * The same, sharing the address or not.
   *
   * @param shares whether several sockets share the address
   * @return the opening
   */
  public DatagramOpening sharing(boolean shares) {
    return new DatagramOpening(
        local,
        remote,
        shares,
        reuseAddress,
        v6Only,
        broadcast,
        ecn,
        timestamps,
        joinsArrivals,
        receiveBufferBytes,
        sendBufferBytes);
  }
}

package dev.uring.driver;

import dev.uring.socket.SocketOptions;

/**
 * How a listening socket is opened.
 *
 * @param backlog most connections the kernel completes before the program accepts them
 * @param reusePort whether several sockets share the address, the kernel spreading connections
 * @param isOnlyIpv6 whether a socket on an IPv6 address takes no IPv4 client
 * @param socket what else is set; accepted connections inherit it, so it costs no call for each
 */
public record ListenOptions(
    int backlog, boolean reusePort, boolean isOnlyIpv6, SocketOptions socket) {

  /**
   * The same with an address of its own.
   *
   * @return options that share the address with no other socket
   */
  public ListenOptions withoutReusePort() {
    return new ListenOptions(backlog, false, isOnlyIpv6, socket);
  }
}

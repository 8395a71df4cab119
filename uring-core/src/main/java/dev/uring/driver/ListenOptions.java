package dev.uring.driver;

/**
 * How a listening socket is opened.
 *
 * @param backlog most connections the kernel completes before the program accepts them
 * @param reusePort whether several sockets share the address, the kernel spreading connections
 * @param tcpNoDelay whether accepted connections send small segments at once; inherited from the
 *     listener, so it costs no call for each connection
 */
public record ListenOptions(int backlog, boolean reusePort, boolean tcpNoDelay) {

  /**
   * The same with an address of its own.
   *
   * @return options that share the address with no other socket
   */
  public ListenOptions withoutReusePort() {
    return new ListenOptions(backlog, false, tcpNoDelay);
  }
}

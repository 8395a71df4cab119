package dev.uring.abi;

/**
 * Numbers of the socket headers ({@code <sys/socket.h>}, {@code <netinet/in.h>},
 * {@code <netinet/tcp.h>}, {@code <poll.h>}), under the names the headers use. The same on x86_64
 * and aarch64.
 */
public final class Socket {

  private Socket() {}

  // Address families.

  /** Local sockets. */
  public static final int AF_UNIX = 1;

  /** IPv4. */
  public static final int AF_INET = 2;

  /** IPv6. */
  public static final int AF_INET6 = 10;

  // Socket types and creation flags; the flags are also those of accept4(2).

  /** A byte stream. */
  public static final int SOCK_STREAM = 1;

  /** Datagrams. */
  public static final int SOCK_DGRAM = 2;

  /** Non-blocking descriptor. */
  public static final int SOCK_NONBLOCK = 0x800;

  /** Closed on exec. */
  public static final int SOCK_CLOEXEC = 0x80000;

  // Levels.

  /** Options of the socket itself. */
  public static final int SOL_SOCKET = 1;

  /** IPv4 options. */
  public static final int IPPROTO_IP = 0;

  /** TCP, as protocol and as option level. */
  public static final int IPPROTO_TCP = 6;

  /** UDP, as protocol and as option level. */
  public static final int IPPROTO_UDP = 17;

  /** IPv6 options. */
  public static final int IPPROTO_IPV6 = 41;

  // Options at SOL_SOCKET.

  /** Bind to an address with connections in TIME_WAIT. */
  public static final int SO_REUSEADDR = 2;

  /** Read and clear the pending error. */
  public static final int SO_ERROR = 4;

  /** Size of the send buffer, bytes. */
  public static final int SO_SNDBUF = 7;

  /** Size of the receive buffer, bytes. */
  public static final int SO_RCVBUF = 8;

  /** Probes on an idle connection. */
  public static final int SO_KEEPALIVE = 9;

  /** What close does with unsent data; a {@code struct linger}. */
  public static final int SO_LINGER = 13;

  /** Several sockets on one address, the kernel spreads connections over them. */
  public static final int SO_REUSEPORT = 15;

  /** Who the peer of a Unix socket is; a {@code struct ucred}. */
  public static final int SO_PEERCRED = 17;

  /** Busy-poll time for receives, microseconds. */
  public static final int SO_BUSY_POLL = 46;

  /** The CPU that last handled this socket's packets; for a listener, the CPU it prefers. */
  public static final int SO_INCOMING_CPU = 49;

  /**
   * Each arrival says when the kernel took it from the network; also the type of the control
   * message, a {@code struct __kernel_timespec}. Since 5.1.
   */
  public static final int SO_TIMESTAMPNS_NEW = 64;

  // Options at IPPROTO_TCP.

  /** Send small segments at once. */
  public static final int TCP_NODELAY = 1;

  /** Hold back partial segments. */
  public static final int TCP_CORK = 3;

  /** Seconds of idleness before the first probe. */
  public static final int TCP_KEEPIDLE = 4;

  /** Seconds between probes. */
  public static final int TCP_KEEPINTVL = 5;

  /** Probes before the connection is dropped. */
  public static final int TCP_KEEPCNT = 6;

  /** Wake the listener only when data has come, seconds. */
  public static final int TCP_DEFER_ACCEPT = 9;

  /** What the kernel knows about the connection; a {@code struct tcp_info}. */
  public static final int TCP_INFO = 11;

  /** Acknowledge at once. */
  public static final int TCP_QUICKACK = 12;

  /** Milliseconds that sent data may stay unacknowledged. */
  public static final int TCP_USER_TIMEOUT = 18;

  /** Data in the SYN of a listener. */
  public static final int TCP_FASTOPEN = 23;

  /** Data in the SYN of a connect, which then succeeds at once. */
  public static final int TCP_FASTOPEN_CONNECT = 30;

  /** Unsent bytes below which the socket counts as writable. */
  public static final int TCP_NOTSENT_LOWAT = 25;

  // Options at IPPROTO_IP.

  /** A bind to port 0 leaves the choice of the port to connect. */
  public static final int IP_BIND_ADDRESS_NO_PORT = 24;

  // Options at IPPROTO_IPV6.

  /** The socket takes no IPv4 traffic. */
  public static final int IPV6_V6ONLY = 26;

  // Message flags.

  /** Look without taking. */
  public static final int MSG_PEEK = 2;

  /** Do not wait. */
  public static final int MSG_DONTWAIT = 0x40;

  /** Receive, or under io_uring also send, the whole length before completing. */
  public static final int MSG_WAITALL = 0x100;

  /** No SIGPIPE when the peer has gone. */
  public static final int MSG_NOSIGNAL = 0x4000;

  /** More follows: hold back a partial segment. */
  public static final int MSG_MORE = 0x8000;

  // shutdown(2).

  /** No more receives. */
  public static final int SHUT_RD = 0;

  /** No more sends. */
  public static final int SHUT_WR = 1;

  /** Neither. */
  public static final int SHUT_RDWR = 2;

  // poll(2) events.

  /** Readable. */
  public static final int POLLIN = 1;

  /** Writable. */
  public static final int POLLOUT = 4;

  /** Error; always reported. */
  public static final int POLLERR = 8;

  /** Hang-up; always reported. */
  public static final int POLLHUP = 0x10;

  /** The descriptor is not open; always reported. */
  public static final int POLLNVAL = 0x20;

  /** The peer has shut down its sending side. */
  public static final int POLLRDHUP = 0x2000;

  /**
   * Backlog the kernel cuts to {@code net.core.somaxconn}; 4096 is that sysctl's default since 5.4.
   */
  public static final int SOMAXCONN = 4096;
}

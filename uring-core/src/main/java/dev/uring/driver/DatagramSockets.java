package dev.uring.driver;

import dev.uring.abi.Datagram;
import dev.uring.abi.Layouts;
import dev.uring.abi.Socket;
import dev.uring.ffi.Libc;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;

/** Socket calls that are made once for a datagram socket, not once for a datagram. */
final class DatagramSockets {
  private DatagramSockets() {}

  static int open(DatagramOpening opening) {
    boolean isV4 = isV4(opening.local());
    // Not SOCK_NONBLOCK: a non-blocking socket makes io_uring answer EAGAIN where it would wait.
    int type = Socket.SOCK_DGRAM | Socket.SOCK_CLOEXEC;
    int socket = Libc.socket(isV4 ? Socket.AF_INET : Socket.AF_INET6, type, 0);
    if (socket < 0) {
      return socket;
    }
    int result = configure(socket, isV4, opening);
    if (result >= 0) {
      result = bindAndConnect(socket, opening);
    }
    if (result < 0) {
      Libc.close(socket);
      return result;
    }
    return socket;
  }

  static boolean isV4(InetSocketAddress address) {
    return address.getAddress() instanceof Inet4Address;
  }

  static int membership(int socket, InetAddress group, int interfaceIndex, int option) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment request = arena.allocate(Layouts.GROUP_REQ_BYTES, Long.BYTES);
      request.set(ValueLayout.JAVA_INT, Layouts.GROUP_REQ_INTERFACE, interfaceIndex);
      Sockets.encode(new InetSocketAddress(group, 0), request.asSlice(Layouts.GROUP_REQ_GROUP));
      boolean isV4 = group instanceof Inet4Address;
      return Libc.setsockopt(
          socket, isV4 ? Socket.IPPROTO_IP : Socket.IPPROTO_IPV6, option, request);
    }
  }

  static int multicast(int socket, boolean isV4, MulticastOption option, int value) {
    int level = isV4 ? Socket.IPPROTO_IP : Socket.IPPROTO_IPV6;
    return switch (option) {
      case INTERFACE ->
        isV4
            ? multicastInterface(socket, value)
            : Libc.setsockopt(socket, level, Datagram.IPV6_MULTICAST_IF, value);
      case HOPS ->
        Libc.setsockopt(
            socket, level, isV4 ? Datagram.IP_MULTICAST_TTL : Datagram.IPV6_MULTICAST_HOPS, value);
      case LOOP ->
        Libc.setsockopt(
            socket, level, isV4 ? Datagram.IP_MULTICAST_LOOP : Datagram.IPV6_MULTICAST_LOOP, value);
    };
  }

  private static int multicastInterface(int socket, int index) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment request = arena.allocate(Layouts.IP_MREQN_BYTES, Integer.BYTES);
      request.set(ValueLayout.JAVA_INT, Layouts.IP_MREQN_IFINDEX, index);
      return Libc.setsockopt(socket, Socket.IPPROTO_IP, Datagram.IP_MULTICAST_IF, request);
    }
  }

  private static int configure(int socket, boolean isV4, DatagramOpening opening) {
    Setter set = new Setter(socket);
    // Costs nothing while nothing is dropped: the kernel adds the message only then.
    set.flag(true, Socket.SOL_SOCKET, Datagram.SO_RXQ_OVFL);
    set.flag(opening.reusePort(), Socket.SOL_SOCKET, Socket.SO_REUSEPORT);
    set.flag(opening.reuseAddress(), Socket.SOL_SOCKET, Socket.SO_REUSEADDR);
    set.flag(opening.broadcast(), Socket.SOL_SOCKET, Datagram.SO_BROADCAST);
    set.flag(opening.joinsArrivals(), Socket.IPPROTO_UDP, Datagram.UDP_GRO);
    set.flag(opening.timestamps(), Socket.SOL_SOCKET, Socket.SO_TIMESTAMPNS_NEW);
    set.size(opening.receiveBufferBytes(), Socket.SO_RCVBUF);
    set.size(opening.sendBufferBytes(), Socket.SO_SNDBUF);
    if (opening.ecn()) {
      set.flag(!isV4, Socket.IPPROTO_IPV6, Datagram.IPV6_RECVTCLASS);
      // Also on an IPv6 socket, for the IPv4 peers it may have.
      set.flag(isV4 || !opening.v6Only(), Socket.IPPROTO_IP, Datagram.IP_RECVTOS);
    }
    if (!isV4) {
      // Said in either case: the system's default is an administrator's choice.
      set.option(Socket.IPPROTO_IPV6, Socket.IPV6_V6ONLY, opening.v6Only() ? 1 : 0);
    }
    return set.result;
  }

  private static int bindAndConnect(int socket, DatagramOpening opening) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment storage = arena.allocate(Layouts.SOCKADDR_STORAGE_BYTES, Long.BYTES);
      int result = Libc.bind(socket, storage, Sockets.encode(opening.local(), storage));
      if (result < 0 || opening.remote() == null) {
        return result;
      }
      storage.fill((byte) 0);
      return Libc.connect(socket, storage, Sockets.encode(opening.remote(), storage));
    }
  }

  /** Sets options until one is refused. */
  private static final class Setter {
    private final int socket;
    private int result;

    Setter(int socket) {
      this.socket = socket;
    }

    void option(int level, int option, int value) {
      if (result >= 0) {
        result = Libc.setsockopt(socket, level, option, value);
      }
    }

    void flag(boolean isWanted, int level, int option) {
      if (isWanted) {
        option(level, option, 1);
      }
    }

    void size(int bytes, int option) {
      if (bytes > 0) {
        option(Socket.SOL_SOCKET, option, bytes);
      }
    }
  }
}

package dev.uring.driver;

import dev.uring.abi.Layouts;
import dev.uring.abi.Socket;
import dev.uring.ffi.Libc;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.net.Inet4Address;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.nio.ByteOrder;

/** Socket calls that are made once for a listener or a connection, not once for a message. */
final class Sockets {
  private static final ValueLayout.OfShort PORT =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);
  private static final int IPV4_BYTES = 4;
  private static final int IPV6_BYTES = 16;

  private Sockets() {}

  static int openStream(InetSocketAddress address) {
    int domain = address.getAddress() instanceof Inet6Address ? Socket.AF_INET6 : Socket.AF_INET;
    // Not SOCK_NONBLOCK: a non-blocking socket makes io_uring answer EAGAIN where it would wait.
    int socket = Libc.socket(domain, Socket.SOCK_STREAM | Socket.SOCK_CLOEXEC, 0);
    if (socket >= 0) {
      Libc.setsockopt(socket, Socket.IPPROTO_TCP, Socket.TCP_NODELAY, 1);
    }
    return socket;
  }

  static int openListener(InetSocketAddress address, ListenOptions options) {
    int socket = openStream(address);
    if (socket < 0) {
      return socket;
    }
    int result = bindAndListen(socket, address, options);
    if (result < 0) {
      Libc.close(socket);
      return result;
    }
    return socket;
  }

  static InetSocketAddress localAddress(int socket) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment storage = arena.allocate(Layouts.SOCKADDR_STORAGE_BYTES, Long.BYTES);
      return Libc.getsockname(socket, storage) < 0 ? null : decode(storage);
    }
  }

  static InetSocketAddress remoteAddress(int socket) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment storage = arena.allocate(Layouts.SOCKADDR_STORAGE_BYTES, Long.BYTES);
      return Libc.getpeername(socket, storage) < 0 ? null : decode(storage);
    }
  }

  static void resetOnClose(int socket) {
    try (Arena arena = Arena.ofConfined()) {
      // A linger of 0 seconds is how the socket interface spells "close with RST".
      MemorySegment linger = arena.allocate(Layouts.LINGER_BYTES, Integer.BYTES);
      linger.set(ValueLayout.JAVA_INT, Layouts.LINGER_ONOFF, 1);
      linger.set(ValueLayout.JAVA_INT, Layouts.LINGER_SECONDS, 0);
      Libc.setsockopt(socket, Socket.SOL_SOCKET, Socket.SO_LINGER, linger);
    }
  }

  private static int bindAndListen(int socket, InetSocketAddress address, ListenOptions options) {
    int result = Libc.setsockopt(socket, Socket.SOL_SOCKET, Socket.SO_REUSEADDR, 1);
    if (result >= 0 && options.reusePort()) {
      result = Libc.setsockopt(socket, Socket.SOL_SOCKET, Socket.SO_REUSEPORT, 1);
    }
    if (result >= 0 && !options.tcpNoDelay()) {
      result = Libc.setsockopt(socket, Socket.IPPROTO_TCP, Socket.TCP_NODELAY, 0);
    }
    if (result >= 0) {
      try (Arena arena = Arena.ofConfined()) {
        MemorySegment storage = arena.allocate(Layouts.SOCKADDR_STORAGE_BYTES, Long.BYTES);
        result = Libc.bind(socket, storage, encode(address, storage));
      }
    }
    return result < 0 ? result : Libc.listen(socket, options.backlog());
  }

  /** Writes a {@code sockaddr_in} or {@code sockaddr_in6}; returns its length. */
  static int encode(InetSocketAddress address, MemorySegment storage) {
    byte[] bytes = address.getAddress().getAddress();
    boolean isV4 = address.getAddress() instanceof Inet4Address;
    int family = isV4 ? Socket.AF_INET : Socket.AF_INET6;
    storage.set(ValueLayout.JAVA_SHORT, Layouts.SOCKADDR_FAMILY, (short) family);
    // The port stands at the same place in both.
    storage.set(PORT, Layouts.SOCKADDR_IN_PORT, (short) address.getPort());
    long at = isV4 ? Layouts.SOCKADDR_IN_ADDR : Layouts.SOCKADDR_IN6_ADDR;
    MemorySegment.copy(bytes, 0, storage, ValueLayout.JAVA_BYTE, at, bytes.length);
    if (address.getAddress() instanceof Inet6Address v6) {
      storage.set(ValueLayout.JAVA_INT, Layouts.SOCKADDR_IN6_SCOPE_ID, v6.getScopeId());
    }
    return isV4 ? Layouts.SOCKADDR_IN_BYTES : Layouts.SOCKADDR_IN6_BYTES;
  }

  /** Reads what the kernel wrote; null for a family that is not IP. */
  static InetSocketAddress decode(MemorySegment storage) {
    int family = storage.get(ValueLayout.JAVA_SHORT, Layouts.SOCKADDR_FAMILY);
    int port = Short.toUnsignedInt(storage.get(PORT, Layouts.SOCKADDR_IN_PORT));
    try {
      return switch (family) {
        case Socket.AF_INET ->
          new InetSocketAddress(
              InetAddress.getByAddress(bytes(storage, Layouts.SOCKADDR_IN_ADDR, IPV4_BYTES)), port);
        case Socket.AF_INET6 ->
          new InetSocketAddress(
              Inet6Address.getByAddress(
                  null,
                  bytes(storage, Layouts.SOCKADDR_IN6_ADDR, IPV6_BYTES),
                  storage.get(ValueLayout.JAVA_INT, Layouts.SOCKADDR_IN6_SCOPE_ID)),
              port);
        default -> null;
      };
    } catch (UnknownHostException e) {
      throw new AssertionError("an address of 4 or 16 bytes was refused", e);
    }
  }

  private static byte[] bytes(MemorySegment storage, long from, int count) {
    byte[] bytes = new byte[count];
    MemorySegment.copy(storage, ValueLayout.JAVA_BYTE, from, bytes, 0, count);
    return bytes;
  }
}

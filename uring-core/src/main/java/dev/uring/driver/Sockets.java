package dev.uring.driver;

import dev.uring.abi.Layouts;
import dev.uring.abi.Socket;
import dev.uring.ffi.Libc;
import dev.uring.socket.SocketOptions;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.net.Inet4Address;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.net.UnknownHostException;
import java.nio.ByteOrder;
import java.util.OptionalInt;

/** Socket calls that are made once for a listener or a connection, not once for a message. */
final class Sockets {
  private static final ValueLayout.OfShort PORT =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);
  private static final int IPV4_BYTES = 4;
  private static final int IPV6_BYTES = 16;

  private Sockets() {}

  static int openStream(SocketAddress remote, SocketOptions options) {
    int socket = open(remote);
    if (socket < 0) {
      return socket;
    }
    boolean isTcp = remote instanceof InetSocketAddress;
    int result = SocketSettings.applyCommon(socket, isTcp, options);
    if (result >= 0 && isTcp) {
      result = SocketSettings.applyConnecting(socket, options);
    }
    if (result >= 0 && options.localAddress().isPresent()) {
      result = bindLocal(socket, options.localAddress().get());
    }
    return closedUnless(result >= 0, socket, result);
  }

  static int openListener(SocketAddress address, ListenOptions options) {
    int socket = open(address);
    if (socket < 0) {
      return socket;
    }
    boolean isTcp = address instanceof InetSocketAddress;
    // Buffer sizes before listen: the kernel agrees on a window when a connection begins.
    int result = SocketSettings.applyCommon(socket, isTcp, options.socket());
    if (result >= 0) {
      // Locked until it listens: a socket that is only bound refuses connections as a stale one
      // does.
      result = address instanceof UnixDomainSocketAddress file
          ? FolderLock.during(file.getPath(), () -> listenAtFile(socket, file, options))
          : listenAt(socket, address, options);
    }
    return closedUnless(result >= 0, socket, result);
  }

  static SocketAddress localAddress(int socket) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment storage = arena.allocate(Layouts.SOCKADDR_STORAGE_BYTES, Long.BYTES);
      int bytes = Libc.getsockname(socket, storage);
      return bytes < 0 ? null : SocketAddresses.decode(storage, bytes);
    }
  }

  static SocketAddress remoteAddress(int socket) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment storage = arena.allocate(Layouts.SOCKADDR_STORAGE_BYTES, Long.BYTES);
      int bytes = Libc.getpeername(socket, storage);
      return bytes < 0 ? null : SocketAddresses.decode(storage, bytes);
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

  private static int open(SocketAddress address) {
    // Not SOCK_NONBLOCK: a non-blocking socket makes io_uring answer EAGAIN where it would wait.
    int type = Socket.SOCK_STREAM | Socket.SOCK_CLOEXEC;
    return Libc.socket(SocketAddresses.family(address), type, 0);
  }

  private static int closedUnless(boolean isGood, int socket, int errno) {
    if (isGood) {
      return socket;
    }
    Libc.close(socket);
    return errno;
  }

  private static int bindTcp(int socket, InetSocketAddress address, ListenOptions options) {
    int result = Libc.setsockopt(socket, Socket.SOL_SOCKET, Socket.SO_REUSEADDR, 1);
    if (result >= 0 && options.reusePort()) {
      result = Libc.setsockopt(socket, Socket.SOL_SOCKET, Socket.SO_REUSEPORT, 1);
    }
    if (result >= 0 && options.isOnlyIpv6()) {
      result = Libc.setsockopt(socket, Socket.IPPROTO_IPV6, Socket.IPV6_V6ONLY, 1);
    }
    if (result >= 0) {
      result = SocketSettings.applyListening(socket, options.socket());
    }
    return result < 0 ? result : bind(socket, address);
  }

  private static int listenAt(int socket, SocketAddress address, ListenOptions options) {
    int result = address instanceof InetSocketAddress ip
        ? bindTcp(socket, ip, options)
        : bind(socket, address);
    return result < 0 ? result : Libc.listen(socket, options.backlog());
  }

  private static int listenAtFile(int socket, UnixDomainSocketAddress file, ListenOptions options) {
    UnixSocketFile.removeStale(file);
    int result = bind(socket, file);
    if (result < 0) {
      return result;
    }
    OptionalInt mode = options.socket().fileMode();
    if (mode.isPresent()) {
      result = UnixSocketFile.setMode(file, mode.getAsInt());
    }
    if (result >= 0) {
      result = Libc.listen(socket, options.backlog());
    }
    if (result < 0) {
      UnixSocketFile.removeBound(file);
    }
    return result;
  }

  private static int bindLocal(int socket, SocketAddress local) {
    if (local instanceof InetSocketAddress ip && ip.getPort() == 0) {
      int result = Libc.setsockopt(socket, Socket.IPPROTO_IP, Socket.IP_BIND_ADDRESS_NO_PORT, 1);
      if (result < 0) {
        return result;
      }
    }
    return bind(socket, local);
  }

  private static int bind(int socket, SocketAddress address) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment storage = arena.allocate(Layouts.SOCKADDR_STORAGE_BYTES, Long.BYTES);
      return Libc.bind(socket, storage, SocketAddresses.encode(address, storage));
    }
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
                  null, bytes(storage, Layouts.SOCKADDR_IN6_ADDR, IPV6_BYTES), scopeId(storage)),
              port);
        default -> null;
      };
    } catch (UnknownHostException e) {
      throw new AssertionError("an address of 4 or 16 bytes was refused", e);
    }
  }

  // The kernel's 0 is "none", which the JDK would take for an interface and write as %0.
  private static int scopeId(MemorySegment storage) {
    int scopeId = storage.get(ValueLayout.JAVA_INT, Layouts.SOCKADDR_IN6_SCOPE_ID);
    return scopeId == 0 ? -1 : scopeId;
  }

  private static byte[] bytes(MemorySegment storage, long from, int count) {
    byte[] bytes = new byte[count];
    MemorySegment.copy(storage, ValueLayout.JAVA_BYTE, from, bytes, 0, count);
    return bytes;
  }
}

package dev.uring.driver;

import dev.uring.abi.Layouts;
import dev.uring.abi.Socket;
import dev.uring.socket.AbstractUnixAddress;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.net.Inet6Address;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.nio.charset.StandardCharsets;

/** Addresses of every family, between Java and {@code struct sockaddr}. */
final class SocketAddresses {
  private static final UnixDomainSocketAddress UNNAMED = UnixDomainSocketAddress.of("");

  private SocketAddresses() {}

  static int family(SocketAddress address) {
    if (address instanceof InetSocketAddress ip) {
      return ip.getAddress() instanceof Inet6Address ? Socket.AF_INET6 : Socket.AF_INET;
    }
    return Socket.AF_UNIX;
  }

  /** Writes an address; returns its length. {@code storage} is zeroed. */
  static int encode(SocketAddress address, MemorySegment storage) {
    return switch (address) {
      case InetSocketAddress ip -> Sockets.encode(ip, storage);
      case UnixDomainSocketAddress path ->
        // One byte more: the NUL behind the path counts, the one before an abstract name does too.
        encodeUnix(path.toString().getBytes(StandardCharsets.UTF_8), 0, storage);
      case AbstractUnixAddress name -> encodeUnix(name.nameBytes(), 1, storage);
      default ->
        throw new IllegalArgumentException(
            "address of " + address.getClass().getName() + ": " + address);
    };
  }

  /** Reads what the kernel wrote; null for a family that is none of ours. */
  static SocketAddress decode(MemorySegment storage, int bytes) {
    int family = storage.get(ValueLayout.JAVA_SHORT, Layouts.SOCKADDR_FAMILY);
    return family == Socket.AF_UNIX ? decodeUnix(storage, bytes) : Sockets.decode(storage);
  }

  private static int encodeUnix(byte[] name, int from, MemorySegment storage) {
    storage.set(ValueLayout.JAVA_SHORT, Layouts.SOCKADDR_FAMILY, (short) Socket.AF_UNIX);
    long at = Layouts.SOCKADDR_UN_PATH + from;
    MemorySegment.copy(name, 0, storage, ValueLayout.JAVA_BYTE, at, name.length);
    return Layouts.SOCKADDR_UN_PATH + name.length + 1;
  }

  private static SocketAddress decodeUnix(MemorySegment storage, int bytes) {
    int count = bytes - Layouts.SOCKADDR_UN_PATH;
    if (count <= 0) {
      // Most clients bind to nothing: the peer has no name.
      return UNNAMED;
    }
    byte[] name = new byte[count];
    MemorySegment.copy(storage, ValueLayout.JAVA_BYTE, Layouts.SOCKADDR_UN_PATH, name, 0, count);
    if (name[0] == 0) {
      byte[] behindNul = new byte[count - 1];
      System.arraycopy(name, 1, behindNul, 0, behindNul.length);
      return AbstractUnixAddress.of(behindNul);
    }
    int end = 0;
    while (end < count && name[end] != 0) {
      end++;
    }
    return UnixDomainSocketAddress.of(new String(name, 0, end, StandardCharsets.UTF_8));
  }
}

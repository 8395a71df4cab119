package dev.uring.driver;

import dev.uring.abi.Layouts;
import dev.uring.abi.Socket;
import dev.uring.ffi.Libc;
import dev.uring.socket.KeepAlive;
import dev.uring.socket.PeerCredentials;
import dev.uring.socket.SocketOptions;
import dev.uring.socket.TcpInfo;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** Puts {@link SocketOptions} on a socket, and reads what the kernel says about one. */
final class SocketSettings {
  // Connection requests with data that may wait for the rest of the handshake; the kernel's own
  // default for its listeners.
  private static final int FAST_OPEN_QUEUE = 256;

  private final int socket;
  private int result;

  private SocketSettings(int socket) {
    this.socket = socket;
  }

  /** What both kinds of sockets take; 0 or the first negative errno. */
  static int applyCommon(int socket, boolean isTcp, SocketOptions options) {
    SocketSettings settings = new SocketSettings(socket);
    settings.setBytes(Socket.SO_SNDBUF, options.sendBufferBytes());
    settings.setBytes(Socket.SO_RCVBUF, options.receiveBufferBytes());
    if (options.receiveTimestamps()) {
      settings.set(Socket.SOL_SOCKET, Socket.SO_TIMESTAMPNS_NEW, 1);
    }
    if (isTcp) {
      settings.setTcp(options);
    }
    return settings.result;
  }

  static int applyListening(int socket, SocketOptions options) {
    SocketSettings settings = new SocketSettings(socket);
    options
        .deferAccept()
        .ifPresent(time ->
            settings.set(Socket.IPPROTO_TCP, Socket.TCP_DEFER_ACCEPT, (int) time.toSeconds()));
    if (options.fastOpen()) {
      settings.set(Socket.IPPROTO_TCP, Socket.TCP_FASTOPEN, FAST_OPEN_QUEUE);
    }
    return settings.result;
  }

  static int applyConnecting(int socket, SocketOptions options) {
    SocketSettings settings = new SocketSettings(socket);
    if (options.fastOpen()) {
      settings.set(Socket.IPPROTO_TCP, Socket.TCP_FASTOPEN_CONNECT, 1);
    }
    if (options.quickAck()) {
      settings.set(Socket.IPPROTO_TCP, Socket.TCP_QUICKACK, 1);
    }
    return settings.result;
  }

  /** Null when the socket is no Unix socket or not connected. */
  static PeerCredentials peerCredentials(int socket) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment ucred = arena.allocate(Layouts.UCRED_BYTES, Integer.BYTES);
      int bytes = Libc.getsockopt(socket, Socket.SOL_SOCKET, Socket.SO_PEERCRED, ucred);
      int uid = ucred.get(ValueLayout.JAVA_INT, Layouts.UCRED_UID);
      // Of other sockets the kernel answers with nobody: pid 0 and the user -1.
      if (bytes < Layouts.UCRED_BYTES || uid == -1) {
        return null;
      }
      int pid = ucred.get(ValueLayout.JAVA_INT, Layouts.UCRED_PID);
      return new PeerCredentials(pid, uid, ucred.get(ValueLayout.JAVA_INT, Layouts.UCRED_GID));
    }
  }

  /** Null when the socket is no TCP socket. */
  static TcpInfo tcpInfo(int socket) {
    try (Arena arena = Arena.ofConfined()) {
      // What an older kernel does not fill stays 0.
      MemorySegment info = arena.allocate(Layouts.TCP_INFO_READ_BYTES, Long.BYTES);
      if (Libc.getsockopt(socket, Socket.IPPROTO_TCP, Socket.TCP_INFO, info) < 0) {
        return null;
      }
      return new TcpInfo(
          Byte.toUnsignedInt(info.get(ValueLayout.JAVA_BYTE, Layouts.TCP_INFO_STATE)),
          Byte.toUnsignedInt(info.get(ValueLayout.JAVA_BYTE, Layouts.TCP_INFO_RETRANSMITS)),
          unsigned(info, Layouts.TCP_INFO_TOTAL_RETRANS),
          unsigned(info, Layouts.TCP_INFO_RTT),
          unsigned(info, Layouts.TCP_INFO_RTTVAR),
          unsigned(info, Layouts.TCP_INFO_MIN_RTT),
          unsigned(info, Layouts.TCP_INFO_RTO),
          info.get(ValueLayout.JAVA_INT, Layouts.TCP_INFO_SND_MSS),
          info.get(ValueLayout.JAVA_INT, Layouts.TCP_INFO_RCV_MSS),
          info.get(ValueLayout.JAVA_INT, Layouts.TCP_INFO_PMTU),
          unsigned(info, Layouts.TCP_INFO_SND_CWND),
          unsigned(info, Layouts.TCP_INFO_UNACKED),
          unsigned(info, Layouts.TCP_INFO_LOST),
          unsigned(info, Layouts.TCP_INFO_NOTSENT_BYTES),
          info.get(ValueLayout.JAVA_LONG, Layouts.TCP_INFO_BYTES_ACKED),
          info.get(ValueLayout.JAVA_LONG, Layouts.TCP_INFO_BYTES_RECEIVED),
          unsigned(info, Layouts.TCP_INFO_SEGS_OUT),
          unsigned(info, Layouts.TCP_INFO_SEGS_IN),
          info.get(ValueLayout.JAVA_LONG, Layouts.TCP_INFO_DELIVERY_RATE));
    }
  }

  private static long unsigned(MemorySegment info, int offset) {
    return Integer.toUnsignedLong(info.get(ValueLayout.JAVA_INT, offset));
  }

  private void setTcp(SocketOptions options) {
    set(Socket.IPPROTO_TCP, Socket.TCP_NODELAY, options.noDelay().orElse(true) ? 1 : 0);
    options.keepAlive().ifPresent(this::setKeepAlive);
    options
        .userTimeout()
        .ifPresent(time -> set(Socket.IPPROTO_TCP, Socket.TCP_USER_TIMEOUT, (int) time.toMillis()));
  }

  private void setKeepAlive(KeepAlive keepAlive) {
    set(Socket.SOL_SOCKET, Socket.SO_KEEPALIVE, 1);
    set(Socket.IPPROTO_TCP, Socket.TCP_KEEPIDLE, (int) keepAlive.idle().toSeconds());
    set(Socket.IPPROTO_TCP, Socket.TCP_KEEPINTVL, (int) keepAlive.interval().toSeconds());
    set(Socket.IPPROTO_TCP, Socket.TCP_KEEPCNT, keepAlive.count());
  }

  private void setBytes(int option, int bytes) {
    if (bytes != 0) {
      set(Socket.SOL_SOCKET, option, bytes);
    }
  }

  private void set(int level, int option, int value) {
    if (result >= 0) {
      result = Math.min(0, Libc.setsockopt(socket, level, option, value));
    }
  }
}

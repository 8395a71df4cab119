package dev.uring.driver;

import dev.uring.abi.Errno;
import dev.uring.socket.KeepAlive;
import dev.uring.socket.SocketOptions;
import java.io.IOException;
import java.net.Inet6Address;
import java.net.InetSocketAddress;
import java.net.ProtocolFamily;
import java.net.SocketAddress;
import java.net.SocketOption;
import java.net.StandardProtocolFamily;
import java.net.StandardSocketOptions;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.Channel;
import java.nio.channels.NetworkChannel;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.channels.UnsupportedAddressTypeException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ThreadLocalRandom;
import jdk.net.ExtendedSocketOptions;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Opens channels as {@link SocketOptions} and {@link ListenOptions} say, as far as the JDK can.
 *
 * <p>What it cannot is of two kinds. Options that only make a connection quicker or tidier
 * (userTimeout, fastOpen, deferAccept) are left out, with one warning for each: a program that fell
 * back to this driver goes on. What would change who can connect, an IPv6 wildcard that refuses
 * IPv4, is refused with EOPNOTSUPP, and an abstract Unix name with EAFNOSUPPORT.
 */
final class NioSocketOptions {
  private static final Logger LOG = LoggerFactory.getLogger(NioSocketOptions.class);
  private static final Set<String> WARNED = ConcurrentHashMap.newKeySet();

  private NioSocketOptions() {}

  static SocketChannel openStream(SocketAddress remote, SocketOptions options) throws IOException {
    SocketChannel channel = SocketChannel.open(familyOf(remote));
    try {
      channel.configureBlocking(false);
      boolean isTcp = remote instanceof InetSocketAddress;
      apply(channel, isTcp, options);
      if (isTcp) {
        applyConnecting(channel, options);
      }
      if (options.localAddress().isPresent()) {
        channel.bind(options.localAddress().get());
      }
      return channel;
    } catch (IOException | RuntimeException refused) {
      closeQuietly(channel);
      throw refused;
    }
  }

  static NioListener openListener(SocketAddress address, ListenOptions options) throws IOException {
    ServerSocketChannel channel = ServerSocketChannel.open(familyOf(address));
    try {
      channel.configureBlocking(false);
      SocketAddress bound = address instanceof UnixDomainSocketAddress file
          ? bindUnix(channel, file, options)
          : bindTcp(channel, (InetSocketAddress) address, options);
      return new NioListener(channel, bound, options.socket());
    } catch (IOException | RuntimeException refused) {
      closeQuietly(channel);
      throw refused;
    }
  }

  /** A peer that is gone already refuses options; reading from it tells. */
  static void applyToAccepted(SocketChannel accepted, SocketOptions options) {
    try {
      apply(accepted, accepted.getLocalAddress() instanceof InetSocketAddress, options);
    } catch (IOException gone) {
      LOG.debug("options of an accepted connection were refused", gone);
    }
  }

  static void acknowledgeAtOnce(NetworkChannel channel) {
    try {
      if (channel.supportedOptions().contains(ExtendedSocketOptions.TCP_QUICKACK)) {
        channel.setOption(ExtendedSocketOptions.TCP_QUICKACK, true);
      }
    } catch (IOException hint) {
      // A hint: a connection that is gone meanwhile is told of elsewhere.
    }
  }

  static boolean isIpv6(InetSocketAddress address) {
    return address.getAddress() instanceof Inet6Address;
  }

  static void closeQuietly(Channel channel) {
    try {
      if (channel != null) {
        channel.close();
      }
    } catch (IOException ignored) {
      // It is closed whatever the system says.
    }
  }

  private static ProtocolFamily familyOf(SocketAddress address) {
    return switch (address) {
      case InetSocketAddress ip ->
        isIpv6(ip) ? StandardProtocolFamily.INET6 : StandardProtocolFamily.INET;
      case UnixDomainSocketAddress ignored -> StandardProtocolFamily.UNIX;
      // An abstract name, for which the JDK has no address.
      default -> throw new UnsupportedAddressTypeException();
    };
  }

  private static void apply(NetworkChannel channel, boolean isTcp, SocketOptions options)
      throws IOException {
    setBytes(channel, StandardSocketOptions.SO_SNDBUF, options.sendBufferBytes());
    setBytes(channel, StandardSocketOptions.SO_RCVBUF, options.receiveBufferBytes());
    if (!isTcp) {
      return;
    }
    channel.setOption(StandardSocketOptions.TCP_NODELAY, options.noDelay().orElse(true));
    if (options.keepAlive().isPresent()) {
      setKeepAlive(channel, options.keepAlive().get());
    }
    if (options.userTimeout().isPresent()) {
      warnMissing("userTimeout");
    }
  }

  private static void applyConnecting(NetworkChannel channel, SocketOptions options) {
    if (options.fastOpen()) {
      warnMissing("fastOpen");
    }
    if (options.quickAck()) {
      acknowledgeAtOnce(channel);
    }
  }

  private static SocketAddress bindTcp(
      ServerSocketChannel channel, InetSocketAddress address, ListenOptions options)
      throws IOException {
    SocketOptions socket = options.socket();
    if (options.isOnlyIpv6() && isIpv6(address) && address.getAddress().isAnyLocalAddress()) {
      throw new UnsupportedOperationException("a wildcard for IPv6 alone");
    }
    channel.setOption(StandardSocketOptions.SO_REUSEADDR, true);
    if (options.reusePort()) {
      channel.setOption(StandardSocketOptions.SO_REUSEPORT, true);
    }
    // Before listening: the kernel agrees on a window when a connection begins.
    setBytes(channel, StandardSocketOptions.SO_RCVBUF, socket.receiveBufferBytes());
    if (socket.deferAccept().isPresent()) {
      warnMissing("deferAccept");
    }
    if (socket.fastOpen()) {
      warnMissing("fastOpen");
    }
    channel.bind(address, options.backlog());
    return channel.getLocalAddress();
  }

  private static SocketAddress bindUnix(
      ServerSocketChannel channel, UnixDomainSocketAddress address, ListenOptions options)
      throws IOException {
    UnixSocketFile.removeStale(address);
    if (options.socket().fileMode().isEmpty()) {
      channel.bind(address, options.backlog());
      return address;
    }
    // The JDK binds and listens in one step, and between the two nobody may connect. So the socket
    // gets its mode under a name that nobody knows, and then its own: a link, which unlike a rename
    // takes no name that is in use.
    Path path = address.getPath().toAbsolutePath();
    UnixDomainSocketAddress hidden = UnixDomainSocketAddress.of(path.resolveSibling(
        "." + Long.toString(ThreadLocalRandom.current().nextLong() >>> 16, 36)));
    channel.bind(hidden, options.backlog());
    try {
      int refused = UnixSocketFile.setMode(hidden, options.socket().fileMode().getAsInt());
      if (refused < 0) {
        throw new IOException(Errno.describe(-refused));
      }
      link(hidden.getPath(), path);
    } finally {
      Files.deleteIfExists(hidden.getPath());
    }
    return address;
  }

  private static void link(Path hidden, Path path) throws IOException {
    try {
      Files.createLink(path, hidden);
    } catch (IOException refused) {
      // As bind says it.
      throw NioErrors.errno(refused) == Errno.EEXIST
          ? new IOException(Errno.describe(Errno.EADDRINUSE), refused)
          : refused;
    }
  }

  private static void setKeepAlive(NetworkChannel channel, KeepAlive keepAlive) throws IOException {
    channel.setOption(StandardSocketOptions.SO_KEEPALIVE, true);
    setSupported(
        channel, ExtendedSocketOptions.TCP_KEEPIDLE, (int) keepAlive.idle().toSeconds());
    setSupported(channel, ExtendedSocketOptions.TCP_KEEPINTERVAL, (int)
        keepAlive.interval().toSeconds());
    setSupported(channel, ExtendedSocketOptions.TCP_KEEPCOUNT, keepAlive.count());
  }

  private static void setSupported(NetworkChannel channel, SocketOption<Integer> option, int value)
      throws IOException {
    if (channel.supportedOptions().contains(option)) {
      channel.setOption(option, value);
    } else {
      warnMissing(option.name());
    }
  }

  private static void setBytes(NetworkChannel channel, SocketOption<Integer> option, int bytes)
      throws IOException {
    if (bytes != 0) {
      channel.setOption(option, bytes);
    }
  }

  private static void warnMissing(String option) {
    if (WARNED.add(option)) {
      LOG.warn("driver nio cannot set {}: connections go on without it", option);
    }
  }
}

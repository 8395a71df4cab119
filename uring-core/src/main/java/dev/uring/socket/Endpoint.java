package dev.uring.socket;

import dev.uring.base.ConfigException;
import java.net.Inet6Address;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.nio.charset.StandardCharsets;

/**
 * An address to listen on or to connect to, as users write it.
 *
 * <h2>Shapes and units</h2>
 *
 * <table>
 * <caption>Forms</caption>
 * <tr><td>{@code host:port}, {@code tcp://host:port}</td><td>TCP; the host is an IPv4 address, an
 * IPv6 address in brackets, {@code localhost} (127.0.0.1), or empty or {@code *} for every IPv4
 * address of the machine</td></tr>
 * <tr><td>{@code tcp4://host:port}</td><td>the same, and IPv6 is refused</td></tr>
 * <tr><td>{@code tcp6://host:port}</td><td>the same in IPv6: {@code localhost} is {@code ::1},
 * empty is {@code ::}, and a listener takes no IPv4 client</td></tr>
 * <tr><td>{@code tls://host:port}</td><td>as {@code tcp://}, with TLS</td></tr>
 * <tr><td>{@code unix:/path}, {@code unix:path}</td><td>a Unix socket with a file</td></tr>
 * <tr><td>{@code unix:@name}</td><td>a Unix socket in the abstract namespace</td></tr>
 * </table>
 *
 * Behind a {@code ?} a listener's address may have settings, joined by {@code &}:
 * {@code reuseport=true} shares the port with other programs ({@link SocketOptions#sharePort});
 * {@code mode=660} sets the permissions of the socket's file, in octal.
 *
 * <p>Names are not looked up here: a server that listens wherever a name server points is a mistake
 * more often than a wish, and a look-up takes time. To connect by name, {@link EndpointName} finds
 * the name in an address and {@code dev.uring.dns} its IP addresses; the {@code connect} of the
 * Kotlin DSL does both.
 *
 * <h2>Errors</h2>
 *
 * {@link #parse} throws {@link ConfigException} for each wrong form, with the text, what is wrong
 * with it, and the forms there are.
 */
public final class Endpoint {
  private final String text;
  private final SocketAddress address;
  private final boolean isOnlyIpv6;
  private final boolean isTls;
  private final Boolean sharePort;
  private final Integer fileMode;

  Endpoint(
      String text,
      SocketAddress address,
      boolean isOnlyIpv6,
      boolean isTls,
      Boolean sharePort,
      Integer fileMode) {
    this.text = text;
    this.address = address;
    this.isOnlyIpv6 = isOnlyIpv6;
    this.isTls = isTls;
    this.sharePort = sharePort;
    this.fileMode = fileMode;
  }

  /**
   * Reads an address.
   *
   * @param text one of the forms above
   * @return the endpoint
   * @throws ConfigException the text has none of the forms
   */
  public static Endpoint parse(String text) {
    return new EndpointParser(text).parse();
  }

  /**
   * Reads a UDP address.
   *
   * @param text {@code host:port}, with or without {@code udp://}; the host as for TCP
   * @return the address
   * @throws ConfigException the text has neither form
   */
  public static InetSocketAddress parseUdp(String text) {
    return new EndpointParser(text).parseUdp();
  }

  /**
   * The address.
   *
   * @return an {@link InetSocketAddress}, {@link UnixDomainSocketAddress} or
   *     {@link AbstractUnixAddress}
   */
  public SocketAddress address() {
    return address;
  }

  /**
   * Whether a listener there takes no IPv4 client, as {@code tcp6://} demands.
   *
   * @return {@code true} for {@code tcp6://}
   */
  public boolean isOnlyIpv6() {
    return isOnlyIpv6;
  }

  /**
   * Whether TLS is spoken there.
   *
   * @return {@code true} for {@code tls://}
   */
  public boolean isTls() {
    return isTls;
  }

  /**
   * Options with the settings of this text put over them.
   *
   * @param options the options without the text
   * @return the options with it
   */
  public SocketOptions override(SocketOptions options) {
    if (sharePort == null && fileMode == null) {
      return options;
    }
    SocketOptions.Builder builder = options.toBuilder();
    if (sharePort != null) {
      builder.sharePort(sharePort);
    }
    if (fileMode != null) {
      builder.fileMode(fileMode);
    }
    return builder.build();
  }

  /**
   * Refuses what can be listened on but not connected to.
   *
   * @return this
   * @throws ConfigException the text has listener settings, or no port to connect to
   */
  public Endpoint requireConnectable() {
    if (sharePort != null || fileMode != null) {
      throw EndpointParser.refused(text, "has a setting that is for listening only");
    }
    if (address instanceof InetSocketAddress ip && ip.getPort() == 0) {
      throw EndpointParser.refused(text, "has port 0, where nobody listens");
    }
    if (address instanceof InetSocketAddress ip && ip.getAddress().isAnyLocalAddress()) {
      throw EndpointParser.refused(text, "has no host to connect to");
    }
    return this;
  }

  /**
   * Writes an address as {@link #parse} reads it.
   *
   * @param address the address
   * @return {@code 127.0.0.1:80}, {@code [::1]:80}, {@code unix:/path}, {@code unix:@name}, or
   *     {@code unix:} for a peer without a name
   */
  public static String text(SocketAddress address) {
    if (!(address instanceof InetSocketAddress ip)) {
      return "unix:" + address;
    }
    if (ip.isUnresolved()) {
      return ip.getHostString() + ":" + ip.getPort();
    }
    String host = ip.getAddress().getHostAddress();
    return (ip.getAddress() instanceof Inet6Address ? "[" + host + "]" : host) + ":" + ip.getPort();
  }

  static int bytesOf(String path) {
    return path.getBytes(StandardCharsets.UTF_8).length;
  }

  @Override
  public String toString() {
    return text;
  }
}

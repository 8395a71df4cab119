package dev.uring;

import dev.uring.base.ConfigException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;

/**
 * An address to listen on, as users write it: {@code host:port}, {@code tcp://host:port},
 * {@code [::1]:port}, {@code :port} (every IPv4 address of the machine).
 *
 * <p>The host is an IP address or {@code localhost}. Names are not looked up: a server that listens
 * wherever a name server points is a mistake more often than a wish, and a look-up blocks.
 */
final class ListenAddress {
  private static final String SCHEME = "tcp://";
  private static final String UDP_SCHEME = "udp://";
  private static final int PORT_MAX = 65535;

  private ListenAddress() {}

  /** As {@link #parse}, for {@code udp://host:port} and the forms without a scheme. */
  static InetSocketAddress parseUdp(String address) {
    boolean hasScheme = address.startsWith(UDP_SCHEME);
    return parse(hasScheme ? address.substring(UDP_SCHEME.length()) : address);
  }

  static InetSocketAddress parse(String address) {
    String rest = address.startsWith(SCHEME) ? address.substring(SCHEME.length()) : address;
    int colon = rest.lastIndexOf(':');
    if (colon < 0) {
      throw refused(address, "has no port");
    }
    String host = rest.substring(0, colon);
    return new InetSocketAddress(parseHost(address, host), parsePort(address, rest, colon));
  }

  private static int parsePort(String address, String rest, int colon) {
    String port = rest.substring(colon + 1);
    try {
      int number = Integer.parseInt(port);
      if (number >= 0 && number <= PORT_MAX) {
        return number;
      }
    } catch (NumberFormatException notNumber) {
      throw refused(address, "has port '" + port + "', which is not a number");
    }
    throw refused(address, "has port " + port + ", which is not from 0 to " + PORT_MAX);
  }

  private static InetAddress parseHost(String address, String host) {
    try {
      if (host.isEmpty() || host.equals("*")) {
        return InetAddress.getByAddress(new byte[4]);
      }
      if (host.equals("localhost")) {
        return InetAddress.getByAddress(new byte[] {127, 0, 0, 1});
      }
      String literal =
          host.startsWith("[") && host.endsWith("]") ? host.substring(1, host.length() - 1) : host;
      // ofLiteral never asks a name server.
      return InetAddress.ofLiteral(literal);
    } catch (UnknownHostException | IllegalArgumentException notLiteral) {
      throw refused(address, "has host '" + host + "', which is not an IP address");
    }
  }

  private static ConfigException refused(String address, String problem) {
    return new ConfigException(
        "address",
        "listen address '"
            + address
            + "' "
            + problem
            + "; use host:port with an IP address or localhost, such as 127.0.0.1:7000, [::1]:7000"
            + " or :7000 for every IPv4 address");
  }
}

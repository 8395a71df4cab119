package dev.uring.socket;

import dev.uring.base.ConfigException;
import dev.uring.socket.EndpointName.Family;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.net.UnknownHostException;
import java.nio.file.InvalidPathException;
import java.util.Optional;

/** Reads the text of one {@link Endpoint}. */
final class EndpointParser {
  private static final int PORT_MAX = 65535;
  private static final int MODE_MAX = 0777;
  private static final int OCTAL = 8;
  private static final byte[] ANY_V4 = new byte[4];
  private static final byte[] ANY_V6 = new byte[16];
  private static final byte[] LOOPBACK_V4 = {127, 0, 0, 1};
  private static final byte[] LOOPBACK_V6 = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};

  private final String text;
  private Boolean sharePort;
  private Integer fileMode;
  private boolean isTls;

  EndpointParser(String text) {
    this.text = text;
  }

  Endpoint parse() {
    String rest = withoutSettings();
    if (rest.startsWith("unix:")) {
      return parseUnix(rest.substring("unix:".length()));
    }
    int schemeEnd = rest.indexOf("://");
    String scheme = schemeEnd < 0 ? "tcp" : rest.substring(0, schemeEnd);
    String hostAndPort = schemeEnd < 0 ? rest : rest.substring(schemeEnd + "://".length());
    isTls = scheme.equals("tls");
    return switch (scheme) {
      case "tcp", "tls" -> parseTcp(hostAndPort, Family.EITHER);
      case "tcp4" -> parseTcp(hostAndPort, Family.V4);
      case "tcp6" -> parseTcp(hostAndPort, Family.V6);
      default ->
        throw refused(
            text, "has scheme '" + scheme + "', which is none of tcp, tcp4, tcp6, tls and unix");
    };
  }

  InetSocketAddress parseUdp() {
    String scheme = "udp://";
    String hostAndPort = text.startsWith(scheme) ? text.substring(scheme.length()) : text;
    if (hostAndPort.contains("://") || hostAndPort.startsWith("unix:")) {
      throw refused(text, "has a scheme that is not udp");
    }
    return parseIp(hostAndPort, Family.EITHER);
  }

  Optional<EndpointName> findName() {
    Family family = familyOrNull();
    int schemeEnd = text.indexOf("://");
    String hostAndPort = schemeEnd < 0 ? text : text.substring(schemeEnd + "://".length());
    int colon = hostAndPort.lastIndexOf(':');
    if (family == null || colon < 0 || !isName(hostAndPort.substring(0, colon))) {
      return Optional.empty();
    }
    if (text.indexOf('?') >= 0) {
      throw refused(text, "has a setting that is for listening only");
    }
    int port = parsePort(hostAndPort.substring(colon + 1));
    if (port == 0) {
      throw refused(text, "has port 0, where nobody listens");
    }
    return Optional.of(new EndpointName(hostAndPort.substring(0, colon), port, family));
  }

  private Family familyOrNull() {
    if (text.startsWith("unix:")) {
      return null;
    }
    int schemeEnd = text.indexOf("://");
    return switch (schemeEnd < 0 ? "tcp" : text.substring(0, schemeEnd)) {
      case "tcp", "tls" -> Family.EITHER;
      case "tcp4" -> Family.V4;
      case "tcp6" -> Family.V6;
      default -> null;
    };
  }

  private static boolean isName(String host) {
    if (host.isEmpty() || host.equals("*") || host.equals("localhost") || host.contains(":")) {
      return false;
    }
    // 256.0.0.1 is a mistake and no name: there are no top-level domains of digits.
    return !host.substring(host.lastIndexOf('.') + 1).chars().allMatch(c -> c >= '0' && c <= '9')
        || host.endsWith(".");
  }

  private String withoutSettings() {
    int question = text.indexOf('?');
    if (question < 0) {
      return text;
    }
    for (String setting : text.substring(question + 1).split("&", -1)) {
      parseSetting(setting);
    }
    return text.substring(0, question);
  }

  private void parseSetting(String setting) {
    int equals = setting.indexOf('=');
    String name = equals < 0 ? setting : setting.substring(0, equals);
    String value = equals < 0 ? "" : setting.substring(equals + 1);
    switch (name) {
      case "reuseport" -> sharePort = parseBoolean(value);
      case "mode" -> fileMode = parseMode(value);
      default ->
        throw refused(text, "has setting '" + name + "', which is none of reuseport and mode");
    }
  }

  private boolean parseBoolean(String value) {
    return switch (value) {
      case "true" -> true;
      case "false" -> false;
      default ->
        throw refused(text, "has reuseport='" + value + "', which is neither true nor false");
    };
  }

  private int parseMode(String value) {
    try {
      int mode = Integer.parseInt(value, OCTAL);
      if (mode >= 0 && mode <= MODE_MAX) {
        return mode;
      }
    } catch (NumberFormatException notOctal) {
      throw refused(text, "has mode='" + value + "', which is not an octal number");
    }
    throw refused(text, "has mode='" + value + "', which is not from 0 to 777");
  }

  private Endpoint parseUnix(String name) {
    if (sharePort != null) {
      throw refused(text, "has setting 'reuseport', but a Unix socket has no port");
    }
    if (name.startsWith("@")) {
      return endpoint(abstractAddress(name.substring(1)), false);
    }
    // An empty path means "no address" to the kernel, which then makes one up.
    int bytes = Endpoint.bytesOf(name);
    if (bytes == 0 || bytes > AbstractUnixAddress.NAME_BYTES_MAX) {
      throw refused(text, "has " + outside("a path", bytes));
    }
    try {
      return endpoint(UnixDomainSocketAddress.of(name), false);
    } catch (InvalidPathException notPath) {
      throw refused(text, "has a path that is none: " + notPath.getReason());
    }
  }

  private AbstractUnixAddress abstractAddress(String name) {
    if (fileMode != null) {
      throw refused(text, "has setting 'mode', but an abstract Unix socket has no file");
    }
    int bytes = Endpoint.bytesOf(name);
    if (bytes == 0 || bytes > AbstractUnixAddress.NAME_BYTES_MAX) {
      throw refused(text, "has " + outside("an abstract name", bytes));
    }
    return AbstractUnixAddress.of(name);
  }

  private static String outside(String what, int bytes) {
    return what
        + " of "
        + bytes
        + " bytes; the kernel takes 1 to "
        + AbstractUnixAddress.NAME_BYTES_MAX;
  }

  private Endpoint parseTcp(String hostAndPort, Family family) {
    if (fileMode != null) {
      throw refused(text, "has setting 'mode', but a TCP socket has no file");
    }
    return endpoint(parseIp(hostAndPort, family), family == Family.V6);
  }

  private InetSocketAddress parseIp(String hostAndPort, Family family) {
    int colon = hostAndPort.lastIndexOf(':');
    if (colon < 0) {
      throw refused(text, "has no port");
    }
    InetAddress host = parseHost(hostAndPort.substring(0, colon), family);
    return new InetSocketAddress(host, parsePort(hostAndPort.substring(colon + 1)));
  }

  private int parsePort(String port) {
    try {
      int number = Integer.parseInt(port);
      if (number >= 0 && number <= PORT_MAX) {
        return number;
      }
    } catch (NumberFormatException notNumber) {
      throw refused(text, "has port '" + port + "', which is not a number");
    }
    throw refused(text, "has port " + port + ", which is not from 0 to " + PORT_MAX);
  }

  private InetAddress parseHost(String host, Family family) {
    try {
      if (host.isEmpty() || host.equals("*")) {
        return InetAddress.getByAddress(family == Family.V6 ? ANY_V6 : ANY_V4);
      }
      if (host.equals("localhost")) {
        // With its name: TLS checks the peer's certificate against what was written.
        return InetAddress.getByAddress(host, family == Family.V6 ? LOOPBACK_V6 : LOOPBACK_V4);
      }
      return requireFamily(parseLiteral(host), host, family);
    } catch (UnknownHostException impossible) {
      throw new AssertionError("an address of 4 or 16 bytes was refused", impossible);
    }
  }

  private InetAddress parseLiteral(String host) {
    boolean hasBrackets = host.startsWith("[") && host.endsWith("]");
    if (!hasBrackets && host.contains(":")) {
      // ::1:7000 is an address by itself: only brackets say where it ends.
      throw refused(text, "has host '" + host + "': an IPv6 address needs brackets");
    }
    try {
      // ofLiteral never asks a name server.
      return InetAddress.ofLiteral(hasBrackets ? host.substring(1, host.length() - 1) : host);
    } catch (IllegalArgumentException notLiteral) {
      throw refused(text, "has host '" + host + "', which is not an IP address");
    }
  }

  private InetAddress requireFamily(InetAddress address, String host, Family family) {
    boolean isV6 = address instanceof Inet6Address;
    if (family == Family.V4 && isV6 || family == Family.V6 && !isV6) {
      String wanted = family == Family.V4 ? "IPv4" : "IPv6";
      throw refused(text, "has host '" + host + "', which is not an " + wanted + " address");
    }
    return address;
  }

  private Endpoint endpoint(SocketAddress address, boolean isOnlyIpv6) {
    return new Endpoint(text, address, isOnlyIpv6, isTls, sharePort, fileMode);
  }

  static ConfigException refused(String text, String problem) {
    return new ConfigException(
        "address",
        "address '"
            + text
            + "' "
            + problem
            + "; use host:port with an IP address or localhost, such as 127.0.0.1:7000, [::1]:7000"
            + " or :7000 for every IPv4 address, or unix:/path, or unix:@name");
  }
}

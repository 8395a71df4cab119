package dev.uring.message.codec;

/**
 * Where a channel leads to or listens, as it stands in the headers {@link TextHeaders#CONNECT_TO}
 * and {@link TextHeaders#LISTEN_ON}: {@code tcp|host|port} or {@code uds|path}.
 *
 * @param kind TCP or a Unix socket
 * @param host an IP address or a name; empty for a Unix socket
 * @param port 0 to 65535; 0 for a Unix socket
 * @param path of the socket's file; empty for TCP
 */
public record ChannelAddress(Kind kind, String host, int port, String path) {
  /** The host when none is given. */
  public static final String HOST_DEFAULT = "127.0.0.1";

  /** The port when none is given. */
  public static final int PORT_DEFAULT = 7099;

  /** What the kernel takes, without its closing zero. */
  private static final int PATH_BYTES_MAX = 107;

  private static final int PORT_MAX = 65535;

  /** What kind of socket. */
  public enum Kind {
    /** TCP. */
    TCP,
    /** A Unix socket. */
    UDS
  }

  /**
   * A TCP address.
   *
   * @param host an IP address or a name
   * @param port 0 to 65535
   * @return the address
   */
  public static ChannelAddress tcp(String host, int port) {
    return new ChannelAddress(Kind.TCP, host, port, "");
  }

  /**
   * The path of a Unix socket.
   *
   * @param path of its file
   * @return the address
   */
  public static ChannelAddress uds(String path) {
    return new ChannelAddress(Kind.UDS, "", 0, path);
  }

  /**
   * Reads an address.
   *
   * @param text what stands in the header
   * @return the address, or null when the text is none
   */
  public static ChannelAddress parse(String text) {
    String[] parts = text.split("\\|", -1);
    if (parts.length == 2 && parts[0].equals("uds")) {
      int bytes = parts[1].getBytes(java.nio.charset.StandardCharsets.UTF_8).length;
      return bytes == 0 || bytes > PATH_BYTES_MAX ? null : uds(parts[1]);
    }
    if (parts.length != 3 || !parts[0].equals("tcp") || parts[1].isEmpty()) {
      return null;
    }
    try {
      int port = Integer.parseInt(parts[2]);
      return port < 0 || port > PORT_MAX ? null : tcp(parts[1], port);
    } catch (NumberFormatException noNumber) {
      return null;
    }
  }

  /**
   * The address as {@code Endpoint} of the core reads it.
   *
   * @return {@code host:port} or {@code unix:path}
   */
  public String toEndpoint() {
    if (kind == Kind.UDS) {
      return "unix:" + path;
    }
    return (host.indexOf(':') >= 0 ? "[" + host + "]" : host) + ":" + port;
  }

  @Override
  public String toString() {
    return kind == Kind.UDS ? "uds|" + path : "tcp|" + host + "|" + port;
  }
}

package dev.uring.memcache.routing;

import dev.uring.client.routing.WeightedNode;

/**
 * A server as clients agree to call it.
 *
 * @param host name or address, as the other clients have it
 * @param port its port
 * @param weight its share, at least 1
 */
public record Node(String host, int port, int weight) implements WeightedNode {
  private static final int DEFAULT_PORT = 11211;

  /** Checks the weight. */
  public Node {
    if (weight < 1) {
      throw new IllegalArgumentException(
          "weight=" + weight + " of " + host + ":" + port + " must be at least 1");
    }
  }

  /**
   * Its name in the continuum: the port is left out when it is 11211, as libmemcached and twemproxy
   * do.
   *
   * @return {@code host} or {@code host:port}
   */
  @Override
  public String identity() {
    return port == DEFAULT_PORT ? host : host + ":" + port;
  }

  /**
   * Reads {@code host}, {@code host:port} or {@code host:port:weight}.
   *
   * @param text an IPv6 address in brackets
   * @return the node
   */
  public static Node parse(String text) {
    int hostUntil = text.startsWith("[") ? text.indexOf(']') + 1 : text.indexOf(':');
    if (hostUntil <= 0) {
      return new Node(text, DEFAULT_PORT, 1);
    }
    String[] numbers = hostUntil < text.length()
        ? text.substring(hostUntil + 1).split(":")
        : new String[] {"" + DEFAULT_PORT};
    try {
      int weight = numbers.length > 1 ? Integer.parseInt(numbers[1]) : 1;
      return new Node(text.substring(0, hostUntil), Integer.parseInt(numbers[0]), weight);
    } catch (NumberFormatException malformed) {
      throw new IllegalArgumentException("'" + text + "' is not host[:port[:weight]]", malformed);
    }
  }
}

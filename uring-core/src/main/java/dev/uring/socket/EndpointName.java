package dev.uring.socket;

import dev.uring.base.ConfigException;
import java.util.Optional;

/**
 * An address to connect to with a name in the place of the IP address, which somebody has to look
 * up before it is an {@link Endpoint}.
 *
 * <h2>Shapes and units</h2>
 *
 * {@code name:port}, {@code tcp://name:port}, {@code tls://name:port}, or for one IP version
 * {@code tcp4://name:port} and {@code tcp6://name:port}. Never {@code localhost}, which
 * {@link Endpoint} knows by itself.
 *
 * @param host the name as it was written; whether it can be one is for the resolver to say
 * @param port 1 to 65535
 * @param family which addresses of it may be connected to
 */
public record EndpointName(String host, int port, Family family) {
  /** IP versions. */
  public enum Family {
    /** Either version. */
    EITHER,
    /** IPv4 alone. */
    V4,
    /** IPv6 alone. */
    V6
  }

  /**
   * Finds the name in an address.
   *
   * @param text an address as for {@link Endpoint#parse}, or with a name
   * @return empty when there is none in it, so that {@link Endpoint#parse} says what it is
   * @throws ConfigException there is a name, and what is around it is wrong
   */
  public static Optional<EndpointName> find(String text) {
    return new EndpointParser(text).findName();
  }
}

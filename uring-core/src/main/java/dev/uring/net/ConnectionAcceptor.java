package dev.uring.net;

/** Chooses the handler of a new connection. */
@FunctionalInterface
public interface ConnectionAcceptor {
  /**
   * Called on the worker that accepted the connection, before anything is received.
   *
   * @param connection the connection
   * @return its handler: one of its own, or one that all connections share
   */
  ConnectionHandler accept(Connection connection);
}

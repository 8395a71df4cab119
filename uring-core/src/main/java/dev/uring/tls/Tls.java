package dev.uring.tls;

import dev.uring.net.Connection;
import dev.uring.net.ConnectionAcceptor;
import dev.uring.net.ConnectionHandler;
import java.net.SocketAddress;
import java.util.Objects;

/**
 * TLS on connections.
 *
 * <h2>Shapes and units</h2>
 *
 * A connection with TLS is used as any other: everything in {@link Connection} counts the program's
 * bytes and not the records'. What differs: received bytes are copied when they are forwarded or
 * owned, because they lie in no buffer of the kernel's; and before TLS 1.3 the end of the peer's
 * stream ends this side's too.
 *
 * <h2>Threading and cancellation</h2>
 *
 * Acceptors are for any thread, the others for the connection's worker.
 *
 * <h2>Errors</h2>
 *
 * {@link TlsException} to {@link ConnectionHandler#onClosed}; of a handshake that fails while a
 * connection is being opened, to the result of the attempt.
 */
public final class Tls {
  private Tls() {}

  /**
   * An acceptor that speaks TLS, for a listener.
   *
   * @param tls how; asked for each connection
   * @param acceptor is asked for the handler when the handshake is through
   * @return an acceptor
   */
  public static ConnectionAcceptor server(TlsServerSource tls, ConnectionAcceptor acceptor) {
    Objects.requireNonNull(tls, "tls");
    Objects.requireNonNull(acceptor, "acceptor");
    return connection -> serverOpening(tls.current(), acceptor);
  }

  /**
   * An acceptor that speaks TLS, for connections that are opened.
   *
   * @param tls how
   * @param address the peer, whose host the certificate must have unless the options say otherwise
   * @param acceptor is asked for the handler when the handshake is through
   * @return an acceptor
   */
  public static ConnectionAcceptor client(
      TlsClientOptions tls, SocketAddress address, ConnectionAcceptor acceptor) {
    Objects.requireNonNull(tls, "tls");
    Objects.requireNonNull(acceptor, "acceptor");
    return connection -> clientOpening(tls, address, acceptor);
  }

  /**
   * As with an address, for a peer that has several: the certificate must have the one that has
   * answered, unless the options have a {@code serverName}.
   *
   * @param tls how
   * @param acceptor is asked for the handler when the handshake is through
   * @return an acceptor
   */
  public static ConnectionAcceptor client(TlsClientOptions tls, ConnectionAcceptor acceptor) {
    Objects.requireNonNull(tls, "tls");
    Objects.requireNonNull(acceptor, "acceptor");
    return connection -> clientOpening(tls, connection.remoteAddress(), acceptor);
  }

  /**
   * Begins TLS as the server of a connection that was in the clear until now (STARTTLS). What was
   * written before is still sent in the clear. What is unconsumed counts as the client's first
   * record, so that nobody can slip in what would seem to have come encrypted.
   *
   * @param connection of this worker; nobody may write to it until the new handler is told
   * @param tls how
   * @param handler hears {@code onOpen} when the handshake is through, and {@code onClosed} in any
   *     case
   */
  public static void startServer(
      Connection connection, TlsServerSource tls, ConnectionHandler handler) {
    start(connection, serverOpening(tls.current(), ignored -> handler), handler);
  }

  /**
   * Begins TLS as the client of a connection that was in the clear until now (STARTTLS).
   *
   * @param connection of this worker; nobody may write to it until the new handler is told
   * @param tls how
   * @param handler hears {@code onOpen} when the handshake is through, and {@code onClosed} in any
   *     case
   */
  public static void startClient(
      Connection connection, TlsClientOptions tls, ConnectionHandler handler) {
    start(connection, clientOpening(tls, connection.remoteAddress(), ignored -> handler), handler);
  }

  private static void start(Connection connection, TlsOpening opening, ConnectionHandler handler) {
    if (connection.layer() != null) {
      throw new IllegalStateException("TLS is there already: " + connection);
    }
    opening.onLost(handler);
    // From here on what arrives is kept: it is for the layer, which can come in only at the top of
    // the loop.
    connection.pauseReceive();
    connection.worker().execute(() -> {
      if (connection.isOpen()) {
        connection.handOver(opening);
      }
    });
  }

  private static TlsOpening serverOpening(TlsServerOptions tls, ConnectionAcceptor acceptor) {
    return new TlsOpening(tls, tls.newEngine(), acceptor, tls.onHandshakeFailure());
  }

  private static TlsOpening clientOpening(
      TlsClientOptions tls, SocketAddress address, ConnectionAcceptor acceptor) {
    return new TlsOpening(tls, tls.newEngine(address), acceptor, null);
  }
}

package dev.uring.tls;

import dev.uring.bytes.ByteView;
import dev.uring.net.Connection;
import dev.uring.net.ConnectionAcceptor;
import dev.uring.net.ConnectionHandler;
import dev.uring.net.OpeningHandler;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;
import javax.net.ssl.SSLEngine;

/**
 * Handles a connection from its first byte to the end of its TLS handshake, and then asks the
 * program's acceptor for the handler that goes on. A connection whose handshake fails is one that
 * the program never sees.
 */
final class TlsOpening implements OpeningHandler {
  private final TlsSettings settings;
  private final SSLEngine engine;
  private final ConnectionAcceptor program;
  private final Consumer<TlsException> onFailure;
  private final CompletableFuture<Void> ready = new CompletableFuture<>();
  // Of a connection that the program had before: it hears of the end here too.
  private ConnectionHandler lostTo;

  TlsOpening(
      TlsSettings settings,
      SSLEngine engine,
      ConnectionAcceptor program,
      Consumer<TlsException> onFailure) {
    this.settings = settings;
    this.engine = engine;
    this.program = program;
    this.onFailure = onFailure;
  }

  /** The handler hears of the end of a connection whose handshake fails. */
  void onLost(ConnectionHandler handler) {
    lostTo = handler;
  }

  @Override
  public CompletionStage<Void> ready() {
    return ready.minimalCompletionStage();
  }

  @Override
  public void onOpen(Connection connection) {
    if (connection.unsentBytes() > 0) {
      // What was written in the clear leaves in the clear.
      connection.requestWritable(0);
    } else {
      connection.addLayer(new TlsLayer(settings, engine, this));
      connection.resumeReceive();
    }
  }

  @Override
  public void onWritable(Connection connection) {
    if (connection.layer() == null) {
      onOpen(connection);
    }
  }

  @Override
  public int onReceive(Connection connection, ByteView bytes) {
    // In the clear, behind which the peer's first record may be: it is for the layer to come.
    return 0;
  }

  @Override
  public void onClosed(Connection connection, Throwable cause) {
    Throwable why = cause;
    if (why == null) {
      why = new TlsHandshakeException(
          "TLS handshake given up: this side closed the connection (connection "
              + connection.id()
              + ")",
          null);
    }
    ready.completeExceptionally(why);
    if (why instanceof TlsException failure && cause != null && onFailure != null) {
      onFailure.accept(failure);
    }
    if (lostTo != null) {
      lostTo.onClosed(connection, cause);
    }
  }

  /** The handshake is through. */
  void agreed(Connection connection) {
    ConnectionHandler handler;
    try {
      handler = program.accept(connection);
    } catch (RuntimeException failure) {
      connection.worker().taskFailed(failure);
      ready.completeExceptionally(failure);
      connection.abort();
      return;
    }
    connection.handOver(handler);
    ready.complete(null);
  }
}

package dev.uring.samples;

import dev.uring.RuntimeConfig;
import dev.uring.UringRuntime;
import dev.uring.bytes.ByteView;
import dev.uring.net.Connection;
import dev.uring.net.ConnectionHandler;
import dev.uring.net.Listener;
import dev.uring.tls.TlsCredentials;
import dev.uring.tls.TlsServerOptions;

/**
 * Sends every byte back over TLS: the handler is that of any echo, and knows nothing of it.
 *
 * <pre>{@code
 * openssl s_client -connect 127.0.0.1:7443 -quiet
 * }</pre>
 */
public final class TlsEchoInJava implements ConnectionHandler {
  // A peer that sends without reading: from this many unsent bytes on it has to wait.
  private static final long RESUME_AT_UNSENT_BYTES = 64 * 1024;

  private TlsEchoInJava() {}

  /**
   * Serves until SIGTERM or SIGINT, with a certificate that it makes for itself.
   *
   * @param args where to listen, for example {@code tls://127.0.0.1:7443}
   */
  public static void main(String[] args) {
    TlsServerOptions tls = TlsServerOptions.builder()
        .credentials(TlsCredentials.selfSigned("localhost", "127.0.0.1"))
        .onHandshakeFailure(failure -> System.err.println(failure.getMessage()))
        .build();
    RuntimeConfig config = RuntimeConfig.builder().shutdownOnSignal(true).build();
    UringRuntime runtime = UringRuntime.start(config);
    TlsEchoInJava echo = new TlsEchoInJava();
    Listener listener =
        runtime.listen(args.length > 0 ? args[0] : "tls://127.0.0.1:7443", tls, connection -> echo);
    System.out.println("listening on port " + listener.port());
  }

  @Override
  public int onReceive(Connection connection, ByteView bytes) {
    connection.write(bytes);
    if (!connection.isWritable()) {
      connection.pauseReceive();
      connection.requestWritable(RESUME_AT_UNSENT_BYTES);
    }
    return bytes.size();
  }

  @Override
  public void onWritable(Connection connection) {
    connection.resumeReceive();
  }
}

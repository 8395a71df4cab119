package dev.uring.samples;

import dev.uring.RuntimeConfig;
import dev.uring.UringRuntime;
import dev.uring.bytes.ByteView;
import dev.uring.net.Connection;
import dev.uring.net.ConnectionHandler;
import dev.uring.net.Listener;

/** Sends every byte back: the callback API, which needs no Kotlin. */
public final class EchoInJava implements ConnectionHandler {
  // A peer that sends without reading: from this many unsent bytes on it has to wait.
  private static final long RESUME_AT_UNSENT_BYTES = 64 * 1024;

  private EchoInJava() {}

  /**
   * Serves until SIGTERM or SIGINT.
   *
   * @param args where to listen, for example {@code 127.0.0.1:7000}
   */
  public static void main(String[] args) {
    RuntimeConfig config = RuntimeConfig.builder().shutdownOnSignal(true).build();
    UringRuntime runtime = UringRuntime.start(config);
    // One handler for all connections: it keeps nothing of its own.
    EchoInJava echo = new EchoInJava();
    Listener listener =
        runtime.listen(args.length > 0 ? args[0] : "127.0.0.1:7000", connection -> echo);
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

package dev.uring.bench.subject;

import dev.uring.RuntimeConfig;
import dev.uring.UringRuntime;
import dev.uring.bytes.ByteView;
import dev.uring.net.Connection;
import dev.uring.net.ConnectionHandler;
import dev.uring.net.Listener;

/**
 * {@link UringCallbackEcho} that keeps {@value #HOARD_BYTES} bytes more for each connection: the
 * twin by which the memory bench shows that it would notice.
 */
public final class UringHoarder {
  /** What each connection keeps, in bytes. */
  public static final int HOARD_BYTES = 4096;

  private UringHoarder() {}

  /**
   * Runs the server until the harness ends it.
   *
   * @param args none
   */
  public static void main(String[] args) {
    UringRuntime runtime =
        UringRuntime.start(RuntimeConfig.builder().workersCount(1).build());
    Listener listener = runtime.listen("127.0.0.1:0", accepted -> new Hoarder());
    new SubjectControl(listener.port(), "uring-callback with 4 KiB more for each connection")
        .serve();
  }

  private static final class Hoarder implements ConnectionHandler {
    @Override
    public void onOpen(Connection connection) {
      connection.attach(new byte[HOARD_BYTES]);
    }

    @Override
    public int onReceive(Connection connection, ByteView bytes) {
      connection.write(bytes);
      return bytes.size();
    }
  }
}

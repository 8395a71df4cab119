package dev.uring.bench.subject;

import dev.uring.RuntimeConfig;
import dev.uring.UringRuntime;
import dev.uring.net.Listener;

/** Subject {@code uring-callback}: the echo that a Java program writes on the callback API. */
public final class UringCallbackEcho {
  private UringCallbackEcho() {}

  /**
   * Runs the server until the harness ends it.
   *
   * @param args none
   */
  public static void main(String[] args) {
    UringRuntime runtime =
        UringRuntime.start(RuntimeConfig.builder().workersCount(1).build());
    Listener listener = runtime.listen("127.0.0.1:0", accepted -> (connection, bytes) -> {
      connection.write(bytes);
      return bytes.size();
    });
    new SubjectControl(
            listener.port(), "ConnectionHandler, one worker, driver " + runtime.driverName())
        .counters(() -> UringCounters.of(runtime))
        .serve();
  }
}

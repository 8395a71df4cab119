package dev.uring.bench.subject;

import java.io.IOException;

/** Subject {@code jdk-nio}: echo on {@link NioServer}. */
public final class NioEcho {
  private NioEcho() {}

  /**
   * Runs the server until the harness ends it.
   *
   * @param args none
   * @throws IOException when the server cannot listen
   */
  public static void main(String[] args) throws IOException {
    int port = NioServer.start(0, (received, connection) -> received);
    new SubjectControl(
            port, "JDK Selector, one thread, one shared direct buffer of 512 KiB, TCP_NODELAY")
        .serve();
  }
}

package dev.uring.bench.subject;

import java.io.IOException;

/** Subject {@code jdk-nio} of the UDP bench: echo on {@link NioUdpServer}. */
public final class NioUdpEcho {
  private NioUdpEcho() {}

  /**
   * Runs the server until the harness ends it.
   *
   * @param args none
   * @throws IOException when the server cannot be bound
   */
  public static void main(String[] args) throws IOException {
    int port = NioUdpServer.start((received, from, channel) -> channel.send(received, from));
    new SubjectControl(port, "JDK DatagramChannel and Selector, one thread, one direct buffer")
        .serve();
  }
}

package dev.uring.bench.subject;

import dev.uring.RuntimeConfig;
import dev.uring.UringRuntime;
import dev.uring.net.UdpOptions;
import dev.uring.net.UdpServer;

/** Subject {@code uring-callback} of the UDP bench: the echo of a Java program's callback. */
public final class UringCallbackUdpEcho {
  private UringCallbackUdpEcho() {}

  /**
   * Runs the server until the harness ends it.
   *
   * @param args none
   */
  public static void main(String[] args) {
    UringRuntime runtime =
        UringRuntime.start(RuntimeConfig.builder().workersCount(1).build());
    UdpServer server = runtime.udp(
        "127.0.0.1:0",
        UdpOptions.defaults(),
        opened -> (socket, payload, peer) -> socket.send(payload, peer));
    new SubjectControl(server.localAddress().getPort(), "UdpHandler, one worker, defaults")
        .counters(() -> UringCounters.of(runtime))
        .serve();
  }
}

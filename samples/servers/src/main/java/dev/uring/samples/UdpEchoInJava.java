package dev.uring.samples;

import dev.uring.RuntimeConfig;
import dev.uring.UringRuntime;
import dev.uring.bytes.ByteView;
import dev.uring.net.UdpHandler;
import dev.uring.net.UdpOptions;
import dev.uring.net.UdpPeer;
import dev.uring.net.UdpServer;
import dev.uring.net.UdpSocket;

/** Sends every datagram back to who sent it: the callback API, which needs no Kotlin. */
public final class UdpEchoInJava implements UdpHandler {
  private UdpEchoInJava() {}

  /**
   * Serves until SIGTERM or SIGINT.
   *
   * @param args where to listen, for example {@code 127.0.0.1:7000}
   */
  public static void main(String[] args) {
    RuntimeConfig config = RuntimeConfig.builder().shutdownOnSignal(true).build();
    UringRuntime runtime = UringRuntime.start(config);
    // One handler for the sockets of all workers: it keeps nothing of its own.
    UdpEchoInJava echo = new UdpEchoInJava();
    String address = args.length > 0 ? args[0] : "127.0.0.1:7000";
    UdpServer server = runtime.udp(address, UdpOptions.defaults(), socket -> echo);
    System.out.println("listening on port " + server.localAddress().getPort());
  }

  @Override
  public void onDatagram(UdpSocket socket, ByteView payload, UdpPeer peer) {
    // Refused when the queue is full: of a flood some is lost, as on any network, and counted.
    socket.send(payload, peer);
  }
}

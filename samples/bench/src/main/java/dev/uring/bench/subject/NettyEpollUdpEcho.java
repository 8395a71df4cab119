package dev.uring.bench.subject;

import io.netty.channel.epoll.EpollChannelOption;
import io.netty.channel.epoll.EpollDatagramChannel;
import io.netty.channel.epoll.EpollIoHandler;

/** Subject {@code netty-epoll} of the UDP bench: {@link NettyUdpEcho} on the epoll transport. */
public final class NettyEpollUdpEcho {
  private NettyEpollUdpEcho() {}

  /**
   * Runs the server until the harness ends it.
   *
   * @param args none
   * @throws InterruptedException never in practice: nothing interrupts the main thread
   */
  public static void main(String[] args) throws InterruptedException {
    int port = NettyUdpEcho.start(
        EpollIoHandler.newFactory(),
        EpollDatagramChannel.class,
        EpollChannelOption.MAX_DATAGRAM_PAYLOAD_SIZE);
    new SubjectControl(
            port,
            "native epoll, one event loop, recvmmsg and sendmmsg of up to 32 x 2 KiB, pooled"
                + " allocator, void promise, flush in channelReadComplete, checks off")
        .serve();
  }
}

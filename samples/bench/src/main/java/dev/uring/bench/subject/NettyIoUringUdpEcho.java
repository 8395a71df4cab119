package dev.uring.bench.subject;

import io.netty.channel.uring.IoUringChannelOption;
import io.netty.channel.uring.IoUringDatagramChannel;
import io.netty.channel.uring.IoUringIoHandler;
import io.netty.channel.uring.IoUringIoHandlerConfig;

/**
 * Subject {@code netty-io_uring} of the UDP bench: {@link NettyUdpEcho} on the io_uring transport,
 * whose datagram channel asks for as many receives at once as the receive buffer has room for.
 */
public final class NettyIoUringUdpEcho {
  private static final int RING_ENTRIES = 4096;

  private NettyIoUringUdpEcho() {}

  /**
   * Runs the server until the harness ends it.
   *
   * @param args none
   * @throws InterruptedException never in practice: nothing interrupts the main thread
   */
  public static void main(String[] args) throws InterruptedException {
    int port = NettyUdpEcho.start(
        IoUringIoHandler.newFactory(new IoUringIoHandlerConfig().setRingSize(RING_ENTRIES)),
        IoUringDatagramChannel.class,
        IoUringChannelOption.MAX_DATAGRAM_PAYLOAD_SIZE);
    new SubjectControl(
            port,
            "native io_uring, one event loop, up to 32 x 2 KiB for each read, pooled allocator,"
                + " void promise, flush in channelReadComplete, checks off")
        .serve();
  }
}

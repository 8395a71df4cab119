package dev.uring.bench.subject;

import io.netty.buffer.PooledByteBufAllocator;
import io.netty.channel.AdaptiveRecvByteBufAllocator;
import io.netty.channel.ChannelOption;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerSocketChannel;
import java.util.Map;

/** Subject {@code netty-epoll}: {@link NettyEcho} on the native epoll transport. */
public final class NettyEpollEcho {
  private NettyEpollEcho() {}

  /**
   * Runs the server until the harness ends it.
   *
   * @param args none
   * @throws InterruptedException never in practice: nothing interrupts the main thread
   */
  public static void main(String[] args) throws InterruptedException {
    int port = NettyEcho.start(
        EpollIoHandler.newFactory(),
        EpollServerSocketChannel.class,
        Map.of(
            ChannelOption.ALLOCATOR,
            PooledByteBufAllocator.DEFAULT,
            // Grows to the request's size; the default stops at 64 KiB and would cut a 300 KiB
            // request in five reads.
            ChannelOption.RECVBUF_ALLOCATOR,
            new AdaptiveRecvByteBufAllocator(64, 2048, NioServer.READ_BYTES)));
    new SubjectControl(
            port,
            "native epoll, one event loop, pooled allocator, receive buffers adapt to 512 KiB,"
                + " void promise, flush in channelReadComplete, TCP_NODELAY, checks off")
        .serve();
  }
}

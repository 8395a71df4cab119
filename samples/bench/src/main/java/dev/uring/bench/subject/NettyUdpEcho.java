package dev.uring.bench.subject;

import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.FixedRecvByteBufAllocator;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.socket.DatagramPacket;
import java.net.InetAddress;
import java.net.InetSocketAddress;

/**
 * UDP echo as Netty's fast users write it; what both transports share.
 *
 * <p>Each setting and why: one event loop on the one server core; the transport's maximal datagram
 * payload is set, with a receive buffer of {@value #DATAGRAMS_PER_READ} times it, which is what
 * makes one read take many datagrams (recvmmsg under epoll); replies are written with the void
 * promise and flushed once in {@code channelReadComplete} (sendmmsg under epoll); the reply reuses
 * the received buffer; checks are off, as for TCP.
 */
final class NettyUdpEcho {
  static final int DATAGRAM_BYTES = 2048;
  private static final int DATAGRAMS_PER_READ = 32;

  private NettyUdpEcho() {}

  /**
   * Binds a free loopback port with one event loop.
   *
   * @param datagramBytes the transport's option for the largest payload
   * @return the port
   */
  static int start(
      IoHandlerFactory io, Class<? extends Channel> channel, ChannelOption<Integer> datagramBytes)
      throws InterruptedException {
    EventLoopGroup loop = new MultiThreadIoEventLoopGroup(1, io);
    Channel server = new Bootstrap()
        .group(loop)
        .channel(channel)
        .option(ChannelOption.ALLOCATOR, PooledByteBufAllocator.DEFAULT)
        .option(
            ChannelOption.RECVBUF_ALLOCATOR,
            new FixedRecvByteBufAllocator(DATAGRAM_BYTES * DATAGRAMS_PER_READ))
        .option(datagramBytes, DATAGRAM_BYTES)
        .handler(new EchoHandler())
        .bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
        .sync()
        .channel();
    return ((InetSocketAddress) server.localAddress()).getPort();
  }

  private static final class EchoHandler extends ChannelInboundHandlerAdapter {
    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
      DatagramPacket packet = (DatagramPacket) message;
      ctx.write(new DatagramPacket(packet.content(), packet.sender()), ctx.voidPromise());
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext ctx) {
      ctx.flush();
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
      cause.printStackTrace();
    }
  }
}

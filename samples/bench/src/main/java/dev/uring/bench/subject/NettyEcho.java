package dev.uring.bench.subject;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.ServerChannel;
import io.netty.channel.WriteBufferWaterMark;
import io.netty.handler.ssl.SslContext;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.Map;

/**
 * Echo as Netty's own guides and its fastest users write it; what both transports share.
 *
 * <p>Each setting and why: one event loop on the one server core; replies are written with the void
 * promise (no promise object for each write) and flushed once in {@code channelReadComplete} (a
 * pipelined batch becomes one write); TCP_NODELAY because the replies are complete; the high-water
 * mark is above the largest request, and a channel beyond it stops reading, as a robust server
 * must; leak detection, accessibility checks and bounds checks are off (set by the harness as
 * system properties), as in public benchmarks of Netty.
 */
final class NettyEcho {
  private static final int BACKLOG = 4096;
  private static final WriteBufferWaterMark WATER_MARK = new WriteBufferWaterMark(1 << 20, 4 << 20);

  private NettyEcho() {}

  /**
   * Listens on a free loopback port with one event loop.
   *
   * @return the port
   */
  static int start(
      IoHandlerFactory io,
      Class<? extends ServerChannel> channel,
      Map<ChannelOption<?>, Object> childOptions)
      throws InterruptedException {
    return start(io, channel, childOptions, null);
  }

  /**
   * As above, over TLS.
   *
   * @param tls certificate and provider, or null for none
   * @return the port
   */
  static int start(
      IoHandlerFactory io,
      Class<? extends ServerChannel> channel,
      Map<ChannelOption<?>, Object> childOptions,
      SslContext tls)
      throws InterruptedException {
    ChannelHandler echo = new EchoHandler();
    return listen(io, channel, childOptions, tls == null ? echo : overTls(tls, echo));
  }

  /**
   * Listens for something else than echo, with the same settings.
   *
   * @param child handles each connection
   * @return the port
   */
  static int listen(
      IoHandlerFactory io,
      Class<? extends ServerChannel> channel,
      Map<ChannelOption<?>, Object> childOptions,
      ChannelHandler child)
      throws InterruptedException {
    EventLoopGroup loop = new MultiThreadIoEventLoopGroup(1, io);
    ServerBootstrap bootstrap = new ServerBootstrap()
        .group(loop)
        .channel(channel)
        .option(ChannelOption.SO_BACKLOG, BACKLOG)
        .childOption(ChannelOption.TCP_NODELAY, true)
        .childOption(ChannelOption.WRITE_BUFFER_WATER_MARK, WATER_MARK)
        .childHandler(child);
    childOptions.forEach((option, value) -> set(bootstrap, option, value));
    Channel server = bootstrap
        .bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
        .sync()
        .channel();
    return ((InetSocketAddress) server.localAddress()).getPort();
  }

  private static ChannelHandler overTls(SslContext tls, ChannelHandler echo) {
    return new ChannelInitializer<Channel>() {
      @Override
      protected void initChannel(Channel accepted) {
        accepted.pipeline().addLast(tls.newHandler(accepted.alloc()), echo);
      }
    };
  }

  @SuppressWarnings("unchecked") // the pair was made by one of our two mains
  private static void set(ServerBootstrap bootstrap, ChannelOption<?> option, Object value) {
    bootstrap.childOption((ChannelOption<Object>) option, value);
  }

  @ChannelHandler.Sharable
  private static final class EchoHandler extends ChannelInboundHandlerAdapter {
    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
      ctx.write(message, ctx.voidPromise());
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext ctx) {
      ctx.flush();
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext ctx) {
      ctx.channel().config().setAutoRead(ctx.channel().isWritable());
      ctx.fireChannelWritabilityChanged();
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
      ctx.close();
    }
  }
}

package dev.uring.bench.subject;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.WriteBufferWaterMark;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslProvider;
import io.netty.handler.stream.ChunkedNioFile;
import io.netty.handler.stream.ChunkedWriteHandler;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.Map;

/**
 * Subjects {@code netty-jdk} and {@code netty-tcnative} of the bulk workload: a file over TLS as
 * Netty's guide sends it, in chunks. They are twice as large as ours, as smaller ones make it no
 * cheaper, and two of them wait at most; the file is opened once and not for each request.
 */
public final class NettyTlsFile {
  private static final int CHUNK_BYTES = 1 << 17;
  private static final WriteBufferWaterMark WATER_MARK =
      new WriteBufferWaterMark(CHUNK_BYTES, 2 * CHUNK_BYTES);

  private NettyTlsFile() {}

  /**
   * Runs the server until the harness ends it.
   *
   * @param args the PKCS#12 file, its password, an {@link SslProvider}, and the file to serve
   * @throws Exception a file cannot be read
   */
  public static void main(String[] args) throws Exception {
    SslContext tls =
        NettyTlsEcho.context(Path.of(args[0]), args[1].toCharArray(), SslProvider.valueOf(args[2]));
    FileChannel file = FileChannel.open(Path.of(args[3]));
    byte[] head = UringTlsFile.head(file.size());
    int port = NettyEcho.listen(
        EpollIoHandler.newFactory(),
        EpollServerSocketChannel.class,
        Map.of(
            ChannelOption.ALLOCATOR,
            PooledByteBufAllocator.DEFAULT,
            ChannelOption.WRITE_BUFFER_WATER_MARK,
            WATER_MARK),
        new ChannelInitializer<Channel>() {
          @Override
          protected void initChannel(Channel accepted) {
            ChannelHandler answers = new FileHandler(file, head);
            accepted
                .pipeline()
                .addLast(tls.newHandler(accepted.alloc()), new ChunkedWriteHandler(), answers);
          }
        });
    new SubjectControl(
            port,
            "native epoll, one event loop, SslHandler with "
                + args[2]
                + ", ChunkedWriteHandler with chunks of 128 KiB, pooled allocator, TCP_NODELAY,"
                + " checks off")
        .serve();
  }

  private static final class FileHandler extends ChannelInboundHandlerAdapter {
    private final FileChannel file;
    private final byte[] head;

    FileHandler(FileChannel file, byte[] head) {
      this.file = file;
      this.head = head;
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) throws IOException {
      // A record is a request: the load writes each of them as one.
      ((ByteBuf) message).release();
      ctx.write(Unpooled.wrappedBuffer(head));
      ctx.writeAndFlush(new OpenFile(file));
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
      ctx.close();
    }
  }

  /** Leaves the file open for the next request. */
  private static final class OpenFile extends ChunkedNioFile {
    OpenFile(FileChannel file) throws IOException {
      super(file, 0, file.size(), CHUNK_BYTES);
    }

    @Override
    public void close() {
      // It is the server's.
    }
  }
}

package dev.uring.bench.subject;

import io.netty.buffer.PooledByteBufAllocator;
import io.netty.channel.ChannelOption;
import io.netty.channel.uring.IoUringBufferRingConfig;
import io.netty.channel.uring.IoUringChannelOption;
import io.netty.channel.uring.IoUringFixedBufferRingAllocator;
import io.netty.channel.uring.IoUringIoHandler;
import io.netty.channel.uring.IoUringIoHandlerConfig;
import io.netty.channel.uring.IoUringServerSocketChannel;
import java.util.Map;

/**
 * Subject {@code netty-io_uring}: {@link NettyEcho} on the io_uring transport.
 *
 * <p>The buffer ring decides. Over the workloads of this bench 256 buffers of 64 KiB are as good as
 * any for small requests and among the best for large ones. Rejected: 1024 of 32 KiB (a tenth
 * dearer at 16 KiB and more), 128 of 64 KiB (as good, but a thousand connections exhaust it),
 * incremental buffers (dearer at 16 KiB), refilling in batches (dearer everywhere), receive bundles
 * (off by default in Netty; with them the server echoed wrong bytes). Single issuer and deferred
 * task run are its default.
 */
public final class NettyIoUringEcho {
  private static final short BUFFER_GROUP = 0;
  private static final short BUFFERS = 256;
  private static final int BUFFER_BYTES = 64 * 1024;
  private static final int RING_ENTRIES = 4096;

  private NettyIoUringEcho() {}

  /**
   * Runs the server until the harness ends it.
   *
   * @param args none
   * @throws InterruptedException never in practice: nothing interrupts the main thread
   */
  public static void main(String[] args) throws InterruptedException {
    IoUringBufferRingConfig buffers = IoUringBufferRingConfig.builder()
        .bufferGroupId(BUFFER_GROUP)
        .bufferRingSize(BUFFERS)
        .batchSize(BUFFERS)
        .allocator(
            new IoUringFixedBufferRingAllocator(PooledByteBufAllocator.DEFAULT, BUFFER_BYTES))
        .build();
    IoUringIoHandlerConfig config =
        new IoUringIoHandlerConfig().setRingSize(RING_ENTRIES).setBufferRingConfig(buffers);
    int port = NettyEcho.start(
        IoUringIoHandler.newFactory(config),
        IoUringServerSocketChannel.class,
        Map.of(
            ChannelOption.ALLOCATOR,
            PooledByteBufAllocator.DEFAULT,
            IoUringChannelOption.IO_URING_BUFFER_GROUP_ID,
            BUFFER_GROUP));
    new SubjectControl(
            port,
            "native io_uring, one event loop, buffer ring 256 x 64 KiB, pooled allocator,"
                + " void promise, flush in channelReadComplete, TCP_NODELAY, checks off")
        .serve();
  }
}

package dev.uring.bench.message

import io.netty.bootstrap.Bootstrap
import io.netty.bootstrap.ServerBootstrap
import io.netty.buffer.ByteBuf
import io.netty.channel.Channel
import io.netty.channel.ChannelHandlerContext
import io.netty.channel.ChannelInitializer
import io.netty.channel.ChannelOption
import io.netty.channel.MultiThreadIoEventLoopGroup
import io.netty.channel.SimpleChannelInboundHandler
import io.netty.channel.epoll.EpollDomainSocketChannel
import io.netty.channel.epoll.EpollIoHandler
import io.netty.channel.epoll.EpollServerDomainSocketChannel
import io.netty.channel.epoll.EpollServerSocketChannel
import io.netty.channel.epoll.EpollSocketChannel
import io.netty.channel.unix.DomainSocketAddress
import io.netty.handler.codec.LengthFieldBasedFrameDecoder
import java.net.InetSocketAddress
import java.net.SocketAddress
import java.nio.file.Path
import java.util.concurrent.CountDownLatch

/**
 * Netty with length-prefixed frames, as its users write it: one epoll loop for both ends, one flush for all that a read
 * has brought, void promises, frames read in place, writes as long as the channel is writable.
 */
class NettyMessages(
    private val directory: Path,
) : MessageEnds {
    private val loop = MultiThreadIoEventLoopGroup(1, EpollIoHandler.newFactory())
    private val links = HashMap<Pair<Boolean, Int>, List<Channel>>()

    @Volatile
    private var load: MessageLoad? = null

    @Volatile
    private var over = CountDownLatch(0)

    override val settings = "one epoll loop for both ends, frames with a length of 4 bytes, one flush for each read"

    override fun run(load: MessageLoad) {
        val channels = links.getOrPut(load.workload.isUnix to load.workload.channels) { open(load.workload) }
        this.load = load
        over = CountDownLatch(channels.size)
        channels.forEach { channel ->
            channel.eventLoop().execute { channel.pipeline().get(ClientEnd::class.java).begin() }
        }
        over.await()
        load.awaitArrivals()
    }

    private fun open(workload: MessageWorkload): List<Channel> {
        val server = ServerBootstrap().group(loop).childHandler(framed { ServerEnd() })
        val client = Bootstrap().group(loop).handler(framed { ClientEnd() })
        val bound: SocketAddress
        if (workload.isUnix) {
            bound = DomainSocketAddress(directory.resolve("netty-${workload.channels}").toString())
            server.channel(EpollServerDomainSocketChannel::class.java).bind(bound).sync()
            client.channel(EpollDomainSocketChannel::class.java)
        } else {
            server.childOption(ChannelOption.TCP_NODELAY, true).channel(EpollServerSocketChannel::class.java)
            val listening = server.bind(InetSocketAddress("127.0.0.1", 0)).sync().channel()
            bound = listening.localAddress()
            client.option(ChannelOption.TCP_NODELAY, true).channel(EpollSocketChannel::class.java)
        }
        return List(workload.channels) { client.connect(bound).sync().channel() }
    }

    private fun framed(end: () -> SimpleChannelInboundHandler<ByteBuf>) =
        object : ChannelInitializer<Channel>() {
            override fun initChannel(channel: Channel) {
                channel.pipeline().addLast(
                    LengthFieldBasedFrameDecoder(1 shl 20, 0, PREFIX_BYTES, 0, PREFIX_BYTES),
                    end(),
                )
            }
        }

    private fun look(
        frame: ByteBuf,
        present: MessageLoad,
    ) {
        val size = frame.readableBytes()
        present.check(size, if (size == 0) 0 else frame.getByte(frame.readerIndex() + size - 1))
    }

    private fun send(
        context: ChannelHandlerContext,
        load: MessageLoad,
    ) {
        val frame = context.alloc().directBuffer(PREFIX_BYTES + load.body.size)
        frame.writeInt(load.body.size).writeBytes(load.body)
        context.write(frame, context.voidPromise())
    }

    private inner class ServerEnd : SimpleChannelInboundHandler<ByteBuf>() {
        override fun channelRead0(
            context: ChannelHandlerContext,
            frame: ByteBuf,
        ) {
            val present = load ?: return
            look(frame, present)
            if (present.isRoundTrip) send(context, present) else present.arrived()
        }

        override fun channelReadComplete(context: ChannelHandlerContext) {
            context.flush()
        }
    }

    private inner class ClientEnd : SimpleChannelInboundHandler<ByteBuf>() {
        private lateinit var context: ChannelHandlerContext
        private var began = 0L
        private var isStreaming = false

        override fun handlerAdded(context: ChannelHandlerContext) {
            this.context = context
        }

        fun begin() {
            val present = load ?: return
            if (present.isRoundTrip) {
                began = System.nanoTime()
                ask(present)
                context.flush()
            } else {
                isStreaming = true
                stream(present)
            }
        }

        private fun ask(present: MessageLoad) {
            present.sending()
            send(context, present)
        }

        // A bounded number at once, so that the other end, on the same loop, gets its turn.
        private fun stream(present: MessageLoad) {
            // Asked for from two places: it may have ended in between, or the next round begun.
            if (!isStreaming || present !== load) return
            var count = 0
            while (!present.isOver && context.channel().isWritable && count++ < STREAM_BATCH) {
                present.sending()
                send(context, present)
            }
            context.flush()
            if (present.isOver) {
                isStreaming = false
                over.countDown()
            } else if (context.channel().isWritable) {
                context.executor().execute { stream(present) }
            }
        }

        override fun channelWritabilityChanged(context: ChannelHandlerContext) {
            val present = load ?: return
            if (isStreaming && context.channel().isWritable) context.executor().execute { stream(present) }
        }

        override fun channelRead0(
            context: ChannelHandlerContext,
            frame: ByteBuf,
        ) {
            val present = load ?: return
            look(frame, present)
            began = present.returned(began)
            if (present.isOver) over.countDown() else ask(present)
        }

        override fun channelReadComplete(context: ChannelHandlerContext) {
            context.flush()
        }
    }

    private companion object {
        const val PREFIX_BYTES = 4

        // As many as ours may have unsent.
        const val STREAM_BATCH = 256
    }
}

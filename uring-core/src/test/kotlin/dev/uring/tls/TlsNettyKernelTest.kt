package dev.uring.tls

import dev.uring.testing.PATIENCE_SECONDS
import dev.uring.testing.TestCertificates
import dev.uring.testing.call
import dev.uring.testing.tlsTest
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import io.netty.bootstrap.Bootstrap
import io.netty.bootstrap.ServerBootstrap
import io.netty.buffer.ByteBuf
import io.netty.buffer.Unpooled
import io.netty.channel.Channel
import io.netty.channel.ChannelHandlerContext
import io.netty.channel.ChannelInboundHandlerAdapter
import io.netty.channel.ChannelInitializer
import io.netty.channel.ChannelPipeline
import io.netty.channel.MultiThreadIoEventLoopGroup
import io.netty.channel.nio.NioIoHandler
import io.netty.channel.socket.nio.NioServerSocketChannel
import io.netty.channel.socket.nio.NioSocketChannel
import io.netty.handler.ssl.OpenSsl
import io.netty.handler.ssl.SslContextBuilder
import io.netty.handler.ssl.SslProvider
import java.io.ByteArrayOutputStream
import java.net.InetSocketAddress
import java.util.concurrent.CompletableFuture
import java.util.concurrent.TimeUnit

private const val MESSAGE_BYTES = 200_000

class TlsNettyKernelTest :
    FunSpec({
        val providers =
            listOf(SslProvider.JDK) + if (OpenSsl.isAvailable()) listOf(SslProvider.OPENSSL) else emptyList()
        for (provider in providers) {
            for (protocol in listOf("TLSv1.3", "TLSv1.2")) {
                tlsTest("our client is echoed by Netty with $provider over $protocol") {
                    NettyPeer().use { netty ->
                        val tls =
                            SslContextBuilder
                                .forServer(TestCertificates.ec.chain.toFile(), TestCertificates.ec.key.toFile())
                                .sslProvider(provider)
                                .protocols(protocol)
                                .build()
                        val port = netty.serve { it.addLast(tls.newHandler(it.channel().alloc()), NettyEcho()) }
                        withTls { world ->
                            val collector = Collector()
                            val sent = ByteArray(MESSAGE_BYTES) { at -> (at * 13).toByte() }
                            val connection = world.connect(port, clientOptions().build(), collector).inTime()
                            connection.call { write(sent) }
                            collector.awaitBytes(sent.size).contentEquals(sent) shouldBe true
                            connection.call { close() }
                            collector.awaitClosed() shouldBe null
                        }
                    }
                }

                tlsTest("our server echoes Netty with $provider over $protocol") {
                    NettyPeer().use { netty ->
                        withTls { world ->
                            val own = world.serverOptions(TestCertificates.ec.credentials).build()
                            val server = world.listen(own) { echo }
                            val tls =
                                SslContextBuilder
                                    .forClient()
                                    .trustManager(TestCertificates.authority.toFile())
                                    .sslProvider(provider)
                                    .protocols(protocol)
                                    .build()
                            val sent = ByteArray(MESSAGE_BYTES) { at -> (at * 17).toByte() }
                            val back =
                                netty.exchange(server.port(), sent) {
                                    it.addLast(tls.newHandler(it.channel().alloc(), "localhost", server.port()))
                                }
                            back.contentEquals(sent) shouldBe true
                        }
                    }
                }
            }
        }
    })

/** Netty on one event loop of its own. */
private class NettyPeer : AutoCloseable {
    private val group = MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory())

    fun serve(pipeline: (ChannelPipeline) -> Unit): Int {
        val server =
            ServerBootstrap()
                .group(group)
                .channel(NioServerSocketChannel::class.java)
                .childHandler(initializer(pipeline))
                .bind("127.0.0.1", 0)
                .sync()
                .channel()
        return (server.localAddress() as InetSocketAddress).port
    }

    /** Sends [bytes] and returns as many that came back. */
    fun exchange(
        port: Int,
        bytes: ByteArray,
        pipeline: (ChannelPipeline) -> Unit,
    ): ByteArray {
        val back = CompletableFuture<ByteArray>()
        val collected = ByteArrayOutputStream()
        val collector =
            object : ChannelInboundHandlerAdapter() {
                override fun channelRead(
                    context: ChannelHandlerContext,
                    message: Any,
                ) {
                    val buffer = message as ByteBuf
                    buffer.readBytes(collected, buffer.readableBytes())
                    buffer.release()
                    if (collected.size() >= bytes.size) back.complete(collected.toByteArray())
                }

                @Deprecated("as Netty's own")
                override fun exceptionCaught(
                    context: ChannelHandlerContext,
                    cause: Throwable,
                ) {
                    back.completeExceptionally(cause)
                }
            }
        val channel =
            Bootstrap()
                .group(group)
                .channel(NioSocketChannel::class.java)
                .handler(
                    initializer {
                        pipeline(it)
                        it.addLast(collector)
                    },
                ).connect("127.0.0.1", port)
                .sync()
                .channel()
        channel.writeAndFlush(Unpooled.wrappedBuffer(bytes))
        return back.get(PATIENCE_SECONDS, TimeUnit.SECONDS).also { channel.close().sync() }
    }

    private fun initializer(pipeline: (ChannelPipeline) -> Unit) =
        object : ChannelInitializer<Channel>() {
            override fun initChannel(channel: Channel) = pipeline(channel.pipeline())
        }

    override fun close() {
        group.shutdownGracefully(0, PATIENCE_SECONDS, TimeUnit.SECONDS).await()
    }
}

private class NettyEcho : ChannelInboundHandlerAdapter() {
    override fun channelRead(
        context: ChannelHandlerContext,
        message: Any,
    ) {
        context.writeAndFlush(message)
    }
}

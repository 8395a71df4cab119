package dev.uring.message

import dev.uring.base.ConfigException
import dev.uring.message.codec.Message
import dev.uring.message.codec.MessageOperation
import dev.uring.message.codec.MessageStatus
import dev.uring.message.codec.WireFormat
import dev.uring.message.codec.encode
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.async
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.withContext
import java.net.InetAddress
import java.net.ServerSocket
import java.net.Socket
import java.util.concurrent.ConcurrentLinkedQueue

/** Bodies that peers have agreed to compress. */
class CompressionKernelTest :
    FunSpec({
        needsKernel()

        for (format in WireFormat.entries) {
            test("bodies of both sides go compressed once the hellos are through, and arrive whole, in $format") {
                val config = EngineConfig(wireFormat = format, features = ChannelFeatures(compression = true))
                withEngine(config = config) {
                    val pair = pair()
                    val text = "all work and no play ".repeat(500)
                    pair.client.send(pair.client.signal(pair.here, text))
                    pair.server.nextText() shouldBe text
                    pair.server.send(pair.server.signal(pair.there, text))
                    pair.client.nextText() shouldBe text
                    pair.client.send(pair.client.signal(pair.here, "short"))
                    pair.server.nextText() shouldBe "short"
                    for ((group, channel) in listOf(pair.client to pair.here, pair.server to pair.there)) {
                        val metrics = checkNotNull(group.metrics(channel))
                        metrics.bodyBytesBeforeCompression shouldBe text.length
                        check(metrics.compressionRatio > 20) { "$metrics" }
                        check(metrics.bytesSent < 1_000) { "$metrics" }
                    }
                }
            }
        }

        test("a borrower sees the whole body") {
            withEngine(config = EngineConfig(features = ChannelFeatures(compression = true))) {
                val pair = pair()
                val seen = ConcurrentLinkedQueue<String>()
                pair.server.onBorrowed {
                    _,
                    message,
                    ->
                    message.body().toUtf8().let { seen.add(it) && it.first() == 'b' }
                }
                for (letter in listOf("b", "a")) pair.client.send(pair.client.signal(pair.here, letter.repeat(3_000)))
                pair.server.nextText() shouldBe "a".repeat(3_000)
                seen.toList() shouldBe listOf("b".repeat(3_000), "a".repeat(3_000))
            }
        }

        test("only one side has to want it, and bodies below the limit stay as they are") {
            withEngine(config = EngineConfig(compressionMinBytes = 5_000)) {
                val server = engine.create()
                val address = "${server.listen("tcp|127.0.0.1|0").address}"
                val other = MessageEngine(engine.runtime, EngineConfig(features = ChannelFeatures(compression = true)))
                val pair = connected(other.create(), server, address)
                pair.server.send(pair.server.signal(pair.there, "x".repeat(4_999)))
                pair.client.nextText() shouldBe "x".repeat(4_999)
                pair.server.metrics(pair.there)!!.compressionRatio shouldBe 1.0
                pair.server.send(pair.server.signal(pair.there, "x".repeat(5_000)))
                pair.client.nextText() shouldBe "x".repeat(5_000)
                pair.server.metrics(pair.there)!!.bodyBytesBeforeCompression shouldBe 5_000
                shouldThrow<ConfigException> { EngineConfig(compressionMinBytes = 0) }.message shouldContain
                    "compressionMinBytes=0"
            }
        }

        test("a plain peer never gets a compressed body") {
            withPeer("") { group, number, socket ->
                group.send(group.signal(number, "x".repeat(5_000)))
                io { socket.getInputStream().readNBytes(16 + 5_000) }.let { wire ->
                    wire[2].toInt() shouldBe 0x0c
                    wire.last().toInt().toChar() shouldBe 'x'
                }
            }
        }

        test("a peer that has agreed gets the flag that nobody else may see") {
            withPeer("deflate") { group, number, socket ->
                group.send(group.signal(number, "x".repeat(5_000)))
                val wire = io { socket.getInputStream().readNBytes(18) }
                wire[2].toInt() and 0xFF shouldBe 0x8c
                val size = (wire[14].toInt() and 0xFF shl 8) or (wire[15].toInt() and 0xFF)
                check(size < 100) { "$size bytes" }
                (wire[16].toInt() and 0xFF shl 8) or (wire[17].toInt() and 0xFF) shouldBe 5_000
            }
        }

        test("garbage that claims to be compressed ends its channel with the reason, and no other") {
            withPeer("deflate") { group, number, socket ->
                val garbage =
                    Message()
                        .operation(MessageOperation.SIGNAL)
                        .channel(1)
                        .id(3)
                        .also { it.body().appendUtf8("noise") }
                val wire = garbage.encode()
                wire[2] = 0x8c.toByte()
                io { socket.getOutputStream().write(wire) }
                val end = group.nextFromEngine(MessageStatus.CHANNEL_CLOSED)
                end.channel() shouldBe number
                end.body().toUtf8() shouldContain "garbage"
            }
        }
    })

// A peer that is no engine of ours, and answers an offer of compression with [words].
private fun withPeer(
    words: String,
    block: suspend (group: Group, channel: Int, socket: Socket) -> Unit,
) {
    ServerSocket(0, 1, InetAddress.getLoopbackAddress()).use { listening ->
        withEngine(config = EngineConfig(features = ChannelFeatures(compression = true))) {
            val group = engine.create()
            coroutineScope {
                val connecting = async { group.connect("tcp|127.0.0.1|${listening.localPort}") }
                val socket =
                    io {
                        val socket = listening.accept()
                        val header = socket.getInputStream().readNBytes(16)
                        val size = (header[12].toInt() and 0xFF shl 8) or (header[13].toInt() and 0xFF)
                        val hello = String(socket.getInputStream().readNBytes(size))
                        hello shouldContain "~uring:deflate\r\n"
                        val answer = Message().operation(MessageOperation.HELLO_RESPONSE)
                        answer.id(
                            java.nio.ByteBuffer
                                .wrap(header)
                                .getLong(4),
                        )
                        if (words.isNotEmpty()) answer.headers().append("~uring", words)
                        socket.also { it.getOutputStream().write(answer.encode()) }
                    }
                socket.use { block(group, connecting.await(), it) }
            }
        }
    }
}

private suspend fun <T> io(block: () -> T): T = withContext(Dispatchers.IO) { block() }

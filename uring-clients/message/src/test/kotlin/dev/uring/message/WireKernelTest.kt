package dev.uring.message

import dev.uring.dsl.dispatcher
import dev.uring.message.codec.Message
import dev.uring.message.codec.MessageOperation
import dev.uring.message.codec.MessageStatus
import dev.uring.message.codec.WireFormat
import dev.uring.message.codec.encode
import dev.uring.message.codec.hex
import dev.uring.message.codec.seen
import dev.uring.message.codec.toHex
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
import kotlin.random.Random
import kotlin.time.Duration
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds

/** Against peers that are no engines of ours: what stands on the wire, and what hostile ones can do. */
class WireKernelTest :
    FunSpec({
        needsKernel()

        test("a plain peer gets the hello request first, byte for byte, and nothing that it does not know") {
            ServerSocket(0, 1, InetAddress.getLoopbackAddress()).use { listening ->
                withEngine {
                    val group = engine.create()
                    val hello = group.message().operation(MessageOperation.HELLO_REQUEST).id(1)
                    hello.headers().append("~connect_to", "tcp|127.0.0.1|${listening.localPort}")
                    val expected = hello.copy()
                    group.send(hello)
                    val number = group.channels().single()
                    group.send(group.request(number, "hi").id(2))
                    val wire = expected.channel(number).encode() + group.request(number, "hi").id(2).encode()
                    io {
                        listening.accept().use { socket ->
                            socket.getInputStream().readNBytes(wire.size).toHex() shouldBe wire.toHex()
                            // The peer has numbers of its own; ours is what counts here.
                            socket.getOutputStream().write(hex("0bee 0a 00 0000000000000001 0000 0000"))
                            socket.getOutputStream().write(hex("0bee 08 00 0000000000000002 0000 0002 6869"))
                            // Until the other side ends it, with a reset.
                            runCatching { socket.getInputStream().read() }
                        }
                    }.also { peer ->
                        val answer = group.next()
                        answer.operation() shouldBe MessageOperation.HELLO_RESPONSE
                        answer.channel() shouldBe number
                        val response = group.next()
                        response.id() shouldBe 2
                        response.body().toUtf8() shouldBe "hi"
                        group.close(number)
                        peer.await()
                    }
                }
            }
        }

        test("a plain peer connects, may begin with any message, and one byte at a time") {
            withEngine {
                val group = engine.create()
                val port = group.listen("tcp|127.0.0.1|0").address.port()
                io {
                    Socket("127.0.0.1", port).use { socket ->
                        socket.tcpNoDelay = true
                        for (byte in hex("1234 04 00 0000000000000007 0005 0002 613a620d0a 6869")) {
                            socket.getOutputStream().write(byte.toInt())
                        }
                        socket.getInputStream().readNBytes(18).toHex()
                    }
                }.also { peer ->
                    val request = group.next()
                    request.headers().first("a") shouldBe "b"
                    val number = "%04x".format(request.channel())
                    group.send(echo(request))
                    peer.await() shouldBe hex("$number 08 00 0000000000000007 0000 0002 6869").toHex()
                    group.nextFromEngine(MessageStatus.CHANNEL_CLOSED).id() shouldBe 7
                }
            }
        }

        test("large messages in pieces are whole, and one that breaks off goes back to the pool") {
            val seed = System.nanoTime()
            println("seed=$seed")
            val random = Random(seed)
            withEngine(workers = 1, config = EngineConfig(poolInitial = 4, poolMax = 4)) {
                val group = engine.create()
                val port = group.listen("tcp|127.0.0.1|0").address.port()
                val sent =
                    List(12) { number ->
                        Message().operation(MessageOperation.SIGNAL).channel(7).id(number + 1L).also {
                            if (random.nextBoolean()) it.headers().append("n", "$number")
                            it.body().append(
                                random.nextBytes(
                                    if (number % 3 ==
                                        0
                                    ) {
                                        10
                                    } else {
                                        random.nextInt(20_000, 65_536)
                                    },
                                ),
                            )
                        }
                    }
                val wire = sent.fold(ByteArray(0)) { bytes, message -> bytes + message.encode() }
                io {
                    Socket("127.0.0.1", port).use { socket ->
                        var at = 0
                        val end = wire.size - 5_000
                        while (at < end) {
                            val count = minOf(random.nextInt(1, 50_000), end - at)
                            socket.getOutputStream().write(wire, at, count)
                            at += count
                        }
                    }
                }.also { peer ->
                    var number = 0
                    while (number < sent.size - 1) {
                        val message = group.next()
                        if (!message.isFromEngine) {
                            message.seen() shouldBe sent[number++].copy().channel(message.channel()).seen()
                        }
                        message.release()
                    }
                    while (!group.next().isEndOfChannel) Unit
                    peer.await()
                }
                withContext(group.home.dispatcher) {
                    group.missingHere() shouldBe 0
                }
            }
        }

        test("what is no message ends its channel, with the reason, and no other") {
            val cases =
                mapOf(
                    "1234 00 00 0000000000000007 0000 0000" to "byte 2 of a header is 0x0",
                    "1234 84 00 0000000000000007 0000 0000" to "byte 2 of a header is 0x84",
                    "1234 05 00 0000000000000007 0000 0000" to "WELCOME_REQUEST on the wire",
                    "504f5354202f20485454502f312e310d" to "is no message of V1",
                )
            withEngine {
                val group = engine.create()
                val calm = connected(engine.create(), group, group.listen("tcp|127.0.0.1|0").address.toString())
                val port = group.listen("tcp|127.0.0.1|0").address.port()
                for ((bytes, reason) in cases) {
                    io { send(port, hex(bytes)) }.await()
                    val end = group.nextFromEngine(MessageStatus.CHANNEL_CLOSED)
                    end.body().toUtf8() shouldContain reason
                    end.release()
                }
                calm.client.send(calm.client.signal(calm.here, "still here"))
                group.next().body().toUtf8() shouldBe "still here"
            }
        }

        test("noise never harms the others") {
            val seed = System.getProperty("uring.test.seed")?.toLong() ?: System.nanoTime()
            println("seed=$seed; again with -During.test.seed=$seed")
            val random = Random(seed)
            withEngine {
                val group = engine.create()
                val calm = connected(engine.create(), group, group.listen("tcp|127.0.0.1|0").address.toString())
                val port = group.listen("tcp|127.0.0.1|0").address.port()
                coroutineScope {
                    val noise =
                        async(Dispatchers.IO) {
                            repeat(200) {
                                val bytes = random.nextBytes(random.nextInt(1, 400))
                                // Every other one begins like a message, and lies about what follows.
                                if (it % 2 == 0 && bytes.size > 2) bytes[2] = 4
                                send(port, bytes)
                            }
                        }
                    repeat(50) { n ->
                        calm.client.send(calm.client.signal(calm.here, "calm $n"))
                        var message = group.next()
                        while (message.channel() != calm.there) {
                            message.release()
                            message = group.next()
                        }
                        message.body().toUtf8() shouldBe "calm $n"
                        message.release()
                    }
                    noise.await()
                }
            }
        }

        test("an engine's origin that a plain peer claims is not believed") {
            withEngine {
                val group = engine.create()
                val port = group.listen("tcp|127.0.0.1|0").address.port()
                io { send(port, hex("1234 1c 17 0000000000000007 0000 0000")) }
                val message = group.next()
                message.isFromEngine shouldBe false
                message.status() shouldBe MessageStatus.SUCCESS
            }
        }

        test("what a peer that is gone did not take comes back, in its order, before the channel's end") {
            ServerSocket(0, 1, InetAddress.getLoopbackAddress()).use { listening ->
                withEngine(config = EngineConfig(channelMessagesMax = 10_000, channelBytesMax = 1L shl 30)) {
                    val group = engine.create()
                    val hello = group.message().operation(MessageOperation.HELLO_REQUEST)
                    hello.headers().append("~connect_to", "tcp|127.0.0.1|${listening.localPort}")
                    group.send(hello)
                    val number = group.channels().single()
                    val socket = io { listening.accept() }.await()
                    // More than the kernel's buffers can hold at both ends: they grow to some megabytes.
                    val count = 1_000
                    repeat(count) {
                        group.trySend(
                            group.signal(number, "").also { m ->
                                m.body().appendLong(it.toLong()).append(ByteArray(60_000))
                            },
                        )
                    }
                    io { socket.getInputStream().readNBytes(1 shl 20) }.await()
                    socket.setSoLinger(true, 0)
                    socket.close()
                    var expected = -1L
                    var returned = 0
                    while (true) {
                        val back = group.next()
                        check(back.isFromEngine) { "$back" }
                        if (back.status() == MessageStatus.CHANNEL_CLOSED) break
                        back.status() shouldBe MessageStatus.PEER_DISCONNECTED
                        val n = back.body().getLong(0)
                        if (expected >= 0) n shouldBe expected
                        expected = n + 1
                        returned++
                        back.release()
                    }
                    expected shouldBe count
                    check(returned in 1 until count) { "returned=$returned" }
                }
            }
        }

        test("a peer that has agreed on a heartbeat and falls silent is given up; one that speaks is not") {
            ServerSocket(0, 2, InetAddress.getLoopbackAddress()).use { listening ->
                withEngine(config = EngineConfig(features = ChannelFeatures(heartbeat = 1.seconds))) {
                    val group = engine.create()
                    val hello = group.message().operation(MessageOperation.HELLO_REQUEST).id(1)
                    hello.headers().append("~connect_to", "tcp|127.0.0.1|${listening.localPort}")
                    group.send(hello)
                    val socket = io { listening.accept() }.await()
                    val yes =
                        Message()
                            .operation(
                                MessageOperation.HELLO_RESPONSE,
                            ).id(1)
                            .also { it.headers().append("~uring", "heartbeat=50") }
                    io { socket.getOutputStream().write(yes.encode()) }.await()
                    group.next().operation() shouldBe MessageOperation.HELLO_RESPONSE
                    val end = group.nextFromEngine(MessageStatus.CHANNEL_CLOSED)
                    end.body().toUtf8() shouldContain "nothing was received for"
                    socket.close()

                    val pair = pair()
                    val heard = pair.server.metrics(pair.there)!!.bytesReceived
                    // Nobody says anything, and yet something is heard.
                    while (pair.server.metrics(pair.there)!!.bytesReceived < heard + 2 * 16) {
                        pair.server.receive(20.milliseconds) shouldBe null
                    }
                    pair.client.receive(Duration.ZERO) shouldBe null
                    pair.client.channels() shouldBe setOf(pair.here)
                }
            }
        }

        test("a peer without the token is disconnected before the program hears of it") {
            val config = EngineConfig(authorize = { it == "secret" })
            withEngine(config = config) {
                val group = engine.create()
                val address = group.listen("tcp|127.0.0.1|0").address
                io { send(address.port(), hex("1234 04 00 0000000000000007 0000 0000")) }.await()
                val wrong = engine.create()
                runCatching { wrong.connect(address.toString()) { it.headers().append("~token", "guess") } }
                    .exceptionOrNull()!!
                    .message shouldContain "CHANNEL_CLOSED"
                val right =
                    connected(MessageEngine(engine.runtime, EngineConfig(token = "secret")).create(), group, "$address")
                right.client.send(right.client.signal(right.here, "in"))
                group.next().body().toUtf8() shouldBe "in"
                group.receive(Duration.ZERO) shouldBe null
                right.client.close()
            }
        }

        test("version 2 is what stands on the wire when it was chosen") {
            ServerSocket(0, 1, InetAddress.getLoopbackAddress()).use { listening ->
                withEngine(config = EngineConfig(wireFormat = WireFormat.V2)) {
                    val group = engine.create()
                    val hello = group.message().operation(MessageOperation.HELLO_REQUEST).id(1)
                    hello.headers().append("~connect_to", "tcp|127.0.0.1|${listening.localPort}")
                    group.send(hello)
                    io {
                        listening.accept().use { socket -> socket.getInputStream().readNBytes(3)[2].toInt() }
                    }.await() shouldBe 3
                    group.next().release()
                }
            }
        }
    })

private fun send(
    port: Int,
    bytes: ByteArray,
) = Socket("127.0.0.1", port).use {
    it.getOutputStream().write(bytes)
    it.shutdownOutput()
    it.soTimeout = 20_000
    runCatching { it.getInputStream().readAllBytes() }
    Unit
}

private fun <T> io(block: () -> T) = kotlinx.coroutines.CoroutineScope(Dispatchers.IO).async { block() }

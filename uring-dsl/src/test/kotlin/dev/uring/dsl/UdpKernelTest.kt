package dev.uring.dsl

import dev.uring.RuntimeConfig
import dev.uring.base.ConnectionClosedException
import dev.uring.net.UdpOptions
import dev.uring.net.UdpPeer
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.string.shouldStartWith
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.channels.Channel
import kotlinx.coroutines.delay
import kotlinx.coroutines.flow.take
import kotlinx.coroutines.flow.toList
import kotlinx.coroutines.launch
import kotlinx.coroutines.withContext
import kotlinx.coroutines.withTimeout
import samples.dsl.udpAsk
import java.net.DatagramPacket
import java.net.DatagramSocket
import java.net.InetSocketAddress
import java.util.concurrent.ConcurrentLinkedQueue
import java.util.concurrent.atomic.AtomicInteger
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds

private val echo: suspend (UdpSocket) -> Unit = { socket ->
    socket.forEachDatagram { payload, peer -> socket.trySend(payload, peer) }
}

class UdpKernelTest :
    FunSpec({
        driverTest("every peer is answered, on whichever worker the kernel gives it to") {
            withUdpServer(echo) { server ->
                val peers = List(16) { UdpTestPeer(server.localAddress) }
                peers.forEachIndexed { i, peer -> peer.send("hello $i") }
                peers.forEachIndexed { i, peer -> peer.use { it.receive() shouldBe "hello $i" } }
            }
        }

        driverTest("a client asks on a socket of its own and the socket is gone afterwards") {
            withUdpServer(echo) { server ->
                onWorker(0) { udpAsk(server.localAddress) } shouldBe "anybody there?"
            }
        }

        driverTest("datagrams that come while nobody receives are lent in order, without loss") {
            val seen = ConcurrentLinkedQueue<String>()
            val gate = CompletableDeferred<Unit>()
            withUdpServer(
                handler = { socket ->
                    socket.receive { payload, _ -> seen += payload.toUtf8() }
                    gate.await()
                    socket.forEachDatagram { payload, peer ->
                        seen += payload.toUtf8()
                        socket.trySend(payload, peer)
                    }
                },
                configure = { workersCount(1) },
            ) { server ->
                UdpTestPeer(server.localAddress).use { peer ->
                    repeat(50) { peer.send("$it") }
                    delay(20.milliseconds)
                    gate.complete(Unit)
                    repeat(49) { peer.receive() }
                    seen.toList() shouldBe List(50) { "$it" }
                }
            }
        }

        driverTest("a receive that times out loses nothing and the next one goes on") {
            val log = Channel<String>(Channel.UNLIMITED)
            withUdpServer(
                handler = { socket ->
                    try {
                        socket.receive(timeout = 10.milliseconds) { _, _ -> }
                    } catch (timeout: ReceiveTimeoutException) {
                        log.send(timeout.message!!.substringBefore('\n'))
                    }
                    socket.receive { payload, _ -> log.trySend(payload.toUtf8()) }
                },
                configure = { workersCount(1) },
            ) { server ->
                log.receive() shouldStartWith "receive timed out: no new bytes from anybody"
                UdpTestPeer(server.localAddress).use { it.send("late") }
                log.receive() shouldBe "late"
            }
        }

        driverTest("a cancelled receive takes no datagram") {
            testUring {
                bindUdp("127.0.0.1:0") { socket ->
                    val waiting = launch { socket.receive { _, _ -> error("cancelled, and yet called") } }
                    delay(10.milliseconds)
                    waiting.cancelAndJoin()
                    UdpTestPeer(socket.localAddress).use { it.send("for the next") }
                    var text = ""
                    withTimeout(20.seconds) { socket.receive { payload, _ -> text = payload.toUtf8() } }
                    text shouldBe "for the next"
                }
                shutdown()
            }
        }

        driverTest("incoming is a flow of copies that outlive the socket") {
            testUring {
                val datagrams =
                    bindUdp("127.0.0.1:0") { socket ->
                        UdpTestPeer(socket.localAddress).use { peer ->
                            repeat(3) { peer.send("datagram $it") }
                            socket.incoming.take(3).toList().also {
                                it.forEach { datagram -> datagram.peer shouldBe peer.asPeer }
                            }
                        }
                    }
                datagrams.map { it.payload.toByteArray().decodeToString() } shouldBe List(3) { "datagram $it" }
                shutdown()
            }
        }

        driverTest("send waits for room instead of being refused") {
            testUring {
                DatagramSocket(InetSocketAddress("127.0.0.1", 0)).use { sink ->
                    sink.receiveBufferSize = 4 shl 20
                    val to = UdpPeer.of(sink.localSocketAddress as InetSocketAddress)
                    val options =
                        UdpOptions
                            .builder()
                            .sendQueueBytesMax(8 shl 10)
                            .joinsSends(false)
                            .build()
                    bindUdp("127.0.0.1:0", options) { socket ->
                        socket.trySend(ByteArray(1000), to) shouldBe true
                        repeat(200) { socket.send(ByteArray(1000), to) }
                        while (socket.unsentBytes > 0) delay(1.milliseconds)
                        socket.counters.sent shouldBe 201
                    }
                }
                shutdown()
            }
        }

        driverTest("a handler that fails is reported and called again with the same socket") {
            val failures = AtomicInteger()
            val ports = ConcurrentLinkedQueue<Int>()
            withUdpServer(
                handler = { socket ->
                    ports += socket.localAddress.port
                    socket.forEachDatagram { payload, peer ->
                        check(payload.toUtf8() != "bad") { "as asked" }
                        socket.trySend(payload, peer)
                    }
                },
                configure = { workersCount(1) },
                onError = { _, _ -> failures.incrementAndGet() },
            ) { server ->
                UdpTestPeer(server.localAddress).use { peer ->
                    peer.send("bad")
                    peer.send("good")
                    peer.receive() shouldBe "good"
                }
                failures.get() shouldBe 1
                ports.toList() shouldBe List(2) { server.localAddress.port }
            }
        }

        driverTest("a handler that cannot even begin ends the program with its exception") {
            shouldThrow<IllegalArgumentException> {
                testUring { udp("127.0.0.1:0") { throw IllegalArgumentException("no configuration") } }
            }.message shouldBe "no configuration"
        }

        driverTest("a second reader is refused and the first goes on") {
            testUring {
                bindUdp("127.0.0.1:0") { socket ->
                    val got = CompletableDeferred<String>()
                    val first = launch { socket.receive { payload, _ -> got.complete(payload.toUtf8()) } }
                    delay(10.milliseconds)
                    shouldThrow<IllegalStateException> { socket.receive { _, _ -> } }
                        .message!! shouldContain "has a reader already"
                    UdpTestPeer(socket.localAddress).use { it.send("for the first") }
                    got.await() shouldBe "for the first"
                    first.join()
                }
                shutdown()
            }
        }

        driverTest("a socket that is closed ends its reader and refuses senders with the reason") {
            testUring {
                bindUdp("127.0.0.1:0") { socket ->
                    val ended = CompletableDeferred<Boolean>()
                    launch { ended.complete(socket.receive { _, _ -> }) }
                    delay(10.milliseconds)
                    socket.close()
                    ended.await() shouldBe false
                    shouldThrow<ConnectionClosedException> { socket.send("too late", UdpPeer.of(socket.localAddress)) }
                        .message!! shouldStartWith "send on a UDP socket that this side has closed"
                }
                shutdown()
            }
        }

        driverTest("a wrong thread is refused by name") {
            testUring {
                bindUdp("127.0.0.1:0") { socket ->
                    withContext(Dispatchers.IO) {
                        shouldThrow<IllegalStateException> { socket.receive { _, _ -> } }
                            .message!! shouldContain "belongs to worker 0"
                    }
                }
                shutdown()
            }
        }

        driverTest("bindUdp frees its port when the block fails") {
            testUring {
                var port = 0
                shouldThrow<IllegalArgumentException> {
                    bindUdp("127.0.0.1:0") { socket ->
                        port = socket.localAddress.port
                        throw IllegalArgumentException("as asked")
                    }
                }
                DatagramSocket(InetSocketAddress("127.0.0.1", port)).close()
                shutdown()
            }
        }

        driverTest("shutdown lets a handler say goodbye") {
            DatagramSocket(InetSocketAddress("127.0.0.1", 0)).use { sink ->
                sink.soTimeout = 20_000
                val to = UdpPeer.of(sink.localSocketAddress as InetSocketAddress)
                testUring({ workersCount(1) }) {
                    udp("127.0.0.1:0") { socket ->
                        socket.forEachDatagram { _, _ -> }
                        socket.send("goodbye", to)
                    }
                    shutdown()
                }
                val packet = DatagramPacket(ByteArray(100), 100)
                sink.receive(packet)
                String(packet.data, 0, packet.length) shouldBe "goodbye"
            }
        }
    })

/** Serves [handler] on a port of its own, runs [client] off the workers, and shuts down in order. */
internal suspend fun withUdpServer(
    handler: suspend (UdpSocket) -> Unit,
    configure: RuntimeConfig.Builder.() -> Unit = {},
    onError: (UdpSocket, Throwable) -> Unit = { socket, cause -> socket.worker.taskFailed(cause) },
    client: suspend UringScope.(UdpServer) -> Unit,
) = testUring(configure) {
    val server = udp("127.0.0.1:0", onError = onError) { handler(it) }
    withContext(Dispatchers.IO) { client(server) }
    shutdown()
}

/** The other side: a blocking socket of java.net, which shares no code with what is tested. */
internal class UdpTestPeer(
    private val server: InetSocketAddress,
) : AutoCloseable {
    private val socket = DatagramSocket(InetSocketAddress("127.0.0.1", 0)).apply { soTimeout = 20_000 }
    private val packet = DatagramPacket(ByteArray(1 shl 16), 1 shl 16)

    val asPeer: UdpPeer get() = UdpPeer.of(socket.localSocketAddress as InetSocketAddress)

    fun send(text: String) = text.toByteArray().let { socket.send(DatagramPacket(it, it.size, server)) }

    fun receive(): String {
        packet.length = 1 shl 16
        socket.receive(packet)
        return String(packet.data, 0, packet.length)
    }

    override fun close() = socket.close()
}

package dev.uring.tls

import dev.uring.bytes.ByteView
import dev.uring.ffi.Libc
import dev.uring.net.Connection
import dev.uring.net.ConnectionHandler
import dev.uring.net.Relay
import dev.uring.testing.Guarded
import dev.uring.testing.PATIENCE_SECONDS
import dev.uring.testing.TestCertificates
import dev.uring.testing.await
import dev.uring.testing.call
import dev.uring.testing.receive
import dev.uring.testing.receiveText
import dev.uring.testing.send
import dev.uring.testing.smallConfig
import dev.uring.testing.tlsTest
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldContain
import io.kotest.matchers.longs.shouldBeLessThan
import io.kotest.matchers.shouldBe
import java.net.InetAddress
import java.net.ServerSocket
import java.net.Socket
import java.time.Duration
import java.util.concurrent.CompletableFuture
import java.util.concurrent.ConcurrentLinkedQueue
import java.util.concurrent.LinkedBlockingQueue
import kotlin.concurrent.thread

private val PROTOCOLS = listOf("TLSv1.3", "TLSv1.2")
private const val MIB = 1 shl 20

class TlsStreamKernelTest :
    FunSpec({
        for (protocol in PROTOCOLS) {
            tlsTest("records that arrive byte by byte are put together, in both directions over $protocol") {
                withTls { world ->
                    val server = world.listen(world.serverOptions(TestCertificates.ec.credentials).build()) { echo }
                    ByteByByteRelay(server.port()).use { relay ->
                        jdkClient(relay.port, protocol).use {
                            it.send("one byte at a time")
                            it.receiveText(18) shouldBe "one byte at a time"
                        }
                        val collector = Collector()
                        val options = clientOptions().protocols(protocol).build()
                        val connection = world.connect(relay.port, options, collector).inTime()
                        connection.call { writeUtf8("and the other way") }
                        String(collector.awaitBytes(17)) shouldBe "and the other way"
                        connection.call { close() }
                        collector.awaitClosed() shouldBe null
                    }
                }
            }

            tlsTest("what a client asks right before its end is answered over $protocol") {
                withTls { world ->
                    val server = world.listen(world.serverOptions(TestCertificates.ec.credentials).build()) { echo }
                    jdkClient(server.port(), protocol).use {
                        it.send("last words")
                        it.shutdownOutput()
                        it.inputStream.readAllBytes().decodeToString() shouldBe "last words"
                    }
                }
            }

            tlsTest("everything that was written before close arrives, and then a proper end, over $protocol") {
                withTls { world ->
                    val server =
                        world.listen(world.serverOptions(TestCertificates.ec.credentials).build()) {
                            Collector(onOpen = {
                                it.write(ByteArray(MIB) { at -> at.toByte() })
                                it.close()
                            })
                        }
                    jdkClient(server.port(), protocol).use {
                        // A FIN without a close_notify would be an exception here.
                        val all = it.inputStream.readAllBytes()
                        all.size shouldBe MIB
                        all.indices.all { at -> all[at] == at.toByte() } shouldBe true
                    }
                }
            }
        }

        tlsTest("after a client's half close over TLS 1.3 the server goes on sending") {
            withTls { world ->
                val opened = CompletableFuture<Connection>()
                val server =
                    world.listen(world.serverOptions(TestCertificates.ec.credentials).build()) {
                        object : ConnectionHandler {
                            override fun onOpen(connection: Connection) {
                                opened.complete(connection)
                            }

                            override fun onReceive(
                                connection: Connection,
                                bytes: ByteView,
                            ) = bytes.size()

                            override fun onEnd(connection: Connection) = connection.writeUtf8("heard the end")
                        }
                    }
                jdkClient(server.port(), "TLSv1.3").use {
                    it.startHandshake()
                    it.shutdownOutput()
                    it.receiveText(13) shouldBe "heard the end"
                    opened.inTime().call {
                        writeUtf8(", and more")
                        close()
                    }
                    it.inputStream.readAllBytes().decodeToString() shouldBe ", and more"
                }
            }
        }

        tlsTest("our half close is an end to the peer, who then answers") {
            JdkServer(protocol = "TLSv1.3", serve = {
                val all = it.inputStream.readAllBytes()
                it.send("got ${all.size}")
            }).use { server ->
                withTls { world ->
                    val collector = Collector()
                    val connection = world.connect(server.port, clientOptions().build(), collector).inTime()
                    connection.call {
                        write(ByteArray(100_000))
                        shutdownOutput()
                    }
                    String(collector.awaitBytes(10)) shouldBe "got 100000"
                    collector.awaitClosed() shouldBe null
                }
            }
        }

        tlsTest("a peer that does not read holds back its writer, and totals count the program's bytes") {
            withTls { world ->
                val opened = CompletableFuture<Connection>()
                val writable = LinkedBlockingQueue<Long>()
                val server =
                    world.listen(world.serverOptions(TestCertificates.ec.credentials).build()) {
                        object : ConnectionHandler {
                            override fun onOpen(connection: Connection) {
                                opened.complete(connection)
                            }

                            override fun onReceive(
                                connection: Connection,
                                bytes: ByteView,
                            ) = bytes.size()

                            override fun onWritable(connection: Connection) {
                                writable += connection.unsentBytes()
                            }
                        }
                    }
                jdkClient(server.port()).use { client ->
                    client.startHandshake()
                    val connection = opened.inTime()
                    var written = 0L
                    var sent = -1L
                    var looksWithoutChange = 0
                    // The kernel takes some megabytes for a peer that does not read, and its buffers grow meanwhile; then
                    // the queue stays full.
                    await({ "still writable after $written bytes" }) {
                        connection.call {
                            looksWithoutChange = if (sent == sentBytesTotal()) looksWithoutChange + 1 else 0
                            sent = sentBytesTotal()
                            while (isWritable && written < 64L * MIB) {
                                write(ByteArray(16 shl 10))
                                written += 16 shl 10
                            }
                            flush()
                            !isWritable && looksWithoutChange > 200 && sent > 0 && sent + unsentBytes() == written
                        }
                    }
                    connection.call {
                        writtenBytesTotal() shouldBe written
                        requestWritable(0)
                    }
                    writable.isEmpty() shouldBe true
                    client.receive(written.toInt()).size shouldBe written.toInt()
                    writable.poll(PATIENCE_SECONDS, java.util.concurrent.TimeUnit.SECONDS) shouldBe 0
                    connection.call {
                        sentBytesTotal() shouldBe written
                        close()
                    }
                }
            }
        }

        tlsTest("a reader that pauses holds back the peer, and resumes without a loss") {
            withTls { world ->
                val opened = CompletableFuture<Connection>()
                val collector =
                    Collector(onOpen = {
                        it.pauseReceive()
                        opened.complete(it)
                    })
                val server = world.listen(world.serverOptions(TestCertificates.ec.credentials).build()) { collector }
                jdkClient(server.port()).use { client ->
                    val sent = ByteArray(8 * MIB) { (it / 7).toByte() }
                    val writer = thread { client.outputStream.write(sent) }
                    val connection = opened.inTime()
                    await({ "receiving never paused" }) { world.runtime.snapshots()[0].receivePauses() > 0 }
                    collector.received().size shouldBe 0
                    connection.call { readableBytes().toLong() } shouldBeLessThan 4L * MIB
                    connection.call { resumeReceive() }
                    collector.awaitBytes(sent.size).contentEquals(sent) shouldBe true
                    writer.join()
                }
            }
        }

        tlsTest("copies, leases, guards and views leave in the order in which they were written") {
            withTls { world ->
                val guard = Guarded("guard,".toByteArray())
                val big = Guarded(ByteArray(100_000) { 'g'.code.toByte() })
                val server =
                    world.listen(world.serverOptions(TestCertificates.ec.credentials).build()) {
                        ConnectionHandler { connection, bytes ->
                            connection.writeUtf8("copy,")
                            connection.write(guard)
                            connection.write(connection.worker().lease(64).apply { putAscii("lease,") })
                            connection.write(bytes)
                            connection.write(big)
                            connection.output().putDecimal(42)
                            bytes.size()
                        }
                    }
                jdkClient(server.port()).use {
                    it.send("view,")
                    val expected = "copy,guard,lease,view," + "g".repeat(100_000) + "42"
                    it.receiveText(expected.length) shouldBe expected
                    await { guard.releases == 1 && big.releases == 1 }
                }
            }
        }

        tlsTest("a relay joins a connection with TLS to one in the clear") {
            withTls { world ->
                val backend = world.runtime.listen("127.0.0.1:0") { echo }
                val front =
                    world.listen(world.serverOptions(TestCertificates.ec.credentials).build()) { client ->
                        client.pauseReceive()
                        world.runtime
                            .connect(
                                client.worker(),
                                "127.0.0.1:${backend.port()}",
                                Duration.ofSeconds(5),
                            ) { Collector() }
                            .result()
                            .thenAccept { Relay.start(client, it) { _, _ -> } }
                        Collector()
                    }
                jdkClient(front.port()).use {
                    val sent = ByteArray(3 * MIB) { at -> (at * 31).toByte() }
                    val writer =
                        thread {
                            it.outputStream.write(sent)
                            it.shutdownOutput()
                        }
                    it.inputStream.readAllBytes().contentEquals(sent) shouldBe true
                    writer.join()
                }
            }
        }

        tlsTest("a time limit for receiving is for the program's bytes") {
            withTls { world ->
                val timedOut = CompletableFuture<Unit>()
                val server =
                    world.listen(world.serverOptions(TestCertificates.ec.credentials).build()) {
                        object : ConnectionHandler {
                            override fun onOpen(connection: Connection) = connection.expectWithin(Duration.ofMillis(50))

                            override fun onReceive(
                                connection: Connection,
                                bytes: ByteView,
                            ) = bytes.size()

                            override fun onReceiveTimeout(connection: Connection) {
                                timedOut.complete(Unit)
                                connection.close()
                            }
                        }
                    }
                jdkClient(server.port()).use {
                    it.startHandshake()
                    timedOut.inTime()
                    it.inputStream.read() shouldBe -1
                }
            }
        }

        tlsTest("a frame larger than a record is offered whole") {
            withTls { world ->
                val frame = 200_000
                val server =
                    world.listen(world.serverOptions(TestCertificates.ec.credentials).build()) {
                        ConnectionHandler { connection, bytes ->
                            if (bytes.size() < frame) {
                                connection.needAtLeast(frame)
                            } else {
                                connection.writeUtf8("${bytes.size()}")
                                bytes.size()
                            }
                        }
                    }
                jdkClient(server.port()).use {
                    it.outputStream.write(ByteArray(frame))
                    it.receiveText(6) shouldBe "200000"
                }
            }
        }

        tlsTest("private keys are used on threads beside the worker, which run on every CPU") {
            withTls(smallConfig().pinWorkers(true).build()) { world ->
                val server = world.listen(world.serverOptions(TestCertificates.rsa.credentials).build()) { echo }
                jdkClient(server.port()).use {
                    it.startHandshake()
                    Thread.getAllStackTraces().keys.map { thread -> thread.name } shouldContain "uring-tls-0-1"
                    val worker = world.runtime.worker(0)
                    worker.call { Libc.schedGetaffinity().size } shouldBe 1
                    val seen = CompletableFuture<Int>()
                    // Started by the worker, as in a handshake.
                    worker.call {
                        repeat(
                            2,
                        ) { HandshakeThreads.of(worker).execute { seen.complete(Libc.schedGetaffinity().size) } }
                    }
                    seen.inTime() shouldBe Libc.schedGetaffinity().size
                }
            }
        }

        tlsTest("many connections at once shake hands and are echoed") {
            withTls { world ->
                val server = world.listen(world.serverOptions(TestCertificates.ec.credentials).build()) { echo }
                val context = jdkContext()
                val done =
                    (1..40).map { number ->
                        CompletableFuture.supplyAsync {
                            jdkClient(server.port(), context = context).use {
                                it.send("client %03d".format(number))
                                it.receiveText(10)
                            }
                        }
                    }
                done.mapIndexed { at, it -> it.inTime() shouldBe "client %03d".format(at + 1) }
            }
        }
    })

/** Passes bytes on one at a time, in both directions. */
private class ByteByByteRelay(
    private val target: Int,
) : AutoCloseable {
    private val listener = ServerSocket(0, 5, InetAddress.getByName("127.0.0.1"))
    private val sockets = ConcurrentLinkedQueue<Socket>()
    val port: Int get() = listener.localPort

    init {
        thread(isDaemon = true) {
            runCatching {
                while (true) {
                    val client = listener.accept().also(sockets::add)
                    val server = Socket("127.0.0.1", target).also(sockets::add)
                    pass(client, server)
                    pass(server, client)
                }
            }
        }
    }

    private fun pass(
        from: Socket,
        to: Socket,
    ) {
        to.tcpNoDelay = true
        thread(isDaemon = true) {
            runCatching {
                val input = from.getInputStream().buffered()
                val output = to.getOutputStream()
                while (true) {
                    val byte = input.read()
                    if (byte < 0) break
                    output.write(byte)
                }
                to.shutdownOutput()
            }.onFailure {
                from.close()
                to.close()
            }
        }
    }

    override fun close() {
        listener.close()
        sockets.forEach { it.close() }
    }
}

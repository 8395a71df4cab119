package dev.uring.tls

import dev.uring.base.UringException
import dev.uring.bytes.ByteView
import dev.uring.net.Connection
import dev.uring.net.ConnectionHandler
import dev.uring.testing.PATIENCE_SECONDS
import dev.uring.testing.Signed
import dev.uring.testing.TestCertificates
import dev.uring.testing.await
import dev.uring.testing.receiveText
import dev.uring.testing.send
import dev.uring.testing.tlsTest
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.types.shouldBeInstanceOf
import java.net.InetAddress
import java.net.ServerSocket
import java.net.Socket
import java.time.Duration
import java.util.concurrent.TimeUnit
import javax.net.ssl.SNIHostName
import javax.net.ssl.SSLException
import javax.net.ssl.SSLSocket
import kotlin.concurrent.thread
import kotlin.random.Random

/** What a peer sends that is no TLS, and what the server then says of it. */
private val NO_TLS =
    mapOf(
        "a plain HTTP request" to
            ("GET / HTTP/1.1\r\nHost: x\r\n\r\n".toByteArray() to "peer sent a plain HTTP request"),
        "garbage" to (ByteArray(64) { (it * 7 + 1).toByte() } to "no TLS record: 01 08 0f"),
        "a record above the limit" to
            (byteArrayOf(22, 3, 1, 0x7F, 0x7F, 1, 2, 3) to "record of 32639 bytes exceeds the limit of 18432"),
        "a handshake that is none" to (byteArrayOf(22, 3, 1, 0, 4, 99, 0, 0, 0) to "Unknown handshake type"),
        "application data before any handshake" to (byteArrayOf(23, 3, 3, 0, 2, 1, 2) to "TLS handshake failed"),
        "an SSL 2 hello" to
            (
                byteArrayOf(0x80.toByte(), 0x2E, 1, 0, 2, 0, 0x15, 0, 0, 0, 0x10) + ByteArray(40) to
                    "no TLS record: 80 2e 01"
            ),
    )

class TlsHostileKernelTest :
    FunSpec({
        for ((name, case) in NO_TLS) {
            tlsTest("$name ends its connection, is named, and hurts nobody else") {
                withTls { world ->
                    val server = world.listen(world.serverOptions(TestCertificates.ec.credentials).build()) { echo }
                    plainSocket(server.port()).use { hostile ->
                        hostile.getOutputStream().write(case.first)
                        world.handshakeFailure().message!! shouldContain case.second
                        // An alert at most, and then the end.
                        runCatching { hostile.getInputStream().readAllBytes() }
                    }
                    jdkClient(server.port()).use {
                        it.send("others")
                        it.receiveText(6) shouldBe "others"
                    }
                }
            }
        }

        tlsTest("a plain HTTP request is answered with an alert and the whole error is readable") {
            withTls { world ->
                val server = world.listen(world.serverOptions(TestCertificates.ec.credentials).build()) { echo }
                plainSocket(server.port()).use { client ->
                    client.send("GET / HTTP/1.1\r\n\r\n")
                    client.getInputStream().readNBytes(3).toList() shouldBe listOf<Byte>(21, 3, 3)
                    client.getInputStream().readAllBytes()
                    val told = world.handshakeFailure()
                    told.message shouldBe
                        "TLS handshake failed (connection 127.0.0.1:${client.localPort}, worker 0): peer sent " +
                        "a plain HTTP request.\n  Likely cause: an http:// address where https:// is meant."
                }
            }
        }

        tlsTest("random bytes after a good beginning end the connection, whatever they are") {
            val seed = System.getProperty("uring.test.seed")?.toLong() ?: System.nanoTime()
            println("seed=$seed; again with: -During.test.seed=$seed")
            val random = Random(seed)
            withTls { world ->
                val server = world.listen(world.serverOptions(TestCertificates.ec.credentials).build()) { echo }
                repeat(30) {
                    plainSocket(server.port()).use { hostile ->
                        val length = 1 + random.nextInt(300)
                        val header = byteArrayOf(22, 3, 1, (length shr 8).toByte(), length.toByte())
                        val record = header + random.nextBytes(length)
                        hostile.getOutputStream().write(record)
                        hostile.shutdownOutput()
                        world.handshakeFailure().shouldBeInstanceOf<TlsHandshakeException>()
                    }
                }
            }
        }

        tlsTest("a peer that says nothing is reset after handshakeTimeout") {
            withTls { world ->
                val tls =
                    world
                        .serverOptions(TestCertificates.ec.credentials)
                        .handshakeTimeout(Duration.ofMillis(100))
                        .build()
                val server = world.listen(tls) { echo }
                plainSocket(server.port()).use {
                    world.handshakeFailure().message!! shouldContain "not finished within handshakeTimeout=PT0.1S"
                }
            }
        }

        tlsTest("a peer that leaves in the middle of the handshake is no error of anybody else's") {
            withTls { world ->
                val server = world.listen(world.serverOptions(TestCertificates.ec.credentials).build()) { echo }
                plainSocket(server.port()).use { it.getOutputStream().write(byteArrayOf(22, 3, 1, 2, 0, 1)) }
                world.handshakeFailure().message!! shouldContain
                    "the peer finished in the middle of it, after 6 bytes of a record"
            }
        }

        tlsTest("a FIN without a close_notify is a truncation and not an end") {
            withTls { world ->
                val collector = Collector()
                val server = world.listen(world.serverOptions(TestCertificates.ec.credentials).build()) { collector }
                cutOff(server.port(), "half a mess")
                val cause = collector.awaitClosed().shouldBeInstanceOf<TlsTruncatedException>()
                cause.receivedBytes() shouldBe 11
                cause.message!! shouldContain "TLS stream cut off after 11 bytes"
                collector.ended.isDone shouldBe false
            }
        }

        tlsTest("a truncation is an ordinary end where the options tolerate it") {
            withTls { world ->
                val collector = Collector()
                val tls = world.serverOptions(TestCertificates.ec.credentials).toleratesTruncation(true).build()
                val server = world.listen(tls) { collector }
                cutOff(server.port(), "whole")
                collector.ended.inTime()
                collector.awaitClosed() shouldBe null
            }
        }

        tlsTest("a close_notify is an ordinary end") {
            withTls { world ->
                val collector = Collector()
                val server = world.listen(world.serverOptions(TestCertificates.ec.credentials).build()) { collector }
                jdkClient(server.port()).use { it.send("bye") }
                collector.ended.inTime()
                collector.awaitClosed() shouldBe null
                String(collector.received()) shouldBe "bye"
            }
        }

        tlsTest("a changed byte of a record ends the connection with a bad MAC") {
            withTls { world ->
                val collector = Collector()
                val server = world.listen(world.serverOptions(TestCertificates.ec.credentials).build()) { collector }
                val raw = MeddlingSocket(server.port())
                jdkClient(server.port(), raw = raw).use {
                    it.startHandshake()
                    it.send("first")
                    collector.awaitBytes(5)
                    raw.meddles = true
                    it.send("second")
                    collector.awaitClosed()!!.message!! shouldContain "TLS stream failed"
                    String(collector.received()) shouldBe "first"
                }
            }
        }

        tlsTest("a renegotiation is refused") {
            withTls { world ->
                val collector = Collector()
                val server = world.listen(world.serverOptions(TestCertificates.ec.credentials).build()) { collector }
                jdkClient(server.port(), "TLSv1.2").use {
                    it.send("first")
                    collector.awaitBytes(5)
                    thread { runCatching { it.startHandshake() } }
                    collector.awaitClosed()!!.message!! shouldContain "peer asked for a renegotiation, which is refused"
                }
            }
        }

        val clientSees =
            listOf(
                Triple("an expired certificate", { TestCertificates.expired }, "NotAfter"),
                Triple(
                    "a certificate for another host",
                    { TestCertificates.otherHost },
                    "No subject alternative names",
                ),
            )
        for ((name, own, expected) in clientSees) {
            tlsTest("our client refuses $name, and says why") {
                JdkServer(own(), serve = { it.send("never seen") }).use { server ->
                    withTls { world ->
                        val collector = Collector()
                        val failure =
                            shouldThrow<TlsHandshakeException> {
                                world.connect(server.port, clientOptions().build(), collector).inTime()
                            }
                        failure.message!! shouldContain expected
                        failure.message!! shouldContain "Likely cause: "
                        collector.received().size shouldBe 0
                    }
                }
            }
        }

        tlsTest("our client refuses a certificate that nobody it trusts has signed") {
            JdkServer(serve = { it.send("never seen") }).use { server ->
                withTls { world ->
                    val system = TlsClientOptions.builder().provider(TlsProvider.JDK).build()
                    val failure =
                        shouldThrow<TlsHandshakeException> { world.connect(server.port, system, Collector()).inTime() }
                    failure.message!! shouldContain "signed by nobody this side trusts"
                }
            }
        }

        tlsTest("only the loud option takes any certificate") {
            JdkServer(TestCertificates.expired, serve = { it.send("seen") }).use { server ->
                withTls { world ->
                    val collector = Collector()
                    val insecure = TlsClientOptions.builder().insecurelyTrustEverybody().build()
                    world.connect(server.port, insecure, collector).inTime()
                    String(collector.awaitBytes(4)) shouldBe "seen"
                    collector.awaitClosed()
                }
            }
        }

        tlsTest("our client names a server that speaks no TLS") {
            ServerSocket(0, 1, InetAddress.getByName("127.0.0.1")).use { listener ->
                thread(isDaemon = true) {
                    listener.accept().use {
                        it.getOutputStream().write("HTTP/1.1 400 Bad Request\r\n\r\n".toByteArray())
                        it.getInputStream().readAllBytes()
                    }
                }
                withTls { world ->
                    val failure =
                        shouldThrow<TlsHandshakeException> {
                            world.connect(listener.localPort, clientOptions().build(), Collector()).inTime()
                        }
                    failure.message!! shouldContain "peer sent a plain HTTP response"
                }
            }
        }

        tlsTest("a client whose server never answers the handshake gives up in time") {
            ServerSocket(0, 1, InetAddress.getByName("127.0.0.1")).use { listener ->
                withTls { world ->
                    val tls = clientOptions().handshakeTimeout(Duration.ofMillis(100)).build()
                    val failure =
                        shouldThrow<TlsHandshakeException> {
                            world.connect(listener.localPort, tls, Collector()).inTime()
                        }
                    failure.message!! shouldContain "handshakeTimeout=PT0.1S"
                }
            }
        }

        tlsTest("an attempt that is cancelled during the handshake leaves no connection") {
            ServerSocket(0, 1, InetAddress.getByName("127.0.0.1")).use { listener ->
                withTls { world ->
                    val attempt =
                        world.runtime.connect(
                            world.runtime.worker(0),
                            "127.0.0.1:${listener.localPort}",
                            Duration.ofSeconds(PATIENCE_SECONDS),
                            dev.uring.socket.SocketOptions
                                .defaults(),
                            clientOptions().build(),
                        ) { echo }
                    listener.accept().use { server ->
                        // The hello is here, so the connection exists.
                        server.getInputStream().readNBytes(5)
                        attempt.cancel()
                        val failure =
                            shouldThrow<UringException> { attempt.result().toCompletableFuture().inTime() }
                        failure.message!! shouldContain "it was cancelled"
                    }
                }
            }
        }

        tlsTest("a name that no certificate has is refused where the options say so") {
            withTls { world ->
                val tls = world.serverOptions(TestCertificates.wildcard.credentials).rejectUnknownNames(true).build()
                val server = world.listen(tls) { echo }
                shouldThrow<SSLException> {
                    jdkClient(server.port()) { ask("unknown.test") }.use { it.startHandshake() }
                }
                world.handshakeFailure().message!! shouldContain "Unrecognized server name"
            }
        }

        tlsTest("a handler that throws resets its connection, and no other") {
            withTls { world ->
                val server =
                    world.listen(world.serverOptions(TestCertificates.ec.credentials).build()) {
                        object : ConnectionHandler {
                            override fun onReceive(
                                connection: Connection,
                                bytes: ByteView,
                            ): Int =
                                if (bytes.get(0) ==
                                    'x'.code.toByte()
                                ) {
                                    error("boom")
                                } else {
                                    echo.onReceive(connection, bytes)
                                }
                        }
                    }
                jdkClient(server.port()).use { other ->
                    jdkClient(server.port()).use { it.send("x") }
                    other.send("fine")
                    other.receiveText(4) shouldBe "fine"
                }
                await { world.runtime.snapshots().sumOf { it.connectionsActive() } == 0 }
            }
        }
    })

private fun plainSocket(port: Int): Socket =
    Socket(InetAddress.getByName("127.0.0.1"), port).apply {
        soTimeout = TimeUnit.SECONDS.toMillis(PATIENCE_SECONDS).toInt()
    }

/** Sends text over TLS and then a FIN without a close_notify. */
private fun cutOff(
    port: Int,
    text: String,
) {
    val raw = plainSocket(port)
    val socket = jdkClient(port, raw = raw)
    socket.send(text)
    // Read to the end: a close with a ticket unread would be a reset.
    raw.shutdownOutput()
    runCatching { raw.getInputStream().readAllBytes() }
    raw.close()
}

internal fun SSLSocket.ask(name: String) {
    sslParameters =
        sslParameters.apply {
            serverNames = listOf(SNIHostName(name))
            endpointIdentificationAlgorithm = null
        }
}

/** Changes the last byte of what is sent, once it is asked to. */
private class MeddlingSocket(
    port: Int,
) : Socket(InetAddress.getByName("127.0.0.1"), port) {
    @Volatile
    var meddles = false

    override fun getOutputStream(): java.io.OutputStream {
        val out = super.getOutputStream()
        return object : java.io.OutputStream() {
            override fun write(byte: Int) = out.write(byte)

            override fun write(
                bytes: ByteArray,
                from: Int,
                count: Int,
            ) {
                val sent = bytes.copyOfRange(from, from + count)
                if (meddles) sent[count - 1] = (sent[count - 1] + 1).toByte()
                out.write(sent)
            }
        }
    }
}

internal val Signed.name: String get() = chain.fileName.toString()

package dev.uring.tls

import dev.uring.bytes.ByteView
import dev.uring.net.Connection
import dev.uring.net.ConnectionHandler
import dev.uring.testing.PATIENCE_SECONDS
import dev.uring.testing.TestCertificates
import dev.uring.testing.call
import dev.uring.testing.send
import dev.uring.testing.tlsTest
import dev.uring.worker.Timer
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.longs.shouldBeGreaterThanOrEqual
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.types.shouldBeInstanceOf
import java.io.Closeable
import java.net.InetAddress
import java.net.ServerSocket
import java.net.Socket
import java.time.Duration
import java.util.concurrent.CompletableFuture
import java.util.concurrent.LinkedBlockingQueue
import java.util.concurrent.TimeUnit
import javax.net.ssl.SSLException
import javax.net.ssl.SSLSocket
import kotlin.concurrent.thread

private val PROTOCOLS = listOf("TLSv1.3", "TLSv1.2")
private val PROVIDERS = listOf(TlsProvider.JDK, TlsProvider.CONSCRYPT)
private val NEVER = Duration.ofHours(1)
private val SOON = Duration.ofMillis(150)

/** A stream's end is said by a close_notify, and what ends without one was cut off. */
class TlsClosingKernelTest :
    FunSpec({
        for (provider in PROVIDERS) {
            for (protocol in PROTOCOLS) {
                tlsTest("close says farewell before its FIN, over $protocol with $provider") {
                    withTls { world ->
                        val server =
                            world.listenAs(provider) {
                                Collector(onOpen = {
                                    it.writeUtf8("all there is")
                                    it.close()
                                })
                            }
                        RawTlsClient(server.port(), protocol).use {
                            it.handshake()
                            it.receive() shouldBe "all there is"
                            // With a FIN in place of a record this would be an EOFException.
                            it.receive() shouldBe ""
                            it.isAtEnd() shouldBe true
                        }
                    }
                }

                tlsTest("a reply to what came together with the farewell arrives, over $protocol with $provider") {
                    withTls { world ->
                        val server = world.listenAs(provider) { echo }
                        RawTlsClient(server.port(), protocol).use {
                            it.handshake()
                            it.write(it.encrypted("last words") + it.farewell())
                            it.receive() shouldBe "last words"
                            it.receive() shouldBe ""
                            it.isAtEnd() shouldBe true
                        }
                    }
                }
            }

            tlsTest("a reply that is ready long after the peer's farewell arrives over TLS 1.3 with $provider") {
                withTls { world ->
                    val server = world.listenAs(provider) { LateReply() }
                    RawTlsClient(server.port(), "TLSv1.3").use {
                        it.handshake()
                        it.write(it.encrypted("question") + it.farewell())
                        it.receive() shouldBe "answer to question"
                        it.receive() shouldBe ""
                    }
                }
            }

            tlsTest("two bytes are not taken for a farewell, which is as long, with $provider") {
                withTls { world ->
                    val server = world.listenAs(provider) { echo }
                    RawTlsClient(server.port(), "TLSv1.3").use {
                        it.handshake()
                        repeat(20) { round ->
                            val text = "%02d".format(round)
                            it.write(it.encrypted(text) + it.encrypted(text))
                            it.receive(4) shouldBe text + text
                        }
                        it.write(it.farewell())
                        it.receive() shouldBe ""
                    }
                }
            }

            tlsTest("shutdownOutput says farewell, and what the peer then says is received, with $provider") {
                withTls { world ->
                    val collector = Collector(onOpen = { it.shutdownOutput() })
                    val server = world.listenAs(provider) { collector }
                    RawTlsClient(server.port(), "TLSv1.3").use {
                        it.handshake()
                        it.receive() shouldBe ""
                        it.isAtEnd() shouldBe true
                        val said = (1..5).map { n -> "still here, $n;" }
                        for (text in said) it.write(it.encrypted(text))
                        String(collector.awaitBytes(said.sumOf(String::length))) shouldBe said.joinToString("")
                        it.write(it.farewell())
                        collector.awaitClosed() shouldBe null
                    }
                }
            }
        }

        for (protocol in PROTOCOLS) {
            tlsTest("our client tells the server's farewell from a FIN without one, over $protocol") {
                JdkRawServer(protocol).use { server ->
                    withTls { world ->
                        val collector = Collector()
                        world.connect(server.port, clientOptions().build(), collector).inTime()
                        server.next().use { it.tls.send("whole") }
                        collector.ended.inTime()
                        collector.awaitClosed() shouldBe null

                        val cutOff = Collector()
                        world.connect(server.port, clientOptions().build(), cutOff).inTime()
                        val accepted = server.next()
                        accepted.tls.send("half")
                        accepted.raw.shutdownOutput()
                        cutOff.awaitClosed().shouldBeInstanceOf<TlsTruncatedException>().receivedBytes() shouldBe 4
                        cutOff.ended.isDone shouldBe false
                        // Not the engine: its farewell would come behind the FIN.
                        accepted.raw.close()
                    }
                }
            }
        }

        tlsTest("a broken record is answered with an alert, and no farewell") {
            withTls { world ->
                val collector = Collector()
                val server = world.listenAs(TlsProvider.JDK, SOON) { collector }
                RawTlsClient(server.port(), "TLSv1.3").use {
                    it.handshake()
                    it.write(
                        it.encrypted("spoiled").also { bytes ->
                            bytes[bytes.size - 1] = (bytes.last() + 1).toByte()
                        },
                    )
                    shouldThrow<SSLException> { it.receive() }.message!! shouldContain "bad_record_mac"
                    collector.awaitClosed()!!.message!! shouldContain "TLS stream failed"
                }
            }
        }

        tlsTest("a peer that does not answer the farewell is waited for as long as closeTimeout says") {
            withTls { world ->
                val collector = Collector()
                val opened = CompletableFuture<Connection>()
                val server =
                    world.listenAs(TlsProvider.JDK, SOON) {
                        opened.complete(it)
                        collector
                    }
                RawTlsClient(server.port(), "TLSv1.3").use {
                    it.handshake()
                    val began = System.nanoTime()
                    opened.inTime().call { close() }
                    collector.awaitClosed() shouldBe null
                    System.nanoTime() - began shouldBeGreaterThanOrEqual SOON.toNanos()
                    it.receive() shouldBe ""
                }
            }
        }

        tlsTest("a peer that answers the farewell is not waited for any longer") {
            withTls { world ->
                val collector = Collector(onOpen = { it.close() })
                val server = world.listenAs(TlsProvider.JDK, NEVER) { collector }
                RawTlsClient(server.port(), "TLSv1.3").use {
                    it.handshake()
                    it.receive() shouldBe ""
                    collector.closed.isDone shouldBe false
                    it.write(it.farewell())
                    it.socket.shutdownOutput()
                    collector.awaitClosed() shouldBe null
                }
            }
        }

        tlsTest("with closeTimeout zero the farewell is said and nobody waited for") {
            withTls { world ->
                val collector = Collector(onOpen = { it.close() })
                val server = world.listenAs(TlsProvider.JDK, Duration.ZERO) { collector }
                RawTlsClient(server.port(), "TLSv1.3").use {
                    it.handshake()
                    collector.awaitClosed() shouldBe null
                    it.receive() shouldBe ""
                }
            }
        }

        tlsTest("our client too waits for an answer to its farewell as long as closeTimeout says") {
            JdkRawServer("TLSv1.3").use { server ->
                withTls { world ->
                    val collector = Collector()
                    val options = clientOptions().closeTimeout(SOON).build()
                    val connection = world.connect(server.port, options, collector).inTime()
                    val accepted = server.next()
                    connection.call { close() }
                    collector.awaitClosed() shouldBe null
                    // It was told, and had said nothing.
                    accepted.tls.inputStream.read() shouldBe -1
                    accepted.close()
                }
            }
        }
    })

private fun TlsWorld.listenAs(
    provider: TlsProvider,
    closeTimeout: Duration = Duration.ofSeconds(PATIENCE_SECONDS),
    acceptor: (Connection) -> ConnectionHandler,
) = listen(
    serverOptions(TestCertificates.ec.credentials).provider(provider).closeTimeout(closeTimeout).build(),
    acceptor,
)

/** The JDK's server over sockets that the test can end below it. */
private class JdkRawServer(
    private val protocol: String,
) : Closeable {
    class Accepted(
        val raw: Socket,
        val tls: SSLSocket,
    ) : Closeable {
        override fun close() = tls.close()
    }

    private val listener = ServerSocket(0, 5, InetAddress.getByName("127.0.0.1"))
    private val accepted = LinkedBlockingQueue<Accepted>()
    val port: Int get() = listener.localPort

    init {
        val context = jdkContext(TestCertificates.ec)
        thread(isDaemon = true, name = "jdk-raw-tls-server") {
            while (!listener.isClosed) {
                runCatching {
                    val raw = listener.accept()
                    raw.soTimeout = TimeUnit.SECONDS.toMillis(PATIENCE_SECONDS).toInt()
                    val tls = context.socketFactory.createSocket(raw, "localhost", raw.port, true) as SSLSocket
                    tls.useClientMode = false
                    tls.enabledProtocols = arrayOf(protocol)
                    tls.startHandshake()
                    accepted += Accepted(raw, tls)
                }
            }
        }
    }

    fun next(): Accepted = accepted.poll(PATIENCE_SECONDS, TimeUnit.SECONDS) ?: error("no handshake was finished")

    override fun close() = listener.close()
}

/** Answers when the peer has ended its side, and some turns of the loop after that. */
private class LateReply : ConnectionHandler {
    private var asked = ""

    override fun onReceive(
        connection: Connection,
        bytes: ByteView,
    ): Int {
        asked += bytes.toUtf8()
        return bytes.size()
    }

    override fun onEnd(connection: Connection) {
        val reply =
            object : Timer() {
                override fun fire() {
                    connection.writeUtf8("answer to $asked")
                    connection.close()
                }
            }
        connection.worker().arm(reply, TimeUnit.MILLISECONDS.toNanos(20))
    }
}

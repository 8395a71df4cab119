package dev.uring.tls

import dev.uring.bytes.ByteView
import dev.uring.net.Connection
import dev.uring.net.ConnectionHandler
import dev.uring.testing.PATIENCE_SECONDS
import dev.uring.testing.TestCertificates
import dev.uring.testing.call
import dev.uring.testing.receiveText
import dev.uring.testing.send
import dev.uring.testing.tlsTest
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import java.net.Socket
import java.nio.file.Files
import java.security.cert.X509Certificate
import java.util.concurrent.CompletableFuture
import java.util.concurrent.TimeUnit
import javax.net.ssl.SSLException
import javax.net.ssl.SSLSocket

class TlsFeaturesKernelTest :
    FunSpec({
        tlsTest("a server chooses its certificate by the name that the client asks for") {
            withTls { world ->
                val tls =
                    world
                        .serverOptions(
                            TestCertificates.ec.credentials,
                            TestCertificates.wildcard.credentials,
                            TestCertificates.otherHost.credentials,
                        ).build()
                val server = world.listen(tls) { echo }
                val shown =
                    listOf("localhost", "a.example.test", "example.test", "a.b.example.test", "OTHER.test", "no.test")
                        .associateWith { name ->
                            jdkClient(server.port()) { ask(name) }.use { it.subject() }
                        }
                shown shouldBe
                    mapOf(
                        "localhost" to "CN=ec",
                        "a.example.test" to "CN=wildcard",
                        "example.test" to "CN=wildcard",
                        // A wildcard is for one label.
                        "a.b.example.test" to "CN=ec",
                        "OTHER.test" to "CN=other",
                        "no.test" to "CN=ec",
                    )
            }
        }

        tlsTest("a client that cannot take the first kind of key gets the certificate with another") {
            withTls { world ->
                val tls =
                    world.serverOptions(TestCertificates.ec.credentials, TestCertificates.rsa.credentials).build()
                val server = world.listen(tls) { echo }
                val rsaOnly: SSLSocket.() -> Unit = {
                    enabledCipherSuites = arrayOf("TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256")
                }
                jdkClient(server.port(), "TLSv1.2", configure = rsaOnly).use { it.subject() } shouldBe "CN=rsa"
                jdkClient(server.port()).use { it.subject() } shouldBe "CN=ec"
            }
        }

        tlsTest("both sides see what was agreed on") {
            withTls { world ->
                val seen = CompletableFuture<TlsInfo>()
                val tls =
                    world.serverOptions(TestCertificates.ec.credentials).applicationProtocols("h2", "http/1.1").build()
                val server = world.listen(tls) { Collector(onOpen = { seen.complete(TlsInfo.of(it).get()) }) }
                val options =
                    clientOptions().applicationProtocols("http/1.1", "h2").serverName("localhost").build()
                val connection = world.connect(server.port(), options, Collector()).inTime()
                val here = TlsInfo.of(connection).get()
                here.protocol() shouldBe "TLSv1.3"
                here.cipherSuite() shouldBe "TLS_AES_128_GCM_SHA256"
                here.applicationProtocol().get() shouldBe "h2"
                here
                    .peerCertificates()
                    .first()
                    .subjectX500Principal.name shouldBe "CN=ec"
                here.isResumed() shouldBe false
                val there = seen.inTime()
                there.serverName().get() shouldBe "localhost"
                there.applicationProtocol().get() shouldBe "h2"
                there.peerCertificates() shouldBe emptyList()
                connection.call { close() }
            }
        }

        tlsTest("two sides without a common application protocol do not agree") {
            withTls { world ->
                val tls = world.serverOptions(TestCertificates.ec.credentials).applicationProtocols("h2").build()
                val server = world.listen(tls) { echo }
                val options = clientOptions().applicationProtocols("spdy/1").build()
                val failure =
                    shouldThrow<TlsHandshakeException> { world.connect(server.port(), options, Collector()).inTime() }
                failure.message!! shouldContain "no application protocol in common"
            }
        }

        for (protocol in listOf("TLSv1.3", "TLSv1.2")) {
            tlsTest("a client that comes back resumes its session over $protocol") {
                withTls { world ->
                    val server = world.listen(world.serverOptions(TestCertificates.ec.credentials).build()) { echo }
                    val options = clientOptions().protocols(protocol).build()
                    val resumed =
                        (1..3).map {
                            val collector = Collector()
                            val connection = world.connect(server.port(), options, collector).inTime()
                            connection.call { writeUtf8("x") }
                            // Behind the answer the ticket has come too.
                            collector.awaitBytes(1)
                            Thread.sleep(2) // A session is seen to be an old one by its time, in milliseconds.
                            connection.call {
                                close()
                                TlsInfo.of(this).get().isResumed()
                            }
                        }
                    resumed shouldBe listOf(false, true, true)
                }
            }

            tlsTest("a server sees its client's certificate over $protocol") {
                withTls { world ->
                    val seen = CompletableFuture<String>()
                    val tls =
                        world
                            .serverOptions(TestCertificates.ec.credentials)
                            .clientAuth(ClientAuth.NEED)
                            .trust(TestCertificates.trust)
                            .build()
                    val server =
                        world.listen(tls) {
                            Collector(onOpen = { seen.complete(TlsInfo.of(it).get().subject()) })
                        }
                    val options = clientOptions().protocols(protocol).credentials(TestCertificates.client.credentials)
                    val connection = world.connect(server.port(), options.build(), Collector()).inTime()
                    seen.inTime() shouldBe "CN=client"
                    connection.call { close() }
                }
            }

            tlsTest("a client without a certificate is not served where one is needed, over $protocol") {
                withTls { world ->
                    val tls =
                        world
                            .serverOptions(TestCertificates.ec.credentials)
                            .clientAuth(ClientAuth.NEED)
                            .trust(TestCertificates.trust)
                            .build()
                    val server = world.listen(tls) { echo }
                    shouldThrow<java.io.IOException> {
                        jdkClient(server.port(), protocol).use {
                            it.send("x")
                            it.receiveText(1).length shouldBe 1
                        }
                    }
                    world.handshakeFailure().message!! shouldContain "the client has no certificate"
                }
            }
        }

        tlsTest("a client without a certificate is served where one is only wanted") {
            withTls { world ->
                val tls =
                    world
                        .serverOptions(TestCertificates.ec.credentials)
                        .clientAuth(ClientAuth.WANT)
                        .trust(TestCertificates.trust)
                        .build()
                val server = world.listen(tls) { echo }
                jdkClient(server.port()).use {
                    it.send("x")
                    it.receiveText(1) shouldBe "x"
                }
            }
        }

        tlsTest("a reload is for new connections, and old ones go on") {
            withTls { world ->
                val tls = ReloadableTls(world.serverOptions(TestCertificates.ec.credentials).build())
                val server = world.listen(tls) { echo }
                jdkClient(server.port()).use { old ->
                    old.subject() shouldBe "CN=ec"
                    tls.reload(world.serverOptions(TestCertificates.rsa.credentials).build())
                    jdkClient(server.port()).use { it.subject() } shouldBe "CN=rsa"
                    old.send("still here")
                    old.receiveText(10) shouldBe "still here"
                }
            }
        }

        tlsTest("TLS runs over a Unix socket, where the client must say which name it expects") {
            withTls { world ->
                val folder = Files.createTempDirectory("uring-tls-unix")
                val address = "unix:$folder/socket"
                val tls = world.serverOptions(TestCertificates.ec.credentials).build()
                world.runtime.listen(address, tls) { echo }.use {
                    val collector = Collector()
                    val options = clientOptions().serverName("localhost").build()
                    val connection = world.connect(0, options, collector, address).inTime()
                    connection.call { writeUtf8("through a file") }
                    String(collector.awaitBytes(14)) shouldBe "through a file"
                    connection.call { close() }
                    val failure =
                        shouldThrow<dev.uring.base.ConfigException> {
                            world.connect(0, clientOptions().build(), Collector(), address).inTime()
                        }
                    failure.message!! shouldContain "set serverName"
                    it.close()
                    it.closed().toCompletableFuture().get(PATIENCE_SECONDS, TimeUnit.SECONDS)
                }
                Files.deleteIfExists(folder.resolve("socket"))
                Files.delete(folder)
            }
        }

        tlsTest("a connection in the clear goes over to TLS, with the hello right behind the command") {
            withTls { world ->
                val tls = world.serverOptions(TestCertificates.ec.credentials).build()
                val server = world.runtime.listen("127.0.0.1:0") { StartTlsServer(tls) }
                // The command and the client's hello leave in one segment.
                val raw = PrefixingSocket(server.port(), "STARTTLS\n")
                jdkClient(server.port(), raw = raw).use {
                    it.send("secret")
                    it.receiveText(6) shouldBe "secret"
                }
            }
        }

        tlsTest("what was written in the clear before the change leaves in the clear") {
            withTls { world ->
                val tls = world.serverOptions(TestCertificates.ec.credentials).build()
                val server = world.runtime.listen("127.0.0.1:0") { StartTlsServer(tls, greeting = "220 go\n") }
                Socket("127.0.0.1", server.port()).use { raw ->
                    raw.soTimeout = TimeUnit.SECONDS.toMillis(PATIENCE_SECONDS).toInt()
                    raw.send("STARTTLS\n")
                    raw.receiveText(7) shouldBe "220 go\n"
                    jdkClient(server.port(), raw = raw).use {
                        it.send("secret")
                        it.receiveText(6) shouldBe "secret"
                    }
                }
            }
        }

        tlsTest("a command that somebody slips in behind STARTTLS is not taken for the client's") {
            withTls { world ->
                val tls = world.serverOptions(TestCertificates.ec.credentials).build()
                val collector = StartTlsServer(tls)
                val server = world.runtime.listen("127.0.0.1:0") { collector }
                Socket("127.0.0.1", server.port()).use { raw ->
                    raw.send("STARTTLS\nDELETE everything\n")
                    collector.closed.inTime()!!.message!! shouldContain "no TLS record: 44 45 4c 45 54 45"
                    collector.afterwards shouldBe 0
                }
            }
        }

        tlsTest("our client goes over to TLS when the server has agreed") {
            withTls { world ->
                val tls = world.serverOptions(TestCertificates.ec.credentials).build()
                val server = world.runtime.listen("127.0.0.1:0") { StartTlsServer(tls, greeting = "220 go\n") }
                val answered = CompletableFuture<String>()
                val upgraded =
                    object : ConnectionHandler {
                        override fun onOpen(connection: Connection) = connection.writeUtf8("secret")

                        override fun onReceive(
                            connection: Connection,
                            bytes: ByteView,
                        ): Int {
                            answered.complete(bytes.toUtf8())
                            connection.close()
                            return bytes.size()
                        }
                    }
                val plain =
                    object : ConnectionHandler {
                        override fun onOpen(connection: Connection) = connection.writeUtf8("STARTTLS\n")

                        override fun onReceive(
                            connection: Connection,
                            bytes: ByteView,
                        ): Int {
                            Tls.startClient(connection, clientOptions().build(), upgraded)
                            return "220 go\n".length
                        }
                    }
                world.runtime.connect(
                    world.runtime.worker(0),
                    "127.0.0.1:${server.port()}",
                    java.time.Duration.ofSeconds(PATIENCE_SECONDS),
                ) { plain }
                answered.inTime() shouldBe "secret"
            }
        }

        tlsTest("a tls address is refused by a listener that has no certificate") {
            withTls { world ->
                shouldThrow<dev.uring.base.ConfigException> { world.runtime.listen("tls://127.0.0.1:0") { echo } }
                    .message!! shouldContain "needs a certificate"
            }
        }

        tlsTest("a peer of a cipher suite or version that is not spoken here is told so") {
            withTls { world ->
                val tls = world.serverOptions(TestCertificates.ec.credentials).protocols("TLSv1.3").build()
                val server = world.listen(tls) { echo }
                shouldThrow<SSLException> { jdkClient(server.port(), "TLSv1.2").use { it.startHandshake() } }
                world.handshakeFailure().message!! shouldContain "no version in common"
            }
        }
    })

private fun SSLSocket.subject(): String {
    startHandshake()
    return (session.peerCertificates.first() as X509Certificate).subjectX500Principal.name
}

private fun TlsInfo.subject(): String = peerCertificates().first().subjectX500Principal.name

/** Speaks a line protocol until a client asks for TLS, and is an echo from then on. */
private class StartTlsServer(
    private val tls: TlsServerOptions,
    private val greeting: String = "",
) : ConnectionHandler {
    val closed = CompletableFuture<Throwable?>()

    @Volatile
    var afterwards = 0

    override fun onReceive(
        connection: Connection,
        bytes: ByteView,
    ): Int {
        val command = "STARTTLS\n".length
        if (bytes.size() < command) return 0
        connection.writeUtf8(greeting)
        Tls.startServer(
            connection,
            tls,
            object : ConnectionHandler {
                override fun onReceive(
                    connection: Connection,
                    bytes: ByteView,
                ): Int {
                    afterwards += bytes.size()
                    return echo.onReceive(connection, bytes)
                }

                override fun onClosed(
                    connection: Connection,
                    cause: Throwable?,
                ) {
                    closed.complete(cause)
                }
            },
        )
        return command
    }
}

/** Puts text in front of the first bytes that are sent. */
private class PrefixingSocket(
    port: Int,
    private var prefix: String,
) : Socket("127.0.0.1", port) {
    override fun getOutputStream(): java.io.OutputStream {
        val out = super.getOutputStream()
        return object : java.io.OutputStream() {
            override fun write(byte: Int) = write(byteArrayOf(byte.toByte()), 0, 1)

            override fun write(
                bytes: ByteArray,
                from: Int,
                count: Int,
            ) {
                out.write(prefix.toByteArray() + bytes.copyOfRange(from, from + count))
                prefix = ""
            }
        }
    }
}

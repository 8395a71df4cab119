package dev.uring.tls

import dev.uring.testing.TestCertificates
import dev.uring.testing.call
import dev.uring.testing.receive
import dev.uring.testing.receiveText
import dev.uring.testing.send
import dev.uring.testing.tlsTest
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.types.shouldBeInstanceOf
import io.kotest.matchers.types.shouldBeSameInstanceAs
import java.security.PrivateKey

private val PROTOCOLS = listOf("TLSv1.3", "TLSv1.2")

/** The same layer over BoringSSL's engine, which is on the class path of these tests. */
class TlsConscryptKernelTest :
    FunSpec({
        test("Conscrypt is found when it is on the class path, and taken unless another is chosen") {
            TlsClientOptions.builder().build().provider() shouldBe TlsProvider.AUTO
            TlsServerOptions.of(TestCertificates.ec.credentials).provider() shouldBe TlsProvider.AUTO
            TlsProvider.JDK.implementation() shouldBe null
            TlsProvider.isConscryptThere() shouldBe true
            TlsProvider.AUTO.implementation().name shouldBe "Conscrypt"
        }

        tlsTest("keys are Conscrypt's own before the first handshake, and stay as they are where it cannot read them") {
            for (own in listOf(TestCertificates.ec, TestCertificates.rsa)) {
                val key = own.credentials.key()
                val servers = ServerKeys(listOf(own.credentials), TlsProvider.CONSCRYPT)
                val clients = ClientKeys(own.credentials, TlsProvider.CONSCRYPT)
                for (ready in listOf(servers.getPrivateKey("0"), clients.getPrivateKey("client"))) {
                    ready.javaClass.packageName shouldBe "org.conscrypt"
                    ready.encoded shouldBe key.encoded
                }
                // What it has made itself it does not make again.
                servers.getPrivateKey("0") shouldBeSameInstanceAs servers.getPrivateKey("0")
                ServerKeys(listOf(own.credentials), TlsProvider.JDK).getPrivateKey("0") shouldBeSameInstanceAs key
            }
            val sealed =
                object : PrivateKey {
                    override fun getAlgorithm() = "RSA"

                    override fun getFormat() = null

                    override fun getEncoded() = null
                }
            TlsProvider.CONSCRYPT.ready(sealed) shouldBeSameInstanceAs sealed
        }

        for (protocol in PROTOCOLS) {
            tlsTest("Conscrypt's server echoes the JDK's client over $protocol, small and large") {
                withTls { world ->
                    val tls = world.serverOptions(TestCertificates.ec.credentials).provider(TlsProvider.CONSCRYPT)
                    val server = world.listen(tls.build()) { echo }
                    jdkClient(server.port(), protocol).use {
                        it.send("hello")
                        it.receiveText(5) shouldBe "hello"
                        val sent = ByteArray(300_000) { at -> (at * 7).toByte() }
                        val writer = Thread { it.outputStream.write(sent) }.apply { start() }
                        it.receive(sent.size).contentEquals(sent) shouldBe true
                        writer.join()
                    }
                }
            }

            tlsTest("Conscrypt's client and server agree with each other, and the client resumes, over $protocol") {
                withTls { world ->
                    val tls =
                        world
                            .serverOptions(TestCertificates.rsa.credentials)
                            .provider(TlsProvider.CONSCRYPT)
                            .applicationProtocols("h2")
                    val server = world.listen(tls.build()) { echo }
                    val options =
                        clientOptions()
                            .provider(TlsProvider.CONSCRYPT)
                            .protocols(protocol)
                            .applicationProtocols("h2")
                            .build()
                    repeat(3) { round ->
                        val collector = Collector()
                        val connection = world.connect(server.port(), options, collector).inTime()
                        TlsInfo
                            .of(connection)
                            .get()
                            .applicationProtocol()
                            .get() shouldBe "h2"
                        TlsInfo.of(connection).get().protocol() shouldBe protocol
                        connection.call { write(ByteArray(50_000)) }
                        collector.awaitBytes(50_000)
                        val isResumed = connection.call { TlsInfo.of(this).get().isResumed() }
                        // Its engine tells sessions of the same second from new ones by nothing: none is waited for.
                        if (round == 0) isResumed shouldBe false
                        connection.call { close() }
                        collector.awaitClosed() shouldBe null
                    }
                }
            }
        }

        tlsTest("Conscrypt's server chooses its certificate by name, and sees its client's") {
            withTls { world ->
                val tls =
                    world
                        .serverOptions(TestCertificates.ec.credentials, TestCertificates.wildcard.credentials)
                        .provider(TlsProvider.CONSCRYPT)
                        .clientAuth(ClientAuth.NEED)
                        .trust(TestCertificates.trust)
                        .build()
                val collector = Collector()
                val server = world.listen(tls) { collector }
                val options =
                    clientOptions()
                        .provider(TlsProvider.CONSCRYPT)
                        .serverName("a.example.test")
                        .credentials(TestCertificates.client.credentials)
                        .build()
                val connection = world.connect(server.port(), options, Collector()).inTime()
                val shown =
                    TlsInfo
                        .of(connection)
                        .get()
                        .peerCertificates()
                        .first()
                shown.subjectX500Principal.name shouldBe "CN=wildcard"
                connection.call {
                    writeUtf8("x")
                    close()
                }
                collector.awaitClosed() shouldBe null
            }
        }

        tlsTest("Conscrypt's client refuses a certificate for another host") {
            JdkServer(TestCertificates.otherHost, serve = { it.send("never seen") }).use { server ->
                withTls { world ->
                    val options = clientOptions().provider(TlsProvider.CONSCRYPT).build()
                    shouldThrow<TlsHandshakeException> { world.connect(server.port, options, Collector()).inTime() }
                        .message!! shouldContain "No subject alternative names"
                }
            }
        }

        tlsTest("what is no TLS and what is cut off is told as with the JDK's engine") {
            withTls { world ->
                val collector = Collector()
                val tls = world.serverOptions(TestCertificates.ec.credentials).provider(TlsProvider.CONSCRYPT)
                val server = world.listen(tls.build()) { collector }
                java.net.Socket("127.0.0.1", server.port()).use {
                    it.send("GET / HTTP/1.1\r\n\r\n")
                    world.handshakeFailure().message!! shouldContain "peer sent a plain HTTP request"
                }
                val raw = java.net.Socket("127.0.0.1", server.port())
                jdkClient(server.port(), raw = raw).send("half a mess")
                collector.awaitBytes(11)
                raw.shutdownOutput()
                collector.awaitClosed().shouldBeInstanceOf<TlsTruncatedException>()
                raw.close()
            }
        }
    })

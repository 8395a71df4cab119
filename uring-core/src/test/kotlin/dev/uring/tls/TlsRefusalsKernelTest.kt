package dev.uring.tls

import dev.uring.net.Connection
import dev.uring.testing.Program
import dev.uring.testing.Signed
import dev.uring.testing.TestCertificates
import dev.uring.testing.tlsTest
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.string.shouldEndWith
import java.net.ServerSocket
import java.nio.file.Files
import java.nio.file.Path
import java.time.Instant
import java.util.Date
import java.util.concurrent.CompletableFuture
import javax.net.ssl.SNIHostName
import kotlin.io.path.writeText

private val PROVIDERS = listOf(TlsProvider.JDK, TlsProvider.CONSCRYPT)

/** Who is refused reads why, to the last word. */
class TlsRefusalsKernelTest :
    FunSpec({
        for (provider in PROVIDERS) {
            tlsTest("an expired certificate of a server's is refused with its date, with $provider") {
                withTls { world ->
                    world.refusalOf(TestCertificates.expired, provider) shouldContain EXPIRED
                }
            }

            tlsTest("an expired certificate of a client's is refused with its date, with $provider") {
                withTls { world ->
                    val tls =
                        world
                            .serverOptions(TestCertificates.ec.credentials)
                            .provider(provider)
                            .clientAuth(ClientAuth.NEED)
                            .trust(TestCertificates.trust)
                    val server = world.listen(tls.build()) { echo }
                    runCatching {
                        jdkClient(server.port(), context = jdkContext(TestCertificates.expired)).use {
                            it.startHandshake()
                            it.inputStream.read()
                        }
                    }
                    world.handshakeFailure().message!! shouldContain EXPIRED
                }
            }
        }

        tlsTest("a certificate for another host is refused with the name that was expected") {
            withTls { world ->
                world.refusalOf(TestCertificates.otherHost, TlsProvider.JDK) shouldEndWith
                    "No subject alternative names matching IP address 127.0.0.1 found.\n" +
                    "  Likely cause: the certificate is for another host: connect by a name it has, or set the " +
                    "options' serverName."
            }
        }

        tlsTest("a name that the server does not have is an alert, and our client says whose") {
            JdkServer(configure = { onlyFor("other.test") }, serve = { it.startHandshake() }).use { server ->
                withTls { world ->
                    val options = clientOptions().serverName("localhost").build()
                    shouldThrow<TlsHandshakeException> {
                        world.connect(server.port, options, Collector()).inTime()
                    }.message!! shouldEndWith
                        "fatal alert: unrecognized_name.\n" +
                        "  Likely cause: the peer has no certificate for the name that this side asked for."
                }
            }
        }

        tlsTest("early data end the connection before anybody reads them") {
            withTls { world ->
                val opened = CompletableFuture<Connection>()
                val tls = world.serverOptions(TestCertificates.ec.credentials).build()
                val server = world.listen(tls) { echo.also { _ -> opened.complete(it) } }
                earlyData(ticketOfAnother(), server.port()).use {
                    it.finish()
                    world.handshakeFailure().message!! shouldEndWith
                        "peer sent early data (0-RTT), which is not accepted here.\n" +
                        "  Likely cause: a client that holds another server's ticket for this name. Tickets of this " +
                        "side allow none, because early data can be replayed."
                    opened.isDone shouldBe false
                }
            }
        }

        tlsTest("early data are passed over with Conscrypt, and the client told so") {
            withTls { world ->
                val tls = world.serverOptions(TestCertificates.ec.credentials).provider(TlsProvider.CONSCRYPT).build()
                val collector = Collector(onOpen = { it.writeUtf8("go on\n") })
                val server = world.listen(tls) { collector }
                earlyData(ticketOfAnother(), server.port()).use {
                    it.awaitOutput("Early data was rejected")
                    it.awaitOutput("go on\n")
                    it.say("later\n")
                    String(collector.awaitBytes(6)) shouldBe "later\n"
                    it.finish() shouldBe 0
                }
            }
        }

        tlsTest("a ticket of ours allows no early data") {
            withTls { world ->
                val server = world.listen(world.serverOptions(TestCertificates.ec.credentials).build()) { echo }
                val session = TestCertificates.folder.resolve("no-early-data")
                Program(client(server.port()) + listOf("-sess_out", "$session")).use {
                    it.say("x\n")
                    it.awaitOutput("\nx\n")
                    it.finish() shouldBe 0
                }
                TestCertificates.openssl("sess_id", "-in", "$session", "-noout", "-text") shouldContain
                    "Max Early Data: 0"
            }
        }
    })

// The JDK says it in the machine's time zone.
private val EXPIRED =
    "NotAfter: ${Date.from(Instant.parse("2020-02-01T00:00:00Z"))}.\n" +
        "  Likely cause: the peer's certificate has run out; it must be renewed there. Or this machine's clock is wrong."

private fun javax.net.ssl.SSLServerSocket.onlyFor(name: String) {
    sslParameters = sslParameters.apply { sniMatchers = listOf(SNIHostName.createSNIMatcher(Regex.escape(name))) }
}

private fun TlsWorld.refusalOf(
    own: Signed,
    provider: TlsProvider,
): String =
    JdkServer(own, serve = { it.startHandshake() }).use { server ->
        val options = clientOptions().provider(provider).build()
        shouldThrow<TlsHandshakeException> { connect(server.port, options, Collector()).inTime() }.message!!
    }

private fun client(port: Int): List<String> =
    listOf("openssl", "s_client", "-connect", "127.0.0.1:$port", "-tls1_3", "-servername", "localhost")

/** A session of OpenSSL's server, whose tickets allow early data. */
private fun ticketOfAnother(): Path {
    val session = Files.createTempFile(TestCertificates.folder, "early-data", ".pem")
    val port = ServerSocket(0).use { it.localPort }
    val own = listOf("-cert", "${TestCertificates.ec.chain}", "-key", "${TestCertificates.ec.key}")
    val server = listOf("openssl", "s_server", "-accept", "127.0.0.1:$port", "-tls1_3", "-early_data") + own
    Program(server).use { other ->
        other.awaitOutput("ACCEPT")
        Program(client(port) + listOf("-sess_out", "$session")).use {
            // Behind the tickets, and more than OpenSSL keeps in a buffer.
            other.say("behind the tickets\n")
            it.awaitOutput("behind the tickets")
            check(it.finish() == 0) { it.output }
        }
    }
    return session
}

private fun earlyData(
    session: Path,
    port: Int,
): Program {
    val early = TestCertificates.folder.resolve("early").apply { writeText("buy at any price\n") }
    return Program(client(port) + listOf("-sess_in", "$session", "-early_data", "$early"))
}

package dev.uring.tls

import dev.uring.testing.Program
import dev.uring.testing.TestCertificates
import dev.uring.testing.await
import dev.uring.testing.call
import dev.uring.testing.tlsTest
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import java.net.ServerSocket
import kotlin.io.path.readText

/** Peers that share no line with the JDK's TLS: OpenSSL's client and server, and curl. */
class TlsProgramsKernelTest :
    FunSpec({
        for (version in listOf("-tls1_3", "-tls1_2")) {
            tlsTest("openssl s_client $version verifies the server, is echoed, and resumes its session") {
                withTls { world ->
                    val server = world.listen(world.serverOptions(TestCertificates.ec.credentials).build()) { echo }
                    val ticket = TestCertificates.folder.resolve("session$version")
                    val common =
                        listOf(
                            "openssl",
                            "s_client",
                            "-connect",
                            "127.0.0.1:${server.port()}",
                            version,
                            "-CAfile",
                            "${TestCertificates.authority}",
                            "-verify_return_error",
                            "-verify_hostname",
                            "localhost",
                            "-servername",
                            "localhost",
                            "-alpn",
                            "h2",
                        )
                    Program(common + listOf("-sess_out", "$ticket")).use {
                        it.say("hello\n")
                        it.awaitOutput("\nhello\n")
                        it.awaitOutput("Verify return code: 0 (ok)")
                        it.output shouldContain "New, TLS"
                        // The session is written when its ticket has come, which is in front of the echo.
                        it.finish() shouldBe 0
                    }
                    Program(common + listOf("-sess_in", "$ticket")).use {
                        it.say("again\n")
                        it.awaitOutput("\nagain\n")
                        it.output shouldContain "Reused, TLS"
                        it.finish() shouldBe 0
                    }
                }
            }

            tlsTest("our client talks to openssl s_server $version") {
                val port = ServerSocket(0).use { it.localPort }
                Program(
                    listOf(
                        "openssl",
                        "s_server",
                        "-accept",
                        "127.0.0.1:$port",
                        version,
                        "-rev",
                        "-quiet",
                        "-cert",
                        "${TestCertificates.ec.chain}",
                        "-key",
                        "${TestCertificates.ec.key}",
                    ),
                ).use {
                    withTls { world ->
                        val collector = Collector()
                        var connection =
                            runCatching { world.connect(port, clientOptions().build(), collector).inTime() }
                        await({ "s_server does not accept: $connection" }) {
                            if (connection.isFailure) {
                                connection =
                                    runCatching { world.connect(port, clientOptions().build(), collector).inTime() }
                            }
                            connection.isSuccess
                        }
                        connection.getOrThrow().call { writeUtf8("drawer\n") }
                        String(collector.awaitBytes(7)) shouldBe "reward\n"
                        connection.getOrThrow().call { close() }
                        collector.awaitClosed() shouldBe null
                    }
                }
            }
        }

        tlsTest("openssl s_client asks for a renegotiation and is refused") {
            withTls { world ->
                val collector = Collector()
                val server = world.listen(world.serverOptions(TestCertificates.ec.credentials).build()) { collector }
                Program(
                    listOf(
                        "openssl",
                        "s_client",
                        "-connect",
                        "127.0.0.1:${server.port()}",
                        "-tls1_2",
                        "-legacy_renegotiation",
                    ),
                ).use {
                    it.awaitOutput("Verify return code")
                    it.say("R\n")
                    // A fatal alert and not an end in order: scanners tell the one from the other.
                    it.finish() shouldBe 1
                    collector.awaitClosed()!!.message!! shouldContain "renegotiation, which is refused"
                }
            }
        }

        tlsTest("curl fetches over TLS with ALPN, and believes the certificate") {
            withTls { world ->
                val tls =
                    world.serverOptions(TestCertificates.rsa.credentials).applicationProtocols("http/1.1").build()
                val body = "x".repeat(100_000)
                val server =
                    world.listen(tls) {
                        dev.uring.net.ConnectionHandler { connection, bytes ->
                            if (bytes.toUtf8().endsWith("\r\n\r\n")) {
                                connection.writeUtf8("HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n$body")
                                bytes.size()
                            } else {
                                0
                            }
                        }
                    }
                val files = listOf("curl-one", "curl-two").map(TestCertificates.folder::resolve)
                Program(
                    listOf(
                        "curl",
                        "-sSv",
                        "--http1.1",
                        "--cacert",
                        "${TestCertificates.authority}",
                        "-o",
                        "${files[0]}",
                        "https://127.0.0.1:${server.port()}/one",
                        "-o",
                        "${files[1]}",
                        "https://127.0.0.1:${server.port()}/two",
                    ),
                ).use {
                    it.finish() shouldBe 0
                    it.output shouldContain "SSL certificate verify ok"
                    files.forEach { file -> file.readText() shouldBe body }
                }
            }
        }
    })

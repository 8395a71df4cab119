package dev.uring.tls

import dev.uring.testing.PATIENCE_SECONDS
import dev.uring.testing.Program
import dev.uring.testing.Signed
import dev.uring.testing.TestCertificates
import dev.uring.testing.await
import dev.uring.testing.call
import dev.uring.testing.tlsTest
import io.kotest.core.spec.style.FunSpec
import io.kotest.core.test.Enabled
import io.kotest.core.test.TestScope
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import java.nio.file.Files
import java.nio.file.Path
import java.util.concurrent.TimeUnit

private val PROTOCOLS = listOf("1.3", "1.2")
private val PROVIDERS = listOf(TlsProvider.JDK, TlsProvider.CONSCRYPT)

/** Go's TLS is a third one beside the JDK's and BoringSSL, and pickier: what an RFC forbids is an error to it. */
class TlsGoKernelTest :
    FunSpec({
        for (provider in PROVIDERS) {
            for (protocol in PROTOCOLS) {
                goTest("Go's client is echoed, hears our farewell and resumes, over $protocol with $provider") {
                    withTls { world ->
                        val tls =
                            world
                                .serverOptions(TestCertificates.ec.credentials)
                                .applicationProtocols("echo")
                                .provider(provider)
                        val server = world.listen(tls.build()) { echo }
                        val common = goPeer("client", "-version", protocol, "-alpn", "echo", "-count", "3")
                        Program(common + listOf("-address", "127.0.0.1:${server.port()}", "-seed", "$SEED")).use {
                            val status = it.finish()
                            // Over TLS 1.2 Go asks for no extended master secret, without which the JDK resumes nothing.
                            val resumes = protocol == "1.3" || provider == TlsProvider.CONSCRYPT
                            it.output shouldBe "ok resumed=false\n" + "ok resumed=$resumes\n".repeat(2)
                            status shouldBe 0
                        }
                    }
                }

                goTest(
                    "our client is echoed by Go's server, hears its farewell, and resumes, over $protocol with $provider",
                ) {
                    GoServer("-version", protocol).use { go ->
                        withTls { world ->
                            val own = TestCertificates.client.credentials
                            val options = clientOptions().provider(provider).credentials(own).build()
                            val resumes = protocol == "1.3" || provider == TlsProvider.CONSCRYPT
                            for (isResumed in listOf(false, resumes)) {
                                val collector = Collector()
                                val connection = world.connect(go.port, options, collector).inTime()
                                val sent = ByteArray(100_000) { (it * 31).toByte() }
                                connection.call { write(sent) }
                                collector.awaitBytes(sent.size).contentEquals(sent) shouldBe true
                                connection.call { shutdownOutput() }
                                collector.awaitClosed() shouldBe null
                                go.program.awaitOutput("ended err=<nil> bytes=100000 resumed=$isResumed peers=client\n")
                            }
                        }
                    }
                }
            }

            goTest("a server of Go's that wants another curve than was offered gets a second hello, with $provider") {
                GoServer("-curve", "P384").use { go ->
                    withTls { world ->
                        val collector = Collector()
                        val options = clientOptions().provider(provider).build()
                        val connection = world.connect(go.port, options, collector).inTime()
                        connection.call { writeUtf8("curved") }
                        String(collector.awaitBytes(6)) shouldBe "curved"
                        connection.call { close() }
                        collector.awaitClosed() shouldBe null
                    }
                }
            }
        }

        for (curve in listOf("X25519", "P256", "P521")) {
            goTest("a client of Go's with curve $curve alone is served") {
                withTls { world ->
                    val server = world.listen(world.serverOptions(TestCertificates.ec.credentials).build()) { echo }
                    Program(goPeer("client", "-curve", curve, "-address", "127.0.0.1:${server.port()}")).use {
                        val status = it.finish()
                        it.output shouldBe "ok resumed=false\n"
                        status shouldBe 0
                    }
                }
            }
        }

        val refusals =
            mapOf(
                "an expired certificate" to ({ TestCertificates.expired } to "certificate has expired"),
                "a certificate for another host" to ({ TestCertificates.otherHost } to "not localhost"),
            )
        for ((name, case) in refusals) {
            goTest("$name is refused by Go's client, and our server says what the client said") {
                withTls { world ->
                    val own: Signed = case.first()
                    val server = world.listen(world.serverOptions(own.credentials).build()) { echo }
                    Program(goPeer("client", "-address", "127.0.0.1:${server.port()}")).use {
                        it.finish() shouldBe 1
                        it.output shouldContain case.second
                    }
                    world.handshakeFailure().message!! shouldContain "fatal alert: bad_certificate"
                }
            }
        }
    })

private val SEED = System.getProperty("uring.test.seed")?.toLong() ?: (System.nanoTime() % 1_000_000)

private fun goPeer(
    mode: String,
    vararg arguments: String,
): List<String> = listOf("${peer.getOrThrow()}", mode, "-ca", "${TestCertificates.authority}") + arguments

private class GoServer(
    vararg arguments: String,
) : AutoCloseable {
    val program =
        Program(
            goPeer("server", "-cert", "${TestCertificates.ec.chain}", "-key", "${TestCertificates.ec.key}", *arguments),
        )

    val port: Int by lazy {
        await({ "Go's server does not start: ${program.output}" }) { PORT.containsMatchIn(program.output) }
        PORT.find(program.output)!!.groupValues[1].toInt()
    }

    override fun close() = program.close()

    private companion object {
        val PORT = Regex("port (\\d+)\n")
    }
}

/** The peer as a program, compiled once, or why there is none. */
private val peer: Result<Path> by lazy {
    runCatching {
        val source = TestCertificates.folder.resolve("main.go")
        GoServer::class.java.getResourceAsStream("/go-tls-peer/main.go")!!.use { Files.copy(it, source) }
        val program = TestCertificates.folder.resolve("go-tls-peer")
        val builder = ProcessBuilder("go", "build", "-o", "$program", "$source").redirectErrorStream(true)
        // One file and the standard library: nothing is fetched, and nothing of the user's settings counts.
        val offline = mapOf("GO111MODULE" to "off", "GOPROXY" to "off", "GOTOOLCHAIN" to "local", "CGO_ENABLED" to "0")
        builder.environment() += offline
        builder.environment() += "GOCACHE" to "${TestCertificates.folder.resolve("go-cache")}"
        val build = builder.start()
        build.outputStream.close()
        val output = build.inputStream.readAllBytes().decodeToString()
        check(build.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS) && build.exitValue() == 0) { "go build: $output" }
        program
    }
}

private val hasGo by lazy { runCatching { ProcessBuilder("go", "version").start().waitFor() == 0 }.getOrDefault(false) }

private fun FunSpec.goTest(
    name: String,
    body: suspend TestScope.() -> Unit,
) = if (hasGo || System.getenv("CI") == "true") {
    tlsTest(name) {
        println("seed=$SEED; again with: -During.test.seed=$SEED")
        body()
    }
} else {
    test(name).config(enabledOrReasonIf = { Enabled.disabled("no go here: Debian has it in the package golang-go") }) {}
}

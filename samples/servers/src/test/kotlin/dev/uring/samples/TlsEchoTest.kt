package dev.uring.samples

import io.kotest.core.spec.style.FunSpec
import io.kotest.core.test.Enabled
import io.kotest.engine.spec.tempdir
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldStartWith
import java.net.Socket
import java.security.cert.X509Certificate
import java.util.concurrent.CompletableFuture
import java.util.concurrent.TimeUnit
import javax.net.ssl.SSLContext
import javax.net.ssl.SSLSocket
import javax.net.ssl.X509TrustManager

class TlsEchoTest :
    FunSpec({
        test("the server in Kotlin says what was agreed on and sends every line back") {
            ServerProcess("dev.uring.samples.TlsEchoKt").use { server ->
                server.connect().overTls().use { socket ->
                    val reader = socket.inputStream.bufferedReader()
                    reader.readLine() shouldBe "TLSv1.3 TLS_AES_128_GCM_SHA256"
                    socket.outputStream.write("hello\n".toByteArray())
                    reader.readLine() shouldBe "hello"
                }
                server.terminate()
            }
        }

        val needsOpenssl = Enabled.disabled("openssl is not installed").takeUnless { hasOpenssl || isCi }
        test("openssl s_client believes the server's own certificate, reads what was agreed on and is echoed").config(
            enabledOrReasonIf = { needsOpenssl ?: Enabled.enabled },
        ) {
            val folder = tempdir().toPath()
            val certificate = "${folder.resolve("certificate.pem")}"
            val key = "${folder.resolve("key.pem")}"
            val request = listOf("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
            val names = listOf("-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-days", "2")
            val made = openssl(request + names + listOf("-out", certificate, "-keyout", key))
            made.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS) shouldBe true
            ServerProcess("dev.uring.samples.TlsEchoKt", certificate, key).use { server ->
                val verified = listOf("-CAfile", certificate, "-verify_return_error", "-verify_hostname", "localhost")
                val address = listOf("-connect", "127.0.0.1:${server.port}", "-servername", "localhost")
                val client = openssl(listOf("s_client", "-quiet", "-no_ign_eof") + address + verified)
                try {
                    client.nextLine()!! shouldStartWith "TLSv1.3 TLS_AES_"
                    client.outputWriter().apply { write("hello\n") }.flush()
                    client.nextLine() shouldBe "hello"
                    client.outputStream.close()
                    client.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS) shouldBe true
                    client.exitValue() shouldBe 0
                } finally {
                    client.destroyForcibly()
                }
                server.terminate()
            }
        }

        test("the server in Java sends every byte back") {
            ServerProcess("dev.uring.samples.TlsEchoInJava").use { server ->
                server.connect().overTls().use { socket ->
                    socket.outputStream.write("hello\n".toByteArray())
                    socket.shutdownOutput()
                    socket.inputStream.readAllBytes().decodeToString() shouldBe "hello\n"
                }
                server.terminate()
            }
        }
    })

private const val PATIENCE_SECONDS = 30L

private val isCi = System.getenv("CI") == "true"

private val hasOpenssl by lazy { runCatching { openssl(listOf("version")).waitFor() == 0 }.getOrDefault(false) }

private fun openssl(arguments: List<String>): Process =
    ProcessBuilder(listOf("openssl") + arguments).redirectError(ProcessBuilder.Redirect.DISCARD).start()

private fun Process.nextLine(): String? =
    CompletableFuture.supplyAsync { inputReader().readLine() }.get(PATIENCE_SECONDS, TimeUnit.SECONDS)

/** Whoever the server is: its certificate is one that it has made for itself. */
private fun Socket.overTls(): SSLSocket {
    val anybody =
        object : X509TrustManager {
            override fun checkClientTrusted(
                chain: Array<X509Certificate>,
                authType: String,
            ) = Unit

            override fun checkServerTrusted(
                chain: Array<X509Certificate>,
                authType: String,
            ) = Unit

            override fun getAcceptedIssuers(): Array<X509Certificate> = emptyArray()
        }
    val context = SSLContext.getInstance("TLS").apply { init(null, arrayOf(anybody), null) }
    return context.socketFactory.createSocket(this, "localhost", port, true) as SSLSocket
}

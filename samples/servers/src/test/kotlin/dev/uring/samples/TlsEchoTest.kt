package dev.uring.samples

import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import java.net.Socket
import java.security.cert.X509Certificate
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

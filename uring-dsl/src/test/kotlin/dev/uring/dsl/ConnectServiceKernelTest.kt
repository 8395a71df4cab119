package dev.uring.dsl

import dev.uring.base.ConfigException
import dev.uring.base.ConnectFailedException
import dev.uring.dns.AskedQuestion
import dev.uring.dns.NameResolutionException
import dev.uring.dns.service
import dev.uring.dns.withFakeDns
import dev.uring.tls.TlsClientOptions
import dev.uring.tls.TlsCredentials
import dev.uring.tls.TlsServerOptions
import dev.uring.tls.TlsTrust
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.string.shouldStartWith
import java.net.InetAddress
import java.net.ServerSocket
import kotlin.time.Duration

private const val SERVICE = "_echo._tcp.example.test"

class ConnectServiceKernelTest :
    FunSpec({
        // A port on which nobody listens.
        fun closedPort() = ServerSocket(0, 1, InetAddress.getLoopbackAddress()).use { it.localPort }

        fun AskedQuestion.reply(vararg places: Pair<String, Int>): List<ByteArray> =
            when {
                type == "SRV" -> {
                    val records = places.mapIndexed { at, (host, port) -> service(SERVICE, host, port, priority = at) }
                    listOf(answer(*records.toTypedArray()))
                }

                name.startsWith("gone") -> {
                    listOf(noSuchName(60))
                }

                else -> {
                    listOf(addresses("127.0.0.1"))
                }
            }

        driverTest("the places are tried in their order until one answers") {
            var places = emptyArray<Pair<String, Int>>()
            withFakeDns({ it.reply(*places) }) { dns ->
                val first = tcp("127.0.0.1:0") { conn -> conn.send("first\n") }
                val second = tcp("127.0.0.1:0") { conn -> conn.send("second\n") }
                val last = "c.test" to first.port
                places = arrayOf("gone.test" to first.port, "a.test" to closedPort(), "b.test" to second.port, last)
                connectService(SERVICE) { it.readLine() } shouldBe "second"
                dns.asked.map { it.name }.toSet() shouldBe setOf(SERVICE, "gone.test", "a.test", "b.test")
                shutdown()
            }
        }

        driverTest("when none answers the error has every place and its reason") {
            var port = 0
            withFakeDns({ it.reply("gone.test" to 1, "a.test" to port) }) {
                // Chosen when the name server has its own.
                port = closedPort()
                val failure = shouldThrow<ConnectFailedException> { connectService(SERVICE) { } }
                failure.message!! shouldStartWith
                    "cannot connect to service $SERVICE in any of 2 places\n  gone.test:1: cannot"
                failure.message!! shouldContain "\n  a.test:$port: a.test:$port: cannot connect to any of 1 addresses"
                failure.errno() shouldBe ECONNREFUSED
            }
        }

        driverTest("what the block throws is thrown, and no other place is tried") {
            var port = 0
            withFakeDns({ it.reply("a.test" to port, "b.test" to port) }) {
                var connections = 0
                val server =
                    tcp("127.0.0.1:0") { conn ->
                        connections++
                        conn.send("hello\n")
                    }
                port = server.port
                val own = ConnectFailedException("the block's own", 7)
                shouldThrow<ConnectFailedException> {
                    connectService(SERVICE) {
                        it.readLine()
                        throw own
                    }
                }.errno() shouldBe 7
                connections shouldBe 1
                shutdown()
            }
        }

        driverTest("over TLS the certificate has to have the service's domain, or the name that the options say") {
            val credentials = TlsCredentials.selfSigned("example.test")
            val trusting = TlsClientOptions.builder().trust(TlsTrust.certificates(credentials.certificate())).build()
            var port = 0
            withFakeDns({ it.reply("host.elsewhere.test" to port) }) {
                val server =
                    tcp("127.0.0.1:0", onError = { _, _ -> }, tls = TlsServerOptions.of(credentials)) { conn ->
                        conn.send(conn.tlsInfo!!.serverName.orElse("nobody") + "\n")
                    }
                port = server.port
                connectService(SERVICE, tls = trusting) { it.readLine() } shouldBe "example.test"
                val elsewhere = trusting.toBuilder().serverName("host.elsewhere.test").build()
                val refusal = shouldThrow<ConnectFailedException> { connectService(SERVICE, tls = elsewhere) { } }
                refusal.message!! shouldContain
                    "No subject alternative DNS name matching host.elsewhere.test found"
                shutdown()
            }
        }

        driverTest("a service that is not there, and a name that is none's, are refused") {
            withFakeDns({ listOf(it.noSuchName(60)) }) { dns ->
                shouldThrow<NameResolutionException> { connectService(SERVICE) { } }.name shouldBe SERVICE
                val asked = dns.asked.size
                for (name in listOf("example.test", "_echo._tcp", "_echo._tcp.", "_._tcp.example.test")) {
                    shouldThrow<ConfigException> { connectService(name) { } }.message shouldBe
                        "'$name' is no service's name, such as _redis._tcp.example.org"
                }
                shouldThrow<IllegalArgumentException> { connectService(SERVICE, Duration.ZERO) { } }
                dns.asked.size shouldBe asked
            }
        }
    })

private const val ECONNREFUSED = 111

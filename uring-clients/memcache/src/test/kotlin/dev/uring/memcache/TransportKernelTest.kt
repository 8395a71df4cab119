package dev.uring.memcache

import dev.uring.memcache.codec.Transcoder
import dev.uring.tls.TlsClientOptions
import dev.uring.tls.TlsTrust
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import kotlinx.coroutines.joinAll
import kotlinx.coroutines.launch
import java.nio.file.Files
import java.nio.file.Path
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds

/** TLS, UDP and JSON, against the real server. */
class TransportKernelTest :
    FunSpec({
        needsMemcached()

        test("TLS is spoken with a server that wants it, and another authority's server is refused") {
            val folder = Files.createTempDirectory("uring-memcached-tls")
            certificate(folder)
            val options = "ssl_chain_cert=$folder/cert.pem,ssl_key=$folder/key.pem"
            RealMemcached("-Z", "-o", options, isTcp = true).use { real ->
                val trusting = TlsClientOptions.builder().trust(TlsTrust.pem(folder.resolve("cert.pem"))).build()
                withClient(real, configure = { copy(tls = trusting) }) { client ->
                    List(20) { n ->
                        launch {
                            client.set("tls$n", "$n".repeat(10_000))
                            client.get("tls$n") shouldBe "$n".repeat(10_000)
                        }
                    }.joinAll()
                    client.getAll(List(20) { "tls$it" }).size shouldBe 20
                }
                shouldThrow<MemcacheConnectionException> {
                    withClient(real, configure = { copy(tls = TlsClientOptions.defaults()) }) { }
                }.message shouldContain "certificate"
            }
            folder.toFile().deleteRecursively()
        }

        test("values are read over UDP, also those of many datagrams") {
            RealMemcached(isTcp = true, isUdp = true).use { real ->
                withUring {
                    memcache("127.0.0.1:${real.port}").use { client ->
                        client.set("small", "v")
                        client.set("large", "0123456789".repeat(3_000))
                    }
                    memcacheUdp("127.0.0.1", real.port, Transcoder.UTF8, 20.seconds) { udp ->
                        udp.get("small") shouldBe "v"
                        udp.get("none") shouldBe null
                        udp.get("large") shouldBe "0123456789".repeat(3_000)
                        repeat(100) { udp.get("small") shouldBe "v" }
                    }
                    real.signal("STOP")
                    memcacheUdp("127.0.0.1", real.port, Transcoder.UTF8, 100.milliseconds) { udp ->
                        shouldThrow<MemcacheTimeoutException> { udp.get("small") }.message shouldContain "over UDP"
                    }
                }
            }
        }

        test("values of a type are stored as JSON") {
            RealMemcached().use { real ->
                withClient(real) { client ->
                    val maps = client.withTranscoder(json<Map<String, List<Int>>>())
                    maps.set("json", mapOf("a" to listOf(1, 2)))
                    maps.get("json") shouldBe mapOf("a" to listOf(1, 2))
                    client.get("json") shouldBe """{"a":[1,2]}"""
                    client.set("json", "no json")
                    shouldThrow<kotlinx.serialization.SerializationException> { maps.get("json") }
                    client.get("json") shouldBe "no json"
                }
            }
        }
    })

private fun certificate(folder: Path) {
    val command =
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 1 -subj /CN=localhost " +
            "-addext subjectAltName=IP:127.0.0.1,DNS:localhost -keyout $folder/key.pem -out $folder/cert.pem"
    val process = ProcessBuilder(command.split(' ')).redirectErrorStream(true).start()
    val output = process.inputReader().readText()
    check(process.waitFor() == 0) { "$command: $output" }
}

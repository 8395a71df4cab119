package dev.uring.redis

import dev.uring.base.ConfigException
import dev.uring.dns.ResolverConfig
import dev.uring.dsl.uring
import dev.uring.redis.RedisCertificates.serverOptions
import dev.uring.redis.commands.clientGetName
import dev.uring.redis.commands.freePort
import dev.uring.redis.commands.get
import dev.uring.redis.commands.set
import dev.uring.tls.TlsClientOptions
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import kotlinx.coroutines.async
import kotlinx.coroutines.awaitAll
import kotlinx.coroutines.runBlocking
import java.nio.file.Files
import kotlin.io.path.writeText
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds

/** Ways to a server: TLS, names, users, protocols. */
class RedisConnectKernelTest :
    FunSpec({
        needsRedis()

        val tlsPort = freePort()
        val tlsServer = lazy { RealRedis(*serverOptions(tlsPort)) }
        val tls by tlsServer
        afterSpec { if (tlsServer.isInitialized()) tls.close() }

        test("a server with TLS is spoken to by many coroutines, and values larger than a record come back whole") {
            tls.pid
            // Made before: they are read from files, which a worker must not do.
            val trusting = RedisCertificates.trusting
            withUring(workers = 2) {
                redis("rediss://127.0.0.1:$tlsPort/1") { copy(tls = trusting) }.use { client ->
                    (client.cmd("CLIENT", "INFO") as String) shouldContain " db=1 "
                    List(500) { n -> async { client.echoed("$n") } }.awaitAll() shouldBe List(500) { "$it" }
                    val large = "0123456789abcdef".repeat(20_000)
                    client.set("large", large)
                    client.get("large") shouldBe large
                    tls.admin("CLIENT KILL TYPE normal SKIPME yes")
                    eventually({ "the loss is noticed" }) { client.snapshot().connectionsLost == 1L }
                    client.echoed("again") shouldBe "again"
                }
            }
        }

        test("a server whose certificate nobody trusts, or that has another name, is refused with the cause") {
            tls.pid
            val trusting = RedisCertificates.trusting
            val otherName = trusting.toBuilder().serverName("other.test").build()
            TlsClientOptions.defaults()
            withUring {
                val untrusted = shouldThrow<RedisConnectionException> { redis("rediss://127.0.0.1:$tlsPort") }
                untrusted.message!! shouldContain "certificate"
                shouldThrow<RedisConnectionException> {
                    redis("rediss://127.0.0.1:$tlsPort") { copy(tls = otherName) }
                }.message!! shouldContain "other.test"
            }
        }

        test("a server that asks for the client's certificate gets it, and refuses who has none") {
            val port = freePort()
            RealRedis(*serverOptions(port, asksClients = true)).use {
                val (with, without) = RedisCertificates.withCertificate to RedisCertificates.trusting
                withUring {
                    redis("rediss://127.0.0.1:$port") { copy(tls = with) }.use { it.echoed("known") shouldBe "known" }
                    shouldThrow<RedisConnectionException> { redis("rediss://127.0.0.1:$port") { copy(tls = without) } }
                }
            }
        }

        test("TLS to a server without it fails within the time for a connection") {
            RealRedis(isTcp = true).use { plain ->
                val trusting = RedisCertificates.trusting
                withUring {
                    shouldThrow<RedisConnectionException> {
                        redis("rediss://127.0.0.1:${plain.port}") { copy(tls = trusting, connectTimeout = 2.seconds) }
                    }
                }
            }
        }

        test("a name is looked up anew at each reconnect, and a certificate is checked against the name") {
            val hosts = Files.createTempFile("uring-redis", ".hosts")
            val port = freePort()
            hosts.writeText("127.0.0.1 redis.test\n")
            val names =
                ResolverConfig
                    .builder()
                    .hostsFile(hosts)
                    .filesCheckInterval(1.milliseconds)
                    .build()
            val trusting = RedisCertificates.trusting
            val first = RealRedis("--bind", "127.0.0.1", *serverOptions(port))
            val second = RealRedis("--bind", "127.0.0.2", *serverOptions(port))
            try {
                first.admin("SET who first")
                second.admin("SET who second")
                runBlocking {
                    uring({ workersCount(1).pinWorkers(false) }, resolver = names) {
                        redis("rediss://redis.test:$port") { copy(tls = trusting) }.use { client ->
                            client.get("who") shouldBe "first"
                            hosts.writeText("127.0.0.2 redis.test\n")
                            first.kill()
                            eventually({ "the name leads to the other server" }) {
                                runCatching { client.get("who") }.getOrNull() == "second"
                            }
                        }
                        val unknown = shouldThrow<RedisConnectionException> { redis("redis://nobody.test:$port") }
                        unknown.message!! shouldContain "nobody.test"
                    }
                }
            } finally {
                first.close()
                second.close()
                Files.delete(hosts)
            }
        }

        test("settings of a URL reach the server: user, database, name, protocol") {
            RealRedis(isTcp = true).use { guarded ->
                guarded.admin("ACL SETUSER ann on >p:w ~* &* +@all") shouldBe "+OK"
                guarded.admin("ACL SETUSER reader on >r ~* &* +@read +@connection") shouldBe "+OK"
                guarded.admin("ACL SETUSER default off") shouldBe "+OK"
                val place = "127.0.0.1:${guarded.port}"
                withUring {
                    for (protocol in 2..3) {
                        redis("redis://ann:p%3Aw@$place/0?db=4&client_name=n$protocol&protocol=$protocol").use {
                            it.clientGetName() shouldBe "n$protocol"
                            val info = it.cmd("CLIENT", "INFO") as String
                            info shouldContain " db=4 "
                            info shouldContain " resp=$protocol"
                            it.set("greeting", "hello $protocol")
                            it.get("greeting") shouldBe "hello $protocol"
                        }
                    }
                    redis("redis://reader:r@$place/4").use { reader ->
                        reader.get("greeting") shouldBe "hello 3"
                        shouldThrow<RedisException> { reader.set("greeting", "x") }.code shouldBe "NOPERM"
                    }
                    redis("unix://ann:p%3Aw@${guarded.url.removePrefix("unix:")}?db=4").use {
                        it.get("greeting") shouldBe "hello 3"
                    }
                    shouldThrow<RedisException> { redis("redis://$place") }.code shouldBe "NOAUTH"
                    shouldThrow<ConfigException> { redis("redis://$place?nothing=1") }
                }
            }
        }
    })

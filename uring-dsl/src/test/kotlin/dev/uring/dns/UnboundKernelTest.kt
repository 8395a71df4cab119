package dev.uring.dns

import dev.uring.dns.NameResolutionException.Kind
import dev.uring.dsl.driverTest
import dev.uring.dsl.newSeed
import dev.uring.dsl.testUring
import dev.uring.tls.TlsClientOptions
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.ints.shouldBeGreaterThan
import io.kotest.matchers.longs.shouldBeGreaterThan
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import kotlinx.coroutines.async
import kotlinx.coroutines.awaitAll
import kotlin.time.Duration.Companion.milliseconds

private const val NAME = "dns.test"
private const val MANY = 200

/** Against a second real name server, which shares no line with dnsmasq and speaks TLS. */
class UnboundKernelTest :
    FunSpec({
        val key by lazy { OwnKey(NAME) }
        val program =
            lazy {
                Unbound(
                    key,
                    "host.test. 60 IN A 10.0.0.1",
                    "host.test. 60 IN AAAA 2001:db8::1",
                    "www.test. 60 IN CNAME host.test.",
                    "_redis._tcp.test. 60 IN SRV 1 10 7001 a.test.",
                    "_redis._tcp.test. 60 IN SRV 2 10 7002 b.test.",
                    *Array(MANY) { "host$it.test. 60 IN A 10.1.0.$it" },
                    *Array(MANY) { "many.test. 60 IN A 10.2.0.$it" },
                )
            }
        afterSpec { if (program.isInitialized()) program.value.close() }

        fun realTest(
            name: String,
            block: suspend (Unbound) -> Unit,
        ) = driverTest(name, needs = { Unbound.enabled }) { block(program.value) }

        fun strict(server: Unbound): DnsOverTls {
            val trusting = TlsClientOptions.builder().trust(key.trust).build()
            return DnsOverTls.strict(NAME, trusting, server.tlsPort)
        }

        for (how in listOf("in clear text", "over TLS")) {
            realTest("addresses and services are found, and what is not there is not, $how") { server ->
                val profile = if (how == "over TLS") strict(server) else null
                testUring(resolver = asking(server.address) { overTls(profile) }) {
                    resolver.texts("host.test") shouldBe listOf("2001:db8:0:0:0:0:0:1", "10.0.0.1")
                    resolver.services("_redis._tcp.test") shouldBe
                        listOf(ServiceRecord("a.test", 7001, 1, 10), ServiceRecord("b.test", 7002, 2, 10))
                    resolver.refusal("nowhere.test").kind shouldBe Kind.NOT_FOUND
                    resolver.refusal("somewhere.else.").message!! shouldContain "REFUSED"
                    resolver.stats().ignoredAnswers shouldBe 0
                    resolver.stats().timeouts shouldBe 0
                    resolver.stats().tlsConnections shouldBe (if (profile == null) 0 else 1)
                }
            }
        }

        realTest("an answer of $MANY addresses is truncated and comes over TCP, and over TLS is not") { server ->
            testUring(resolver = asking(server.address)) {
                resolver.resolve("many.test", AddressFamily.IPV4).size shouldBe ResolverConfig.RECORDS_MAX
                resolver.stats().truncated shouldBe 1
            }
            testUring(resolver = asking(server.address) { overTls(strict(server)) }) {
                resolver.resolve("many.test", AddressFamily.IPV4).size shouldBe ResolverConfig.RECORDS_MAX
                resolver.stats().truncated shouldBe 0
            }
        }

        realTest("hundreds of questions at a time over TLS share one connection") { server ->
            testUring(resolver = asking(server.address) { overTls(strict(server)) }) {
                val found =
                    (0 until MANY)
                        .map {
                            async {
                                resolver.texts(
                                    "host$it.test",
                                    AddressFamily.IPV4,
                                )
                            }
                        }.awaitAll()
                found shouldBe (0 until MANY).map { listOf("10.1.0.$it") }
                resolver.stats().tlsConnections shouldBe 1
            }
        }

        realTest("on a path that loses every fifth datagram all names are found, with repetition") { server ->
            val seed = newSeed()
            LossyPath(server.address, seed).use { path ->
                // A question is lost, or its answer, 9 times in 25; 15 times in a row it is not.
                val config =
                    asking(path.address, path.address, path.address) { attempts(5).timeout(250.milliseconds) }
                testUring(resolver = config) {
                    val found =
                        (0 until 40)
                            .map {
                                async {
                                    resolver.texts(
                                        "host$it.test",
                                        AddressFamily.IPV4,
                                    )
                                }
                            }.awaitAll()
                    found shouldBe (0 until 40).map { listOf("10.1.0.$it") }
                    resolver.stats().timeouts shouldBeGreaterThan 0L
                    path.lostCount shouldBeGreaterThan 0
                }
            }
        }
    })

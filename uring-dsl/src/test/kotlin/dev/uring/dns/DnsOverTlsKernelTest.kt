package dev.uring.dns

import dev.uring.base.ConfigException
import dev.uring.dns.NameResolutionException.Kind
import dev.uring.dsl.UringScope
import dev.uring.dsl.driverTest
import dev.uring.dsl.testUring
import dev.uring.tls.TlsClientOptions
import io.kotest.assertions.nondeterministic.eventually
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldBeEmpty
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import kotlinx.coroutines.async
import kotlinx.coroutines.awaitAll
import java.net.InetAddress
import java.net.InetSocketAddress
import java.net.ServerSocket
import java.net.SocketTimeoutException
import java.util.concurrent.ConcurrentLinkedQueue
import kotlin.time.Duration.Companion.seconds

private const val NAME = "dns.test"

/** Questions over TLS: one connection for all, nothing in clear text where the profile is strict. */
class DnsOverTlsKernelTest :
    FunSpec({
        val key by lazy { OwnKey(NAME) }
        val trusting by lazy { TlsClientOptions.builder().trust(key.trust).build() }

        // The server in clear text is there too, and says something else: who listens to it is found out.
        suspend fun withServers(
            reply: FakeTlsDnsServer.Session.(AskedQuestion) -> List<ByteArray>,
            profile: (FakeTlsDnsServer) -> DnsOverTls = { DnsOverTls.strict(NAME, trusting, it.port) },
            change: ResolverConfig.Builder.() -> Unit = {},
            block: suspend UringScope.(tls: FakeTlsDnsServer, clear: FakeDnsServer) -> Unit,
        ) {
            FakeTlsDnsServer(key, reply).use { tls ->
                withFakeDns({ listOf(it.addresses("6.6.6.6")) }, {
                    overTls(profile(tls))
                    change()
                }) { clear -> block(tls, clear) }
            }
        }

        driverTest("questions of many at a time go over one connection, whatever the order of the answers") {
            val held = ConcurrentLinkedQueue<ByteArray>()
            val count = 20
            withServers({ question ->
                val number = question.name.removePrefix("host").removeSuffix(".test")
                held += question.addresses("10.0.0.$number")
                if (held.size < count) emptyList() else held.reversed().also { held.clear() }
            }) { tls, clear ->
                val found =
                    (1..count).map { async { resolver.texts("host$it.test", AddressFamily.IPV4) } }.awaitAll()
                found shouldBe (1..count).map { listOf("10.0.0.$it") }
                tls.connectionsCount shouldBe 1
                resolver.stats().tlsConnections shouldBe 1
                clear.asked.shouldBeEmpty()
            }
        }

        driverTest("questions are padded to multiples of 128 bytes, and have no letters in random case") {
            withServers({ listOf(it.addresses("10.0.0.1")) }) { tls, _ ->
                for (name in listOf("a.test", "a-much-longer-name-than-that.of-a-domain.test")) {
                    resolver.texts(name, AddressFamily.IPV4) shouldBe listOf("10.0.0.1")
                }
                tls.questionSizes.toList() shouldBe listOf(128, 128)
                tls.asked.map { it.nameAsSent } shouldBe
                    listOf("a.test", "a-much-longer-name-than-that.of-a-domain.test")
            }
        }

        driverTest("a connection that the server has closed is opened anew for the next question") {
            withServers({ question ->
                if (question.name == "second.test" && number == 1) {
                    end()
                    emptyList()
                } else {
                    listOf(question.addresses("10.0.0.$number"))
                }
            }) { tls, _ ->
                resolver.texts("first.test", AddressFamily.IPV4) shouldBe listOf("10.0.0.1")
                resolver.texts("second.test", AddressFamily.IPV4) shouldBe listOf("10.0.0.2")
                tls.connectionsCount shouldBe 2
            }
        }

        driverTest("answers to nobody's question, and garbage, are passed over and counted") {
            withServers({ question ->
                val foreign = question.addresses("6.6.6.6").also { it[0] = (it[0] + 1).toByte() }
                val other = question.answer(address("other.test", ip("6.6.6.6"))).also { it[13] = 'x'.code.toByte() }
                listOf(foreign, other, byteArrayOf(1), question.addresses("10.0.0.1"))
            }) { _, _ ->
                resolver.texts("host.test", AddressFamily.IPV4) shouldBe listOf("10.0.0.1")
                resolver.stats().ignoredAnswers shouldBe 3
            }
        }

        driverTest(
            "strict: a server with another's certificate is not asked, in clear text neither, and the error says why",
        ) {
            withServers(
                { listOf(it.addresses("10.0.0.1")) },
                { DnsOverTls.strict("other.test", trusting, it.port) },
                { attempts(1) },
            ) { tls, clear ->
                val refusal = resolver.refusal("host.test")
                refusal.kind shouldBe Kind.SERVER_FAILURE
                refusal.message!! shouldContain "over TLS: TLS handshake failed"
                refusal.message!! shouldContain "No subject alternative DNS name matching other.test found"
                tls.asked.shouldBeEmpty()
                clear.asked.shouldBeEmpty()
            }
        }

        driverTest("strict: a server that nobody trusted has signed, or that speaks no TLS, is not asked") {
            withServers(
                { listOf(it.addresses("10.0.0.1")) },
                { DnsOverTls.strict(NAME, TlsClientOptions.defaults(), it.port) },
                { attempts(1) },
            ) { tls, clear ->
                resolver.refusal("host.test").message!! shouldContain "signed by nobody this side trusts"
                tls.asked.shouldBeEmpty()
                clear.asked.shouldBeEmpty()
            }
            var nobody = 0
            withFakeDns({ listOf(it.addresses("6.6.6.6")) }, {
                // Chosen when the server in clear text has its own.
                nobody = ServerSocket(0).use { it.localPort }
                overTls(DnsOverTls.strict(NAME, trusting, nobody)).attempts(1)
            }) { clear ->
                resolver.refusal("host.test").message!! shouldContain "over TLS: cannot connect to 127.0.0.1:$nobody"
                clear.asked.shouldBeEmpty()
            }
        }

        driverTest("opportunistic: any certificate will do") {
            withServers({ listOf(it.addresses("10.0.0.1")) }, { DnsOverTls.opportunistic(it.port) }) { tls, clear ->
                resolver.texts("host.test", AddressFamily.IPV4) shouldBe listOf("10.0.0.1")
                tls.connectionsCount shouldBe 1
                clear.asked.shouldBeEmpty()
            }
        }

        driverTest("opportunistic: a server that speaks no TLS is asked in clear text, and from then on at once") {
            var nobody = 0
            withFakeDns({ listOf(it.addresses("10.0.0.1")) }, {
                nobody = ServerSocket(0).use { it.localPort }
                overTls(DnsOverTls.opportunistic(nobody))
            }) { clear ->
                resolver.texts("a.test", AddressFamily.IPV4) shouldBe listOf("10.0.0.1")
                // Somebody listens there now, and would keep who connects waiting; for the moment nobody does.
                ServerSocket(nobody, 5, InetAddress.getLoopbackAddress()).use {
                    resolver.texts("b.test", AddressFamily.IPV4) shouldBe listOf("10.0.0.1")
                    it.soTimeout = 1
                    shouldThrow<SocketTimeoutException> { it.accept() }
                }
                clear.asked.map { it.name } shouldBe listOf("a.test", "b.test")
            }
        }

        driverTest("a server that is silent over TLS costs its timeout, and the next one is asked") {
            val warmUp = "warm-up.test"
            FakeTlsDnsServer(key) { question ->
                if (question.name == warmUp) listOf(question.addresses("10.0.0.1")) else emptyList()
            }.use { silent ->
                val config =
                    asking(InetSocketAddress("127.0.0.1", 53)) {
                        overTls(DnsOverTls.strict(NAME, trusting, silent.port)).timeout(1.5.seconds).attempts(2)
                    }
                testUring(resolver = config) {
                    // The first handshake of a process takes long.
                    eventually(PATIENCE) { resolver.texts(warmUp, AddressFamily.IPV4) shouldBe listOf("10.0.0.1") }
                    val before = silent.connectionsCount
                    val refusal = resolver.refusal("host.test")
                    withClue(refusal.message) { refusal.kind shouldBe Kind.TIMEOUT }
                    // Nothing was heard on the first connection: it may be dead, so the second question has its own.
                    silent.connectionsCount shouldBe before + 1
                }
            }
        }

        driverTest("what is no strict profile is refused") {
            val insecure = TlsClientOptions.builder().insecurelyTrustEverybody().build()
            shouldThrow<ConfigException> { DnsOverTls.strict(NAME, insecure) }.message!! shouldContain "opportunistic()"
            shouldThrow<ConfigException> { DnsOverTls.opportunistic(0) }.message shouldBe "port=0 is outside 1..65535"
            DnsOverTls.strict(NAME, trusting).toString() shouldBe "DnsOverTls(strict, dns.test, port 853)"
        }
    })

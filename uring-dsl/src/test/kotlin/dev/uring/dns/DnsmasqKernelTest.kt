package dev.uring.dns

import dev.uring.base.ConfigException
import dev.uring.base.ConnectFailedException
import dev.uring.dns.NameResolutionException.Kind
import dev.uring.dsl.driverTest
import dev.uring.dsl.readLine
import dev.uring.dsl.testUring
import dev.uring.tls.TlsClientOptions
import dev.uring.tls.TlsCredentials
import dev.uring.tls.TlsServerOptions
import dev.uring.tls.TlsTrust
import io.kotest.assertions.nondeterministic.eventually
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldContainExactlyInAnyOrder
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.string.shouldStartWith
import kotlinx.coroutines.CoroutineStart
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.launch
import kotlinx.coroutines.withContext
import java.net.InetAddress
import java.net.InetSocketAddress
import java.net.ServerSocket
import kotlin.time.Duration
import kotlin.time.Duration.Companion.milliseconds

/** Against a real name server, and connections by name through it. */
class DnsmasqKernelTest :
    FunSpec({
        val program =
            lazy {
                Dnsmasq(
                    "host-record=host.test,10.0.0.1,2001:db8::1",
                    "host-record=here.test,127.0.0.1",
                    "host-record=both.test,127.0.0.1,::1",
                    "cname=www.test,host.test",
                    "srv-host=_redis._tcp.test,a.test,7001,1,10",
                    "srv-host=_redis._tcp.test,b.test,7002,2,10",
                    *Array(150) { "host-record=many.test,10.0.1.${it + 1}" },
                )
            }
        afterSpec { if (program.isInitialized()) program.value.close() }

        fun realTest(
            name: String,
            block: suspend (InetSocketAddress) -> Unit,
        ) = driverTest(name, needs = { Dnsmasq.enabled }) { block(program.value.address) }

        realTest("addresses, aliases and services are found, and what is not there is not") { address ->
            testUring(resolver = asking(address)) {
                resolver.texts("host.test") shouldBe listOf("2001:db8:0:0:0:0:0:1", "10.0.0.1")
                resolver.texts("www.test") shouldBe listOf("2001:db8:0:0:0:0:0:1", "10.0.0.1")
                resolver.services("_redis._tcp.test") shouldBe
                    listOf(ServiceRecord("a.test", 7001, 1, 10), ServiceRecord("b.test", 7002, 2, 10))
                resolver.refusal("nowhere.test").kind shouldBe Kind.NOT_FOUND
                shouldThrow<NameResolutionException> {
                    resolver.resolve("here.test", AddressFamily.IPV6)
                }.kind shouldBe Kind.NO_ADDRESS
                resolver.stats().ignoredAnswers shouldBe 0
                resolver.stats().timeouts shouldBe 0
            }
        }

        realTest("an answer of 150 addresses is truncated and comes over TCP") { address ->
            testUring(resolver = asking(address)) {
                resolver.resolve("many.test", AddressFamily.IPV4).size shouldBe ResolverConfig.RECORDS_MAX
                resolver.stats().truncated shouldBe 1
            }
        }

        realTest("a thousand lookups of two names at a time cost two questions") { address ->
            testUring(resolver = asking(address) { attempts(5) }) {
                val before = socketsOpen()
                List(1_000) { i ->
                    val name = if (i % 10 == 0) "here.test" else "host.test"
                    launch { resolver.texts(name, AddressFamily.IPV4).size shouldBe 1 }
                }.forEach { it.join() }
                resolver.stats().queries shouldBe 2
                eventually(PATIENCE) { socketsOpen() shouldBe before }
            }
        }

        realTest("connect takes a name, with or without scheme, and the connection is the server's") { address ->
            testUring(resolver = asking(address)) {
                val server = tcp("127.0.0.1:0") { conn -> conn.forEachView { conn.write(it) } }
                for (text in listOf(
                    "here.test:${server.port}",
                    "tcp://Here.Test.:${server.port}",
                    "tcp4://both.test:${server.port}",
                )) {
                    connect(text) { conn ->
                        conn.remoteAddress shouldBe server.localAddress
                        conn.send("by name")
                        var echoed = ""
                        conn.parse { view -> if (view.size() < 7) 0 else 7.also { echoed = view.toUtf8(0, 7) } }
                        echoed shouldBe "by name"
                    }
                }
                connect("here.test:${server.port}").close()
                connect(listOf("nowhere.test:${server.port}", "here.test:${server.port}")).close()
                withContext(Dispatchers.IO) { connect("here.test:${server.port}") { it.isOpen shouldBe true } }
                shutdown()
            }
        }

        realTest("of both versions the one that answers gets the connection") { address ->
            testUring(resolver = asking(address)) {
                val server = tcp("127.0.0.1:0") { conn -> conn.send("hello") }
                // Nothing listens on ::1 at that port, or there is no IPv6 at all.
                connect("both.test:${server.port}") { it.remoteAddress shouldBe server.localAddress }
                shutdown()
            }
        }

        realTest("a name that is not there, and a port that is closed, are refused with the name") { address ->
            val port = ServerSocket(0, 1, InetAddress.getLoopbackAddress()).use { it.localPort }
            testUring(resolver = asking(address)) {
                shouldThrow<NameResolutionException> { connect("nowhere.test:$port") }.name shouldBe "nowhere.test"
                shouldThrow<NameResolutionException> { connect("tcp6://here.test:$port") }.kind shouldBe Kind.NO_ADDRESS
                val refusal = shouldThrow<ConnectFailedException> { connect("here.test:$port") }
                refusal.errno() shouldBe ECONNREFUSED
                refusal.message!! shouldStartWith "here.test:$port: cannot connect to any of 1 addresses\n" +
                    "  cannot connect to 127.0.0.1:$port: ECONNREFUSED"
                shouldThrow<ConfigException> { connect("here.test:0") }.message!! shouldContain "has port 0"
                shouldThrow<ConfigException> { connect("here.test:1?reuseport=true") }.message!! shouldContain
                    "for listening only"
                shouldThrow<ConfigException> { tcp("here.test:$port") { } }.message!! shouldContain
                    "is not an IP address"
                shouldThrow<IllegalArgumentException> { connect("here.test:$port", Duration.ZERO) }
            }
        }

        driverTest("over TLS the certificate has to have the name that the program gave") {
            val credentials = TlsCredentials.selfSigned("named.test")
            val trusting =
                TlsClientOptions.builder().trust(TlsTrust.certificates(credentials.certificate())).build()
            val hosts = listOf("named.test", "other.test").associateWith { listOf(ip("127.0.0.1")) }
            testUring(resolver = ResolverConfig.builder().hosts(hosts).build()) {
                val server =
                    tcp("127.0.0.1:0", onError = { _, _ -> }, tls = TlsServerOptions.of(credentials)) { conn ->
                        conn.send(conn.tlsInfo!!.serverName.orElse("nobody") + "\n")
                    }
                val names = listOf("named.test:${server.port}", "other.test:${server.port}")
                for (text in listOf("tls://named.test:${server.port}", "tcp4://named.test.:${server.port}")) {
                    connect(text, tls = trusting) { it.readLine() shouldBe "named.test" }
                }
                shouldThrow<ConnectFailedException> { connect(names.last(), tls = trusting) }.message!! shouldContain
                    "No subject alternative DNS name matching other.test found"
                shouldThrow<ConfigException> { connect(names, tls = trusting) }.field() shouldBe "tls"
                shutdown()
            }
        }

        driverTest("the timeout of connect is for the name too, and a cancelled caller leaves nothing") {
            withFakeDns({ emptyList() }) { server ->
                shouldThrow<ConnectFailedException> {
                    connect(
                        "silent.test:80",
                        500.milliseconds,
                    )
                }.message!! shouldStartWith
                    "cannot connect to silent.test:80: no answer from name servers within 500 ms.\n"
                val waiting =
                    launch(start = CoroutineStart.UNDISPATCHED) { connect("other.test:80", Duration.INFINITE) { } }
                eventually(PATIENCE) {
                    server.asked.map { "$it" }.toSet() shouldContainExactlyInAnyOrder
                        setOf("A silent.test", "AAAA silent.test", "A other.test", "AAAA other.test")
                }
                waiting.cancel()
                waiting.join()
            }
        }
    })

private const val ECONNREFUSED = 111

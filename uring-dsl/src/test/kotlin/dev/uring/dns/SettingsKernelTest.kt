package dev.uring.dns

import dev.uring.base.ConfigException
import dev.uring.dns.NameResolutionException.Kind
import dev.uring.dsl.driverTest
import dev.uring.dsl.onWorker
import dev.uring.dsl.testUring
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.engine.spec.tempdir
import io.kotest.engine.spec.tempfile
import io.kotest.matchers.shouldBe
import java.io.File
import java.util.concurrent.atomic.AtomicLong
import kotlin.time.Duration
import kotlin.time.Duration.Companion.seconds

private fun reading(
    hosts: File,
    conf: File? = null,
) = ResolverConfig.builder().hostsFile(hosts.toPath()).resolvConf(conf?.toPath())

class SettingsKernelTest :
    FunSpec({
        driverTest("names of the hosts file ask nobody, in both versions by turns") {
            val hosts = tempfile()
            hosts.writeText("10.0.0.1 db.example DB\n2001:db8::1 db\n10.0.0.2 db\n")
            withFakeDns({ listOf(it.addresses("10.9.9.9")) }, { hostsFile(hosts.toPath()) }) { server ->
                resolver.texts("db") shouldBe listOf("2001:db8:0:0:0:0:0:1", "10.0.0.1", "10.0.0.2")
                resolver.texts("Db.") shouldBe listOf("2001:db8:0:0:0:0:0:1", "10.0.0.1", "10.0.0.2")
                resolver.texts("db", AddressFamily.IPV4) shouldBe listOf("10.0.0.1", "10.0.0.2")
                server.asked.size shouldBe 0
                // The file has no such address of it, a server may.
                resolver.texts("db.example", AddressFamily.IPV4) shouldBe listOf("10.0.0.1")
                shouldThrow<NameResolutionException> {
                    resolver.resolve("db.example", AddressFamily.IPV6)
                }.kind shouldBe Kind.NO_ADDRESS
            }
        }

        driverTest("hosts of the configuration go before the file") {
            val hosts = tempfile()
            hosts.writeText("10.0.0.1 db\n")
            testUring(resolver = reading(hosts).hosts(mapOf("DB" to listOf(ip("10.0.0.7")))).build()) {
                resolver.texts("db") shouldBe listOf("10.0.0.7")
            }
        }

        driverTest("a file that changes counts when the interval is over, and not before; one that is gone is empty") {
            val clock = AtomicLong(1)
            val dir = tempdir()
            val hosts = File(dir, "hosts")
            hosts.writeText("10.0.0.1 a\n")
            withFakeDns({ listOf(it.noSuchName(600)) }) { server ->
                val config = asking(server.address) { hostsFile(hosts.toPath()) }
                val resolver = Resolver(runtime, config, clock::get)
                onWorker(0) {
                    resolver.texts("a") shouldBe listOf("10.0.0.1")
                    hosts.writeText("10.0.0.22 a\n")
                    clock.addAndGet(5.seconds.inWholeNanoseconds - 1)
                    resolver.texts("a") shouldBe listOf("10.0.0.1")
                    clock.addAndGet(1)
                    resolver.texts("a") shouldBe listOf("10.0.0.22")
                    hosts.delete()
                    clock.addAndGet(5.seconds.inWholeNanoseconds)
                    resolver.refusal("a").kind shouldBe Kind.NOT_FOUND
                    hosts.writeText("10.0.0.3 a\n")
                    clock.addAndGet(5.seconds.inWholeNanoseconds)
                    resolver.texts("a") shouldBe listOf("10.0.0.3")
                }
                resolver.end()
            }
        }

        driverTest(
            "what resolv.conf says counts unless the configuration says otherwise, and new servers empty the cache",
        ) {
            val conf = tempfile()
            val hosts = tempfile()
            conf.writeText(
                "nameserver 10.0.0.1\nsearch a.example\noptions ndots:2 timeout:3 attempts:4 rotate use-vc\n",
            )

            fun settings(change: ResolverConfig.Builder.() -> Unit = {}) =
                Settings(reading(hosts, conf).apply(change).build(), ResolvConf.parse(conf.readText()), HostsFile.EMPTY)
            settings().let {
                it.servers.single().address shouldBe ip("10.0.0.1")
                listOf(it.search, it.ndots, it.timeout, it.attempts, it.rotate, it.useTcp) shouldBe
                    listOf(listOf("a.example"), 2, 3.seconds, 4, true, true)
            }
            settings {
                search()
                    .ndots(1)
                    .timeout(1.seconds)
                    .attempts(1)
                    .rotate(false)
            }.let {
                listOf(it.search, it.ndots, it.timeout, it.attempts, it.rotate) shouldBe
                    listOf(emptyList<String>(), 1, 1.seconds, 1, false)
            }
            val default = Settings(ResolverConfig.builder().build(), ResolvConf.EMPTY, HostsFile.EMPTY)
            "${default.servers}" shouldBe "[/127.0.0.1:53]"
            listOf(default.search, default.ndots, default.timeout, default.attempts, default.rotate) shouldBe
                listOf(emptyList<String>(), 1, 5.seconds, 2, false)

            withFakeDns({ listOf(it.addresses("10.0.0.1")) }) { server ->
                val config = asking(server.address) { resolvConf(conf.toPath()).filesCheckInterval(Duration.ZERO) }
                val resolver = Resolver(runtime, config)
                onWorker(0) {
                    repeat(2) { resolver.resolve("a.test.", AddressFamily.IPV4) }
                    server.asked.map { it.isTcp } shouldBe listOf(true)
                    conf.writeText("options ndots:1\n")
                    resolver.resolve("a.test.", AddressFamily.IPV4)
                    server.asked.map { it.isTcp } shouldBe listOf(true, false)
                }
                resolver.end()
            }
        }

        driverTest("values outside their bounds are refused with field, value and bound") {
            fun refusal(change: ResolverConfig.Builder.() -> Unit) =
                shouldThrow<ConfigException> { ResolverConfig.builder().apply(change).build() }.message
            refusal { attempts(6) } shouldBe "attempts=6 is outside 1..5"
            refusal { timeout(Duration.ZERO) } shouldBe "timeout=0s is outside 1ms..30s"
            refusal { ttlMin(2.seconds).ttlMax(1.seconds) } shouldBe "ttlMin=2s is outside 0s..1s"
            refusal { ednsPayloadBytes(4096) } shouldBe "ednsPayloadBytes=4096 is outside 512..2048"
            refusal { servers() } shouldBe "servers.size=0 is outside 1..3"
            refusal { search("a b") } shouldBe "search has 'a b', which is not a domain name"
            refusal { inFlightMax(0) } shouldBe "inFlightMax=0 is outside 1..16384"
            val config = asking(java.net.InetSocketAddress("127.0.0.1", 53)) { ndots(3).cacheEntriesMax(7) }
            config.toBuilder().build().let {
                listOf(it.servers, it.ndots, it.cacheEntriesMax, it.timeout) shouldBe
                    listOf(config.servers, 3, 7, config.timeout)
            }
        }
    })

package dev.uring.dns

import dev.uring.dns.NameResolutionException.Kind
import dev.uring.dsl.driverTest
import dev.uring.dsl.onWorker
import dev.uring.dsl.testUring
import io.kotest.assertions.nondeterministic.eventually
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.collections.shouldContainExactlyInAnyOrder
import io.kotest.matchers.ints.shouldBeGreaterThan
import io.kotest.matchers.longs.shouldBeGreaterThan
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.string.shouldStartWith
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.CoroutineStart
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.async
import kotlinx.coroutines.awaitAll
import kotlinx.coroutines.awaitCancellation
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.future.await
import kotlinx.coroutines.launch
import kotlinx.coroutines.withContext
import org.xbill.DNS.Rcode
import java.util.concurrent.ConcurrentLinkedQueue
import java.util.concurrent.Semaphore
import java.util.concurrent.atomic.AtomicInteger
import java.util.concurrent.atomic.AtomicLong
import kotlin.time.Duration
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.minutes
import kotlin.time.Duration.Companion.seconds

/** Asking well-behaved servers and servers that fail; for hostile ones see [HostileServerKernelTest]. */
class ResolverKernelTest :
    FunSpec({
        driverTest("both versions are asked for at once, and the addresses alternate with IPv6 first") {
            val addresses = arrayOf("10.0.0.1", "10.0.0.2", "2001:db8::1", "2001:db8::2")
            withFakeDns({ listOf(it.addresses(*addresses)) }) { server ->
                val found = resolver.resolve("Host.Test")
                found.map { it.hostAddress } shouldContainExactly
                    listOf("2001:db8:0:0:0:0:0:1", "10.0.0.1", "2001:db8:0:0:0:0:0:2", "10.0.0.2")
                found.map { it.hostName }.toSet() shouldBe setOf("Host.Test")
                server.asked.map { "$it" } shouldContainExactlyInAnyOrder listOf("A host.test", "AAAA host.test")
                resolver.texts("host.test", AddressFamily.IPV4) shouldBe listOf("10.0.0.1", "10.0.0.2")
            }
        }

        driverTest("literals and localhost ask nobody, and what can be no name is refused") {
            withFakeDns({ error("asked for $it") }) { server ->
                resolver.texts("192.0.2.1") shouldBe listOf("192.0.2.1")
                resolver.texts("[::1]") shouldBe listOf("0:0:0:0:0:0:0:1")
                resolver.texts("localhost") shouldBe listOf("0:0:0:0:0:0:0:1", "127.0.0.1")
                resolver.texts("db.localhost.", AddressFamily.IPV4) shouldBe listOf("127.0.0.1")
                resolver.refusal("256.0.0.1").message shouldBe
                    "cannot resolve '256.0.0.1': it can be nobody's name.\n" +
                    "  Letters, digits, '-' and '_' in labels of 1 to 63, joined by dots, are at most 253 in all."
                resolver.refusal("a b").kind shouldBe Kind.BAD_NAME
                server.asked.size shouldBe 0
            }
        }

        driverTest("an answer is kept for its TTL and then asked for again") {
            val clock = AtomicLong(1)
            val answered = AtomicInteger()
            withFakeDns({ listOf(it.addresses("10.0.0.${answered.incrementAndGet()}", ttl = 30)) }) { server ->
                val resolver = Resolver(runtime, asking(server.address), clock::get)
                resolver.texts("host.test", AddressFamily.IPV4) shouldBe listOf("10.0.0.1")
                clock.addAndGet(30.seconds.inWholeNanoseconds - 1)
                resolver.texts("host.test", AddressFamily.IPV4) shouldBe listOf("10.0.0.1")
                clock.addAndGet(1)
                resolver.texts("host.test", AddressFamily.IPV4) shouldBe listOf("10.0.0.2")
                resolver.stats().cacheHits shouldBe 1
                resolver.end()
            }
        }

        driverTest("the time an answer is kept has bounds, and with TTL 0 it is none") {
            val clock = AtomicLong(1)
            val ttl = AtomicLong(0)
            withFakeDns({ listOf(it.addresses("10.0.0.1", ttl = ttl.get())) }) { server ->
                suspend fun keptFor(
                    change: ResolverConfig.Builder.() -> Unit,
                    time: Duration,
                ): Boolean {
                    val resolver = Resolver(runtime, asking(server.address, change = change), clock::get)
                    repeat(2) {
                        resolver.resolve("host.test", AddressFamily.IPV4)
                        clock.addAndGet(time.inWholeNanoseconds)
                    }
                    return (resolver.stats().queries == 1L).also { resolver.end() }
                }
                keptFor({ }, Duration.ZERO) shouldBe false
                keptFor({ ttlMin(10.seconds) }, 9.seconds) shouldBe true
                keptFor({ ttlMin(10.seconds) }, 10.seconds) shouldBe false
                ttl.set(1_000_000_000)
                keptFor({ ttlMax(1.minutes) }, 59.seconds) shouldBe true
                keptFor({ ttlMax(1.minutes) }, 60.seconds) shouldBe false
            }
        }

        driverTest("that there is no such name is kept as the SOA says, within the bound, and without SOA not at all") {
            val clock = AtomicLong(1)
            withFakeDns({ listOf(it.noSuchName(if (it.name.startsWith("soa")) 600L else null)) }) { server ->
                val resolver = Resolver(runtime, asking(server.address) { negativeTtlMax(5.minutes) }, clock::get)
                repeat(2) { resolver.refusal("soa.test").kind shouldBe Kind.NOT_FOUND }
                server.asked.size shouldBe 2
                clock.addAndGet(5.minutes.inWholeNanoseconds)
                resolver.refusal("soa.test")
                server.asked.size shouldBe 4
                repeat(2) { resolver.refusal("plain.test").kind shouldBe Kind.NOT_FOUND }
                server.asked.size shouldBe 8
                resolver.end()
            }
        }

        driverTest("a name without addresses is told apart from no name") {
            withFakeDns({ listOf(it.answer(soaMinimumSeconds = 60)) }) { server ->
                val refusal = resolver.refusal("domain.test")
                refusal.kind shouldBe Kind.NO_ADDRESS
                refusal.name shouldBe "domain.test"
                refusal.answers.map { it.server }.toSet() shouldBe setOf(server.address)
                refusal.answers.map { it.question to it.outcome } shouldContainExactlyInAnyOrder
                    listOf("A domain.test" to "NOERROR", "AAAA domain.test" to "NOERROR")
            }
        }

        driverTest("the message of a refusal says whom we asked what, and what to do") {
            withFakeDns({ listOf(it.noSuchName()) }) { server ->
                val refusal =
                    shouldThrow<NameResolutionException> { resolver.resolve("nowhere.test", AddressFamily.IPV4) }
                refusal.message shouldBe
                    "cannot resolve 'nowhere.test': there is no such name.\n" +
                    "  127.0.0.1 port ${server.address.port}, asked for A nowhere.test: NXDOMAIN\n" +
                    "  Likely cause: it is misspelt, or known to other servers only. " +
                    "Check the spelling, and nameserver and search in /etc/resolv.conf."
            }
        }

        driverTest("aliases are followed, in one answer and over several") {
            withFakeDns({
                listOf(
                    when (it.name) {
                        "www.test" -> {
                            it.answer(alias("www.test", "a.test"), alias("a.test", "b.test"))
                        }

                        "b.test" -> {
                            it.answer(
                                alias("b.test", "C.Test"),
                                address("c.test", ip("10.0.0.3")),
                                address("x.test", ip("6.6.6.6")),
                            )
                        }

                        else -> {
                            it.noSuchName()
                        }
                    },
                )
            }) { server ->
                resolver.texts("www.test", AddressFamily.IPV4) shouldBe listOf("10.0.0.3")
                server.asked.map { it.name } shouldBe listOf("www.test", "b.test")
            }
        }

        driverTest("an answer is kept for the shortest time of its chain") {
            val clock = AtomicLong(1)
            withFakeDns({
                listOf(it.answer(alias("www.test", "a.test", ttl = 10), address("a.test", ip("10.0.0.3"), ttl = 1000)))
            }) { server ->
                val resolver = Resolver(runtime, asking(server.address), clock::get)
                resolver.texts("www.test", AddressFamily.IPV4)
                clock.addAndGet(10.seconds.inWholeNanoseconds)
                resolver.texts("www.test", AddressFamily.IPV4)
                server.asked.size shouldBe 2
                resolver.end()
            }
        }

        driverTest("aliases that go round or do not end are refused") {
            withFakeDns({
                listOf(
                    if (it.name.startsWith("n")) {
                        it.answer(alias(it.name, "n" + it.name))
                    } else {
                        it.answer(alias(it.name, if (it.name == "a.test") "b.test" else "a.test"))
                    },
                )
            }) { server ->
                val round = resolver.refusal("a.test")
                round.kind shouldBe Kind.SERVER_FAILURE
                round.message!! shouldContain "its aliases go round: a.test → b.test → a.test"
                server.asked.clear()
                shouldThrow<NameResolutionException> {
                    resolver.resolve(
                        "n.test",
                        AddressFamily.IPV4,
                    )
                }.message!! shouldContain
                    "more than ALIASES_MAX=16 aliases in a row"
                server.asked.size shouldBe 17
            }
        }

        driverTest("what does not fit a datagram comes over TCP") {
            val many = Array(200) { "10.0.1.${it + 1}" }
            withFakeDns({
                listOf(if (it.isTcp) it.addresses(*many) else it.answer { reply -> reply.header.setFlag(6) })
            }) { server ->
                resolver.resolve("many.test", AddressFamily.IPV4).size shouldBe ResolverConfig.RECORDS_MAX
                server.asked.map { it.isTcp } shouldBe listOf(false, true)
                resolver.stats().truncated shouldBe 1
                resolver.stats().queries shouldBe 2
            }
        }

        driverTest("a server that knows no EDNS0 is asked without, and from then on at once") {
            withFakeDns({
                listOf(if (it.hasEdns) it.answer(rcode = Rcode.FORMERR) else it.addresses("10.0.0.1"))
            }) { server ->
                resolver.texts("a.test", AddressFamily.IPV4) shouldBe listOf("10.0.0.1")
                resolver.texts("b.test", AddressFamily.IPV4) shouldBe listOf("10.0.0.1")
                server.asked.map { it.hasEdns } shouldBe listOf(true, false, false)
            }
        }

        driverTest("after an error, a refused port or silence the next server is asked") {
            val second = FakeDnsServer { listOf(it.addresses("10.0.0.2")) }
            second.use {
                withFakeDns({ listOf(it.answer(rcode = Rcode.SERVFAIL)) }) { server ->
                    val resolver = Resolver(runtime, asking(server.address, second.address))
                    resolver.texts("a.test", AddressFamily.IPV4) shouldBe listOf("10.0.0.2")
                    resolver.end()
                }
                val closed = FakeDnsServer { emptyList() }.also { it.close() }.address
                testUring(resolver = asking(closed, second.address)) {
                    resolver.texts("a.test", AddressFamily.IPV4) shouldBe listOf("10.0.0.2")
                }
                withFakeDns({ emptyList() }) { silent ->
                    val resolver =
                        Resolver(runtime, asking(silent.address, second.address) { timeout(1.seconds).attempts(5) })
                    resolver.texts("a.test", AddressFamily.IPV4) shouldBe listOf("10.0.0.2")
                    resolver.stats().timeouts shouldBeGreaterThan 0
                    resolver.end()
                }
            }
        }

        driverTest("servers are gone through as often as attempts says, and each outcome is told") {
            withFakeDns({ emptyList() }, { timeout(SHORT).attempts(3) }) { server ->
                val refusal = shouldThrow<NameResolutionException> { resolver.resolve("a.test", AddressFamily.IPV4) }
                refusal.kind shouldBe Kind.TIMEOUT
                refusal.answers.map { it.outcome } shouldBe List(3) { "no answer within 100ms" }
                eventually(PATIENCE) { server.asked.size shouldBe 3 }
                // Drawn by lot, so two may be the same, but hardly all.
                server.asked
                    .map { it.peer }
                    .toSet()
                    .size shouldBeGreaterThan 1
                server.asked
                    .map { it.message.header.id }
                    .toSet()
                    .size shouldBeGreaterThan 1
            }
            withFakeDns({ listOf(it.answer(rcode = Rcode.REFUSED)) }) {
                resolver.refusal("a.test").let {
                    it.kind shouldBe Kind.SERVER_FAILURE
                    it.answers.map { answer -> answer.outcome }.toSet() shouldBe setOf("REFUSED")
                }
            }
        }

        driverTest("with rotate the servers begin by turns, without it the first does") {
            val second = FakeDnsServer { listOf(it.addresses("10.0.0.2")) }
            second.use {
                withFakeDns({ listOf(it.addresses("10.0.0.1")) }) { first ->
                    for ((rotate, shares) in listOf(false to listOf(4, 0), true to listOf(2, 2))) {
                        val resolver = Resolver(runtime, asking(first.address, second.address) { rotate(rotate) })
                        onWorker(0) { repeat(4) { i -> resolver.resolve("h$i.test", AddressFamily.IPV4) } }
                        listOf(first.asked.size, second.asked.size) shouldBe shares
                        first.asked.clear()
                        second.asked.clear()
                        resolver.end()
                    }
                }
            }
        }

        driverTest("the search list and ndots say what is asked for, and a failure ends the search") {
            withFakeDns(
                {
                    listOf(
                        when (it.name) {
                            "db.b.example" -> it.addresses("10.0.0.1")
                            "bad.a.example" -> it.answer(rcode = Rcode.SERVFAIL)
                            else -> it.noSuchName()
                        },
                    )
                },
                { search("a.example", "b.example").attempts(1) },
            ) { server ->
                fun asked() =
                    server.asked
                        .filter { it.type == "A" }
                        .map { it.name }
                        .also { server.asked.clear() }
                resolver.texts("db") shouldBe listOf("10.0.0.1")
                asked() shouldBe listOf("db.a.example", "db.b.example")
                resolver.refusal("x.y").kind shouldBe Kind.NOT_FOUND
                asked() shouldBe listOf("x.y", "x.y.a.example", "x.y.b.example")
                resolver.refusal("db.").kind shouldBe Kind.NOT_FOUND
                asked() shouldBe listOf("db")
                resolver.refusal("bad").kind shouldBe Kind.SERVER_FAILURE
                asked() shouldBe listOf("bad.a.example")
            }
        }

        driverTest("services come by priority, and a root as target says that there is none") {
            withFakeDns({
                listOf(
                    when (it.name) {
                        "_redis._tcp.test" -> {
                            it.answer(
                                service(it.name, "b.test", 7001, priority = 2, weight = 1),
                                service(it.name, "a.test", 7000, priority = 1, weight = 5),
                            )
                        }

                        "_none._tcp.test" -> {
                            it.answer(service(it.name, "", 0))
                        }

                        else -> {
                            it.noSuchName()
                        }
                    },
                )
            }) {
                resolver.services("_redis._tcp.test") shouldBe
                    listOf(ServiceRecord("a.test", 7000, 1, 5), ServiceRecord("b.test", 7001, 2, 1))
                resolver.servicesAsync("_redis._tcp.test").await().size shouldBe 2
                shouldThrow<NameResolutionException> { resolver.services("_none._tcp.test") }.kind shouldBe
                    Kind.NO_ADDRESS
                shouldThrow<NameResolutionException> { resolver.services("_x._tcp.test") }.kind shouldBe Kind.NOT_FOUND
            }
        }

        driverTest(
            "who asks for the same at the same time shares one question, and leaving does not disturb the others",
        ) {
            val gate = Semaphore(0)
            withFakeDns({
                gate.acquire()
                listOf(it.addresses("10.0.0.1"))
            }) { server ->
                onWorker(0) {
                    val waiting =
                        List(10) {
                            async(start = CoroutineStart.UNDISPATCHED) { resolver.texts("a.test", AddressFamily.IPV4) }
                        }
                    eventually(PATIENCE) { resolver.stats().coalesced shouldBe 9 }
                    // Also the one who began it.
                    waiting.take(3).forEach { it.cancelAndJoin() }
                    gate.release()
                    waiting.drop(3).awaitAll().toSet() shouldBe setOf(listOf("10.0.0.1"))
                }
                server.asked.size shouldBe 1
                resolver.stats().queries shouldBe 1
            }
        }

        driverTest("when nobody waits any more the question is given up and its socket closed") {
            withFakeDns({ emptyList() }) { server ->
                val before = socketsOpen()
                val waiting = List(3) { i -> launch { resolver.resolve("h$i.test") } }
                eventually(PATIENCE) { server.asked.size shouldBe 6 }
                waiting.forEach { it.cancelAndJoin() }
                eventually(PATIENCE) { socketsOpen() shouldBe before }
                // What is asked for next is a question of its own.
                val again = launch { resolver.resolve("h0.test") }
                eventually(PATIENCE) { server.asked.size shouldBe 8 }
                again.cancelAndJoin()
            }
        }

        driverTest("no more than inFlightMax questions are under way; the others wait for their turn") {
            val underWay = AtomicInteger()
            val most = AtomicInteger()
            val questions = ConcurrentLinkedQueue<AskedQuestion>()
            withFakeDns({
                most.accumulateAndGet(underWay.incrementAndGet(), ::maxOf)
                questions += it
                emptyList()
            }, { inFlightMax(2) }) { server ->
                onWorker(0) {
                    val waiting =
                        List(6) { i -> async { resolver.texts("h$i.test", AddressFamily.IPV4) } }
                    repeat(6) {
                        eventually(PATIENCE) { questions.isEmpty() shouldBe false }
                        val question = questions.remove()
                        underWay.decrementAndGet()
                        server.send(question.addresses("10.0.0.1"), question.peer)
                    }
                    waiting.awaitAll().size shouldBe 6
                }
                most.get() shouldBe 2
            }
        }

        driverTest("the cache has a bound, and the one unused for longest makes room") {
            withFakeDns({ listOf(it.addresses("10.0.0.1")) }, { cacheEntriesMax(2) }) { server ->
                onWorker(0) {
                    for (name in listOf("a.test", "b.test", "a.test", "c.test", "a.test", "b.test")) {
                        resolver.resolve(name, AddressFamily.IPV4)
                    }
                }
                server.asked.map { it.name } shouldBe listOf("a.test", "b.test", "c.test", "b.test")
                resolver.stats().cachedAnswers shouldBe 2
            }
        }

        driverTest("late IPv6 addresses are waited for as long as resolutionDelay, and kept when they come") {
            val late = CompletableDeferred<AskedQuestion>()
            withFakeDns({
                if (it.type == "AAAA") {
                    late.complete(it)
                    emptyList()
                } else {
                    listOf(it.addresses("10.0.0.1"))
                }
            }, { resolutionDelay(50.milliseconds) }) { server ->
                onWorker(0) {
                    resolver.texts("a.test") shouldBe listOf("10.0.0.1")
                    val question = late.await()
                    server.send(question.addresses("2001:db8::1"), question.peer)
                    eventually(PATIENCE) { resolver.stats().cachedAnswers shouldBe 2 }
                    resolver.texts("a.test") shouldBe listOf("2001:db8:0:0:0:0:0:1", "10.0.0.1")
                }
                server.asked.size shouldBe 2
            }
        }

        driverTest("one version that fails does not take the other with it") {
            withFakeDns({
                listOf(if (it.type == "A") it.answer(rcode = Rcode.SERVFAIL) else it.addresses("2001:db8::1"))
            }) {
                resolver.texts("a.test") shouldBe listOf("2001:db8:0:0:0:0:0:1")
            }
        }

        driverTest("all questions about a name together take at most lookupTimeout") {
            withFakeDns({ emptyList() }, { lookupTimeout(SHORT) }) {
                resolver.refusal("a.test").let {
                    it.kind shouldBe Kind.TIMEOUT
                    it.message!! shouldContain "the servers together took longer than lookupTimeout=100ms"
                }
            }
        }

        driverTest(
            "a question that nobody waits for does not keep the block from ending, nor one that waits a shutdown",
        ) {
            withFakeDns({ if (it.type == "A") listOf(it.addresses("10.0.0.1")) else emptyList() }, {
                resolutionDelay(Duration.ZERO).timeout(30.seconds).lookupTimeout(5.minutes)
            }) {
                // The IPv6 half is left under way. A block that waited for it would end the test's time.
                resolver.texts("a.test") shouldBe listOf("10.0.0.1")
            }
            val ended = CompletableDeferred<Throwable>()
            withFakeDns({ emptyList() }) { server ->
                launch {
                    try {
                        resolver.resolve("a.test")
                    } catch (end: CancellationException) {
                        ended.complete(end)
                        throw end
                    }
                }
                eventually(PATIENCE) { server.asked.isEmpty() shouldBe false }
                shutdown()
                awaitCancellation()
            }
            ended.await().message shouldBe "uring is shut down"
        }

        driverTest("each worker has a cache of its own, and Java callers and other threads are served by one") {
            withFakeDns({ listOf(it.addresses("10.0.0.1")) }) { server ->
                repeat(2) {
                    for (worker in 0 until runtime.workersCount()) {
                        onWorker(worker) { resolver.resolve("a.test", AddressFamily.IPV4) }
                    }
                }
                server.asked.size shouldBe 2
                withContext(Dispatchers.IO) {
                    resolver.texts("a.test", AddressFamily.IPV4) shouldBe listOf("10.0.0.1")
                    resolver.resolveAsync("a.test", AddressFamily.IPV4).await() shouldBe listOf(ip("10.0.0.1"))
                }
                server.asked.size shouldBe 2
                "$resolver" shouldStartWith "Resolver(ResolverStats(queries=2, cacheHits=4,"
            }
        }
    })

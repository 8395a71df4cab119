package dev.uring.momento

import dev.uring.base.ConfigException
import dev.uring.momento.codec.StatusCode
import dev.uring.momento.server.MomentoStore
import dev.uring.momento.server.momentoServer
import dev.uring.tls.TlsException
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.nulls.shouldBeNull
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.types.shouldBeInstanceOf
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.async
import kotlinx.coroutines.awaitAll
import kotlinx.coroutines.launch
import kotlinx.coroutines.withContext
import kotlin.random.Random
import kotlin.time.Duration
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds

/** A client and the local server, in one process and over real sockets. */
class MomentoClientKernelTest :
    FunSpec({
        needsKernel()

        test("values are stored, read and deleted, by text, bytes and view") {
            withMomento { client, _ ->
                val cache = client.cache("my-cache")
                cache.get("my-key").shouldBeNull()
                cache.set("my-key", "value")
                cache.getText("my-key") shouldBe "value"
                cache.getView("my-key") { it!!.size() } shouldBe 5
                cache.getView("other") { it?.size() }.shouldBeNull()
                val bytes = byteArrayOf(0, -1, 127)
                cache.set(bytes, bytes, 10.seconds)
                cache.get(bytes) shouldBe bytes
                cache.delete(bytes)
                cache.get(bytes).shouldBeNull()
                cache.set("empty", ByteArray(0))
                cache.get("empty")!!.size shouldBe 0
                client.cache("other").get("my-key").shouldBeNull()
                eventually({ "${client.snapshot()}" }) {
                    client.snapshot().run {
                        commandsSent + connects ==
                            repliesReceived
                    }
                }
            }
        }

        test("a value is gone when its time is over") {
            var now = 0L
            withMomento({ store(MomentoStore { now }) }) { client, _ ->
                val cache = client.cache("c")
                cache.set("k", "v", 50.milliseconds)
                now += 49_999_999
                cache.getText("k") shouldBe "v"
                now += 1
                cache.getText("k").shouldBeNull()
                shouldThrow<IllegalArgumentException> { cache.set("k", "v", Duration.ZERO) }.message!! shouldContain
                    "ttl=0s"
                shouldThrow<IllegalArgumentException> { cache.set("k", "v", Duration.INFINITE) }
            }
        }

        test("everything goes over TLS, and a certificate of another name is refused") {
            withUring(2) {
                val server = momentoServer("127.0.0.1:0", tls = serverTls)
                val credential = MomentoCredential("token", "localhost", server.port)
                momento(MomentoConfig(credential, tls = clientTls)).use { client ->
                    val cache = client.cache("c")
                    val large = ByteArray(1 shl 20) { it.toByte() }
                    cache.set("large", large)
                    List(10) { async { cache.get("large")!!.contentEquals(large) } }.awaitAll() shouldBe
                        List(10) { true }
                }
                val other = MomentoCredential("token", "127.0.0.1", server.port, serverName = "other.example")
                momento(MomentoConfig(other, tls = clientTls)).use { client ->
                    val failure = shouldThrow<MomentoConnectionException> { client.cache("c").get("k") }
                    failure.cause.shouldBeInstanceOf<TlsException>()
                    failure.wasSent shouldBe false
                }
                shutdown()
            }
        }

        test("replies in any order reach the ones who asked") {
            val gate = CompletableDeferred<Unit>()
            val answers = mutableListOf<String>()
            withMomento({
                get {
                    val asked = key.toString(Charsets.UTF_8)
                    if (asked.startsWith("slow")) gate.await()
                    answers += asked
                    key
                }
            }) { client, _ ->
                val cache = client.cache("c")
                val slow = List(20) { async { cache.getText("slow$it") } }
                val quick = List(20) { async { cache.getText("quick$it") } }.awaitAll()
                quick shouldContainExactly List(20) { "quick$it" }
                gate.complete(Unit)
                slow.awaitAll() shouldContainExactly List(20) { "slow$it" }
                answers.take(20).all { it.startsWith("quick") } shouldBe true
            }
        }

        test("a token that is refused is told to everybody who waits, and why") {
            withMomento({ authenticate { it == "good" } }) { client, _ ->
                val cache = client.cache("c")
                val failures = List(3) { async { runCatching { cache.get("k") }.exceptionOrNull() } }.awaitAll()
                for (failure in failures) {
                    failure.shouldBeInstanceOf<MomentoUnauthenticatedException>()
                    failure.message shouldBe
                        "AUTHENTICATE: the server answers: UNAUTHENTICATED: the token is not accepted\n" +
                        "  Likely cause: the API key has expired, or belongs to another region. Check MOMENTO_API_KEY."
                }
            }
        }

        test("each status of an error is known to the exception, and those one handles have types of their own") {
            var status = StatusCode.OK
            withMomento({ before { fail(status, "because") } }) { client, _ ->
                val cache = client.cache("c")
                val types =
                    mapOf(
                        StatusCode.NOT_FOUND to MomentoCacheNotFoundException::class,
                        StatusCode.INVALID_ARGUMENT to MomentoInvalidArgumentException::class,
                        StatusCode.PERMISSION_DENIED to MomentoPermissionDeniedException::class,
                        StatusCode.RESOURCE_EXHAUSTED to MomentoLimitExceededException::class,
                        StatusCode.UNAVAILABLE to MomentoUnavailableException::class,
                        StatusCode.DEADLINE_EXCEEDED to MomentoDeadlineExceededException::class,
                        StatusCode.CANCELLED to MomentoCancelledByServerException::class,
                        StatusCode.UNAUTHENTICATED to MomentoUnauthenticatedException::class,
                    )
                for (each in StatusCode.entries) {
                    status = each
                    val failure = shouldThrow<MomentoException> { cache.delete("k") }
                    failure.status shouldBe each
                    failure.serverText shouldBe "because"
                    failure::class shouldBe (types[each] ?: MomentoException::class)
                }
                client.snapshot().errorReplies shouldBe StatusCode.entries.size
            }
        }

        test("no more than maxInFlight are under way at the server, and the others wait") {
            var here = 0
            var most = 0
            val gate = CompletableDeferred<Unit>()
            withMomento(
                {
                    before {
                        most = maxOf(most, ++here)
                        gate.await()
                        here--
                    }
                },
                configure = { copy(maxInFlight = 8) },
            ) { client, _ ->
                val cache = client.cache("c")
                val asked = List(30) { async { cache.get("k$it") } }
                eventually({ "most=$most" }) { most == 8 }
                client.snapshot().run {
                    inFlight shouldBe 8
                    waiting shouldBe 22
                }
                gate.complete(Unit)
                asked.awaitAll()
                most shouldBe 8
            }
        }

        test("more than maxWaiting are refused, with the bound in the message") {
            val gate = CompletableDeferred<Unit>()
            withMomento(
                { before { gate.await() } },
                configure = { copy(maxInFlight = 1, maxWaiting = 2) },
            ) { client, _ ->
                val cache = client.cache("c")
                val asked = List(4) { async { runCatching { cache.get("k$it") } } }
                eventually({ "${client.snapshot()}" }) { client.snapshot().commandsSent == 1L }
                gate.complete(Unit)
                val refused = asked.awaitAll().mapNotNull { it.exceptionOrNull() }
                refused.forEach { it.shouldBeInstanceOf<MomentoOverloadException>() }
                refused.first().message!! shouldContain "GET: maxWaiting=2"
            }
        }

        test("large values go both ways, gathered out of many receives") {
            val random = Random(7)
            withMomento { client, _ ->
                val cache = client.cache("c")
                val values = List(4) { random.nextBytes(random.nextInt(200_000, 2 shl 20)) }
                values.mapIndexed { n, value -> async { cache.set("k$n", value) } }.awaitAll()
                values.mapIndexed { n, value -> async { cache.get("k$n")!!.contentEquals(value) } }.awaitAll() shouldBe
                    List(4) { true }
            }
        }

        test("a command too large for the send queue is refused at once, and nothing is sent") {
            withMomento { client, _ ->
                val most = runtime.config().run { sendQueueBytesMax() - sendHighWaterBytes() }
                val failure =
                    shouldThrow<IllegalArgumentException> { client.cache("c").set("k", ByteArray(most.toInt() + 1)) }
                failure.message!! shouldContain "SET has "
                client.cache("c").get("k").shouldBeNull()
            }
        }

        test("coroutines of other threads and of other workers are served too") {
            withMomento(workers = 2) { client, _ ->
                val cache = client.cache("c")
                withContext(Dispatchers.IO) {
                    List(50) {
                        async {
                            cache.set("k$it", "v$it")
                            cache.getText("k$it")
                        }
                    }.awaitAll() shouldContainExactly List(50) { "v$it" }
                }
            }
        }

        test("connections of a pool take turns") {
            withMomento(configure = { copy(connectionsPerWorker = 3) }) { client, _ ->
                val cache = client.cache("c")
                List(30) { async { cache.set("k$it", "v$it") } }.awaitAll()
                List(30) { async { cache.getText("k$it") } }.awaitAll() shouldContainExactly List(30) { "v$it" }
                client.snapshot().connects shouldBe 3
            }
        }

        test("a client that was closed refuses, and what was in flight is answered") {
            val gate = CompletableDeferred<Unit>()
            withMomento({ before { gate.await() } }) { client, _ ->
                val cache = client.cache("c")
                val asked = async { cache.get("k") }
                eventually({ "${client.snapshot()}" }) { client.snapshot().commandsSent == 1L }
                client.close()
                launch { gate.complete(Unit) }
                asked.await().shouldBeNull()
                shouldThrow<MomentoConnectionException> { cache.get("k") }.message!! shouldContain
                    "the client is closed"
            }
        }

        test("settings that contradict each other are refused") {
            val credential = MomentoCredential.fromToken("t")
            shouldThrow<ConfigException> { MomentoConfig(credential, tls = clientTls, isPlain = true) }
            shouldThrow<ConfigException> { MomentoConfig(credential, connectionsPerWorker = 0) }
            shouldThrow<ConfigException> { MomentoConfig(credential, maxInFlight = 0) }
        }
    })

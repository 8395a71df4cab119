package dev.uring.momento

import io.kotest.assertions.throwables.shouldThrow
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.longs.shouldBeGreaterThan
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.awaitCancellation
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.delay
import kotlinx.coroutines.joinAll
import kotlinx.coroutines.launch
import kotlinx.coroutines.yield
import kotlin.random.Random
import kotlin.time.Duration.Companion.seconds

/** What cancelling and timeouts do, here and at the server. */
class MomentoCancellationKernelTest :
    FunSpec({
        needsKernel()

        test("cancelling a coroutine cancels its command at the server, and its room is free at once") {
            val cancelled = mutableListOf<String>()
            withMomento({
                get {
                    if (key.size == 1) {
                        try {
                            awaitCancellation()
                        } finally {
                            cancelled += key.toString(Charsets.UTF_8)
                        }
                    }
                    key
                }
            }, configure = { copy(maxInFlight = 1) }) { client, _ ->
                val cache = client.cache("c")
                val asking = launch { cache.get("x") }
                eventually({ "${client.snapshot()}" }) { client.snapshot().commandsSent == 1L }
                asking.cancelAndJoin()
                client.snapshot().run {
                    inFlight shouldBe 0
                    cancellations shouldBe 1
                    cancelsSent shouldBe 1
                }
                cache.getText("next") shouldBe "next"
                cancelled shouldBe listOf("x")
                client.snapshot().lateReplies shouldBe 0
            }
        }

        test("a command that waits for room is not sent when it is cancelled") {
            val asked = mutableListOf<String>()
            val gate = CompletableDeferred<Unit>()
            withMomento(
                {
                    before {
                        asked += key.toString(Charsets.UTF_8)
                        gate.await()
                    }
                },
                configure = { copy(maxInFlight = 1) },
            ) { client, _ ->
                val cache = client.cache("c")
                val first = launch { cache.get("first") }
                eventually({ "$asked" }) { asked.size == 1 }
                val second = launch { cache.get("second") }
                eventually({ "${client.snapshot()}" }) { client.snapshot().waiting == 1L }
                second.cancelAndJoin()
                gate.complete(Unit)
                first.join()
                cache.get("third")
                asked shouldBe listOf("first", "third")
                client.snapshot().cancelsSent shouldBe 0
            }
        }

        test("however commands are cancelled, every reply reaches the one who asked for it") {
            val seed = newSeed()
            withClue({ "-During.fuzz.seed=$seed" }) {
                val random = Random(seed)
                withMomento(
                    {
                        get {
                            repeat(random.nextInt(4)) { yield() }
                            if (random.nextInt(8) == 0) delay(1)
                            key
                        }
                    },
                    configure = { copy(maxInFlight = 16) },
                ) { client, _ ->
                    val cache = client.cache("c")
                    var answered = 0
                    val workers =
                        List(32) { worker ->
                            launch {
                                repeat(100) { n ->
                                    val one =
                                        launch {
                                            cache.getText("$worker:$n") shouldBe "$worker:$n"
                                            answered++
                                        }
                                    repeat(random.nextInt(6)) { yield() }
                                    if (random.nextBoolean()) one.cancelAndJoin() else one.join()
                                }
                            }
                        }
                    workers.joinAll()
                    answered.toLong() shouldBeGreaterThan 1000L
                    client.snapshot().run {
                        cancellations shouldBeGreaterThan 100L
                        connects shouldBe 1
                    }
                }
            }
        }

        test("a command that takes too long fails, the server is told, and others do not notice") {
            val given = CompletableDeferred<Unit>()
            withMomento({
                get {
                    if (key.size == 1) {
                        try {
                            awaitCancellation()
                        } finally {
                            given.complete(Unit)
                        }
                    }
                    key
                }
            }, configure = { copy(commandTimeout = 1.seconds) }) { client, _ ->
                val cache = client.cache("c")
                // One that has to connect first may be over before it is sent.
                cache.getText("connected") shouldBe "connected"
                val failure = shouldThrow<MomentoTimeoutException> { cache.get("x") }
                failure.wasSent shouldBe true
                failure.message!! shouldContain "GET: no reply within 1s, it was sent"
                given.await()
                cache.getText("next") shouldBe "next"
                client.snapshot().run {
                    timeouts shouldBe 1
                    cancelsSent shouldBe 1
                    connects shouldBe 1
                }
            }
        }

        test("cancelling before the connection stands sends nothing") {
            withMomento { client, _ ->
                val cache = client.cache("c")
                val asking = launch { cache.get("k") }
                yield()
                asking.cancelAndJoin()
                cache.set("k", "v")
                client.snapshot().commandsSent shouldBe 1
            }
        }
    })

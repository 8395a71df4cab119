package dev.uring.redis

import io.kotest.assertions.throwables.shouldThrow
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.ints.shouldBeGreaterThan
import io.kotest.matchers.longs.shouldBeGreaterThan
import io.kotest.matchers.longs.shouldBeLessThanOrEqual
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.string.shouldStartWith
import kotlinx.coroutines.CoroutineStart
import kotlinx.coroutines.async
import kotlinx.coroutines.awaitAll
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.delay
import kotlinx.coroutines.joinAll
import kotlinx.coroutines.launch
import kotlin.random.Random
import kotlin.time.Duration
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds

/** What a client does when its server is killed, stopped, paused, or throws it out. */
class RedisFailureKernelTest :
    FunSpec({
        needsRedis()

        val server = lazy { RealRedis() }
        val redis by server
        afterSpec { if (server.isInitialized()) redis.close() }

        test("a client that is thrown out connects again by itself") {
            withClient(redis) { client ->
                client.store("kept", "v")
                repeat(5) { n ->
                    redis.admin("CLIENT KILL TYPE normal SKIPME yes")
                    eventually({ "the loss is noticed" }) { client.snapshot().connectionsLost == n + 1L }
                    client.fetch("kept") shouldBe "v"
                }
                client.snapshot().connects shouldBe 6
            }
        }

        test(
            "what is sent when the connection breaks is executed at most once, and callers know what is unsure",
        ) {
            val seed = System.nanoTime()
            withClue({ "seed=$seed" }) {
                withClient(redis) { client ->
                    val random = Random(seed)
                    client.store("once", "0")
                    var sure = 0
                    var unsure = 0
                    val callers =
                        List(32) {
                            launch {
                                // Until a kill has met something under way, however quick the server is.
                                var left = 200
                                while (left-- > 0 || unsure == 0) {
                                    try {
                                        client.bump("once")
                                        sure++
                                    } catch (lost: RedisConnectionException) {
                                        if (lost.wasSent) unsure++
                                    }
                                }
                            }
                        }
                    val killer =
                        launch {
                            while (true) {
                                delay(random.nextLong(1, 10))
                                redis.admin("CLIENT KILL TYPE normal SKIPME yes")
                            }
                        }
                    callers.joinAll()
                    killer.cancel()
                    val counted = client.fetch("once")!!.toLong()
                    counted shouldBeGreaterThan sure - 1L
                    counted shouldBeLessThanOrEqual (sure + unsure).toLong()
                    unsure shouldBeGreaterThan 0
                }
            }
        }

        test("commands that may be repeated are, if that was chosen, and all of them are answered") {
            withClient(redis, configure = { copy(replay = ReplayRule.AT_LEAST_ONCE) }) { client ->
                var killed = 0
                val callers =
                    List(32) { n ->
                        launch {
                            // Until a kill has met something under way, however quick the server is.
                            var round = 0
                            while (round < 200 || client.snapshot().replays == 0L) {
                                client.store("replay:$n", "$round")
                                client.fetch("replay:$n") shouldBe "$round"
                                round++
                            }
                        }
                    }
                val killer =
                    launch {
                        while (true) {
                            delay(3)
                            redis.admin("CLIENT KILL TYPE normal SKIPME yes")
                            killed++
                        }
                    }
                callers.joinAll()
                killer.cancel()
                killed shouldBeGreaterThan 0
                client.snapshot().replays shouldBeGreaterThan 0
            }
        }

        test(
            "a server that is killed in the middle of a pipeline fails what was sent, and serves again when it is back",
        ) {
            RealRedis().use { own ->
                withClient(own) { client ->
                    val callers =
                        List(
                            50,
                        ) { async { runCatching { repeat(10_000) { client.pipeline { List(16) { bump("k") } } } } } }
                    eventually({ "work is under way" }) { client.snapshot().repliesReceived > 1000 }
                    own.kill()
                    callers.awaitAll().forEach { (it.exceptionOrNull() is RedisConnectionException) shouldBe true }
                    own.restart()
                    client.store("again", "v")
                    client.fetch("again") shouldBe "v"
                }
            }
        }

        test("commands given while the server is away wait for it, and are executed when it is back") {
            RealRedis().use { own ->
                withClient(own) { client ->
                    own.kill()
                    eventually({ "the loss is noticed" }) { client.snapshot().connectionsLost == 1L }
                    val waiting = List(20) { async { client.store("away:$it", "v") } }
                    eventually({ "attempts fail" }) { client.snapshot().connectFailures >= 2 }
                    own.restart()
                    waiting.awaitAll()
                    client.fetch("away:7") shouldBe "v"
                }
            }
        }

        test(
            "a stopped server makes commands time out one by one, and the late replies are dropped, each in its turn",
        ) {
            RealRedis().use { own ->
                // Long enough that the commands before and after are answered within it on a busy machine.
                withClient(own, configure = { copy(commandTimeout = 3.seconds) }) { client ->
                    client.store("n", "0")
                    own.signal("STOP")
                    val timedOut =
                        List(
                            20,
                        ) { async { runCatching { client.echoed("late $it") }.exceptionOrNull() } }.awaitAll()
                    own.signal("CONT")
                    timedOut.forEach {
                        it!!.message!! shouldStartWith "ECHO: no reply within 3s, it was sent: the server at unix:"
                    }
                    eventually({ "late replies have come" }) { client.snapshot().inFlight == 0L }
                    client.echoed("in step") shouldBe "in step"
                    client.snapshot().timeouts shouldBe 20
                    client.snapshot().connects shouldBe 1
                }
            }
        }

        test("the reply to a caller that was cancelled in the meantime is read by nobody") {
            RealRedis().use { own ->
                withClient(own) { client ->
                    client.store("k", "v")
                    own.signal("STOP")
                    var isRead = false
                    val call = launch(start = CoroutineStart.UNDISPATCHED) { client.getView("k") { isRead = true } }
                    eventually({ "it is sent" }) { client.snapshot().inFlight == 1L }
                    call.cancelAndJoin()
                    own.signal("CONT")
                    client.echoed("next") shouldBe "next"
                    isRead shouldBe false
                }
            }
        }

        test("a server that is silent, and does not answer when asked, is given up") {
            RealRedis().use { own ->
                withClient(
                    own,
                    configure = { copy(commandTimeout = Duration.INFINITE, pingInterval = 1.seconds) },
                ) { client ->
                    own.signal("STOP")
                    val failure = shouldThrow<RedisConnectionException> { client.echoed("x") }
                    failure.message!! shouldContain "has sent nothing for 1s after a PING"
                    own.signal("CONT")
                    client.echoed("again") shouldBe "again"
                }
            }
        }

        test("an idle connection is asked for a sign of life, and stays") {
            // A server that has to wait longer than that for a processor would be given up.
            withClient(redis, configure = { copy(pingInterval = 500.milliseconds) }) { client ->
                client.echoed("x")
                val before = client.snapshot().repliesReceived
                eventually({ "pings are answered" }) { client.snapshot().repliesReceived > before + 3 }
                client.snapshot().connects shouldBe 1
            }
        }

        test("a server that pauses its clients answers later, and nobody is mixed up") {
            withClient(redis) { client ->
                redis.admin("CLIENT PAUSE 150")
                List(200) { n -> async { client.echoed("$n") } }.awaitAll() shouldBe List(200) { "$it" }
            }
        }
    })

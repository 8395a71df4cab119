package dev.uring.memcache

import io.kotest.assertions.throwables.shouldThrow
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.ints.shouldBeGreaterThan
import io.kotest.matchers.longs.shouldBeGreaterThan
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.delay
import kotlinx.coroutines.joinAll
import kotlinx.coroutines.launch
import kotlinx.coroutines.yield
import kotlin.random.Random
import kotlin.time.Duration.Companion.seconds

/** What a client does when its server is killed, stopped, or slow, and when its callers lose patience. */
class MemcacheFailureKernelTest :
    FunSpec({
        needsMemcached()

        test(
            "a server that is killed in the middle of a pipeline fails what was sent, and serves again when it is back",
        ) {
            RealMemcached().use { real ->
                withClient(real) { client ->
                    var sure = 0
                    var unsure = 0
                    var done = false
                    val callers =
                        List(32) { n ->
                            launch {
                                while (!done) {
                                    try {
                                        client.set("k$n", "$n")
                                        val read = client.get("k$n")
                                        if (read != null) read shouldBe "$n"
                                        sure++
                                    } catch (lost: MemcacheConnectionException) {
                                        if (lost.wasSent) unsure++
                                        delay(1)
                                    }
                                }
                            }
                        }
                    // Until a kill has met something under way, however quick the server is.
                    while (unsure == 0) {
                        eventually({ "commands succeed" }) { sure > 100 }
                        real.restart()
                        sure = 0
                    }
                    eventually({ "commands succeed again" }) { sure > 100 }
                    done = true
                    callers.joinAll()
                    client.snapshot().connectionsLost shouldBeGreaterThan 0
                    eventually({ "nothing is in flight" }) { client.snapshot().inFlight == 0L }
                }
            }
        }

        test("counters that are sent when the server dies are counted at most once") {
            RealMemcached().use { real ->
                withClient(real, configure = { copy(replay = ReplayRule.AT_LEAST_ONCE) }) { client ->
                    client.set("n", "0")
                    real.signal("STOP")
                    val waiting =
                        launch {
                            shouldThrow<MemcacheConnectionException> { client.incr("n") }.wasSent shouldBe
                                true
                        }
                    yield()
                    eventually({ "it was sent" }) { client.snapshot().inFlight == 1L }
                    real.restart()
                    waiting.join()
                    client.get("n") shouldBe null
                }
            }
        }

        test("reads and sets that are sent when the server dies are sent again, if that was chosen") {
            RealMemcached().use { real ->
                withClient(real, configure = { copy(replay = ReplayRule.AT_LEAST_ONCE) }) { client ->
                    real.signal("STOP")
                    val waiting =
                        List(10) { n ->
                            launch {
                                client.set("r$n", "$n")
                                client.get("r$n") shouldBe "$n"
                                client.getAll(listOf("r$n", "none")) shouldBe mapOf("r$n" to "$n")
                            }
                        }
                    eventually({ "they were sent" }) { client.snapshot().inFlight == 10L }
                    real.restart()
                    waiting.joinAll()
                    client.snapshot().replays shouldBeGreaterThan 0
                }
            }
        }

        test("a server that does not answer is waited for no longer than was said, and its late replies go to nobody") {
            RealMemcached().use { real ->
                // Before the server is stopped commands must succeed within it.
                withClient(real, configure = { copy(commandTimeout = 1.seconds) }) { client ->
                    client.set("k", "before")
                    real.signal("STOP")
                    val late = shouldThrow<MemcacheTimeoutException> { client.get("k") }
                    late.wasSent shouldBe true
                    late.message shouldContain "GET: no reply within 1s, it was sent"
                    shouldThrow<MemcacheTimeoutException> { client.set("k", "after") }
                    real.signal("CONT")
                    // The stopped server did both when it went on; nothing has shifted.
                    eventually({ "it answers" }) { runCatching { client.get("k") }.getOrNull() == "after" }
                    client.snapshot().timeouts shouldBeGreaterThan 1
                    client.snapshot().connects shouldBe 1
                }
            }
        }

        test("callers that are cancelled at any moment never get or leave another one's reply") {
            val seed = System.nanoTime()
            withClue({ "seed=$seed" }) {
                RealMemcached().use { real ->
                    withClient(real) { client ->
                        val random = Random(seed)
                        repeat(20) { client.set("c$it", "$it".repeat(100 * it + 1)) }
                        val callers =
                            List(64) {
                                launch {
                                    while (true) {
                                        val n = random.nextInt(20)
                                        when (random.nextInt(3)) {
                                            0 -> {
                                                client.get("c$n") shouldBe "$n".repeat(100 * n + 1)
                                            }

                                            1 -> {
                                                client.getAll(listOf("c$n", "none", "c0")).size shouldBe
                                                    if (n == 0) 1 else 2
                                            }

                                            else -> {
                                                client
                                                    .quietly {
                                                        repeat(
                                                            n,
                                                        ) { touch("c$n", 100.seconds) }
                                                    }.commands shouldBe
                                                    n
                                            }
                                        }
                                    }
                                }
                            }
                        for (caller in callers) {
                            repeat(random.nextInt(20)) { yield() }
                            if (random.nextBoolean()) delay(1)
                            caller.cancelAndJoin()
                        }
                        repeat(20) { client.get("c$it") shouldBe "$it".repeat(100 * it + 1) }
                        client.snapshot().connects shouldBe 1
                        client.snapshot().cancellations shouldBeGreaterThan 0
                        eventually({ "nothing is in flight" }) { client.snapshot().inFlight == 0L }
                    }
                }
            }
        }

        test("what does not fit into the bounds waits, or is refused with what to do") {
            RealMemcached().use { real ->
                withClient(real, configure = { copy(maxInFlight = 2, maxWaiting = 3) }) { client ->
                    real.signal("STOP")
                    var refused = 0
                    val callers =
                        List(10) {
                            launch {
                                try {
                                    client.get("k")
                                } catch (overload: MemcacheOverloadException) {
                                    overload.message shouldContain "maxWaiting=3"
                                    refused++
                                }
                            }
                        }
                    eventually({ "five are refused" }) { refused == 5 }
                    real.signal("CONT")
                    callers.joinAll()
                    refused shouldBe 5
                }
            }
        }

        test("a server that speaks another protocol is told as such") {
            val other = java.net.ServerSocket(0)
            val thread =
                Thread {
                    runCatching {
                        other.accept().use {
                            it.getInputStream().read()
                            it.getOutputStream().write("HTTP/1.1 400 Bad Request\r\n\r\n".toByteArray())
                            it.getInputStream().readAllBytes()
                        }
                    }
                }.apply { start() }
            val failure =
                shouldThrow<MemcacheConnectionException> {
                    withUring {
                        memcache(
                            "127.0.0.1:${other.localPort}",
                        ).close()
                    }
                }
            failure.message shouldContain
                "does not speak memcache as it should: memcache: 'HTTP/1.1 400 Bad Request' is no reply"
            other.close()
            thread.join()
        }

        test("a server that was told to speak the binary protocol only does not answer, and is not waited for") {
            RealMemcached("-B", "binary").use { binary ->
                shouldThrow<MemcacheTimeoutException> {
                    withClient(binary, configure = { copy(commandTimeout = 1.seconds) }) { }
                }.wasSent shouldBe true
            }
        }

        test("a client that is closed answers what is in flight and takes no more") {
            RealMemcached().use { real ->
                withClient(real) { client ->
                    var answered = 0
                    val callers = List(100) { launch { client.set("x$it", "v").also { answered++ } } }
                    yield()
                    client.close()
                    callers.joinAll()
                    answered shouldBeGreaterThan 99
                    shouldThrow<MemcacheConnectionException> { client.get("x1") }.message shouldContain
                        "the client is closed"
                }
            }
        }
    })

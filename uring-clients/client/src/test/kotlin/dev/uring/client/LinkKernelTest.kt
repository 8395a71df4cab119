package dev.uring.client

import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldBeEmpty
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.longs.shouldBeGreaterThanOrEqual
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.string.shouldStartWith
import kotlinx.coroutines.CoroutineStart
import kotlinx.coroutines.async
import kotlinx.coroutines.awaitAll
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.launch
import kotlinx.coroutines.withTimeoutOrNull
import java.util.concurrent.CountDownLatch
import java.util.concurrent.TimeUnit
import java.util.concurrent.atomic.AtomicInteger
import kotlin.time.Duration.Companion.hours
import kotlin.time.Duration.Companion.milliseconds

/** What a link does for every protocol, shown with the smallest one: each line is answered with a line. */
class LinkKernelTest :
    FunSpec({
        needsKernel()

        test("coroutines share one connection, and each gets the answer to its own question") {
            LineServer { line, _ -> "re $line" }.use { server ->
                withSide(server) { side ->
                    List(500) { n -> async { side.ask("q$n") } }.awaitAll() shouldBe List(500) { "re q$it" }
                    server.accepted.size shouldBe 1
                    side.counters.commandsSent shouldBe 500
                    eventually("all answers are counted") { side.counters.inFlight == 0L }
                }
            }
        }

        test("a protocol with a greeting sends nothing before it is answered") {
            LineServer { line, _ -> line }.use { server ->
                withSide(server, greets = true) { side ->
                    side.ask("a") shouldBe "a"
                    eventually("both answers are counted") { side.counters.repliesReceived == 2L }
                }
            }
        }

        test("a lost connection fails what was sent, says so, and the next question connects again") {
            val asked = AtomicInteger()
            LineServer { line, _ -> if (asked.incrementAndGet() == 1) null else line }.use { server ->
                withSide(server) { side ->
                    val failure = shouldThrow<LineFailure> { side.ask("first") }
                    failure.wasSent shouldBe true
                    failure.message!! shouldContain "it may or may not have had its effect"
                    side.ask("second") shouldBe "second"
                    side.counters.connectionsLost shouldBe 1
                }
            }
        }

        test("what may be repeated is sent again after a loss, in its order") {
            val asked = AtomicInteger()
            LineServer { line, _ -> if (asked.incrementAndGet() == 1) null else line }.use { server ->
                withSide(server) { side ->
                    List(10) { n -> async { side.ask("q$n", mayRepeat = true) } }.awaitAll() shouldBe
                        List(10) { "q$it" }
                    side.counters.replays shouldBeGreaterThanOrEqual 1
                }
            }
        }

        test("a cancelled question's answer is read by nobody, and the next question gets its own") {
            val mayAnswer = CountDownLatch(1)
            LineServer { line, _ ->
                mayAnswer.await(20, TimeUnit.SECONDS)
                line
            }.use { server ->
                withSide(server) { side ->
                    val read = mutableListOf<String>()
                    val asking =
                        launch(start = CoroutineStart.UNDISPATCHED) {
                            side.ask("cancelled") { line -> line.also(read::add) }
                        }
                    eventually("it is sent") { side.counters.inFlight == 1L }
                    asking.cancelAndJoin()
                    mayAnswer.countDown()
                    side.ask("next") shouldBe "next"
                    read.shouldBeEmpty()
                    side.counters.cancellations shouldBe 1
                }
            }
        }

        test("a question that is not answered in time fails once, and its late answer is dropped in its turn") {
            val mayAnswer = CountDownLatch(1)
            LineServer { line, _ ->
                if (line.startsWith("late")) mayAnswer.await(20, TimeUnit.SECONDS)
                line
            }.use { server ->
                withSide(server, configure = { copy(commandTimeout = 50.milliseconds) }) { side ->
                    side.ask("connected", timeoutNanos = Request.NO_DEADLINE) shouldBe "connected"
                    repeat(3) { n ->
                        shouldThrow<LineFailure> { side.ask("late$n") }.message!! shouldStartWith
                            "late$n: no line within 50ms: the server at ${server.address} has not answered"
                    }
                    side.counters.timeouts shouldBe 3
                    side.counters.inFlight shouldBe 3
                    mayAnswer.countDown()
                    eventually("late answers have come") { side.counters.inFlight == 0L }
                    side.ask("now", timeoutNanos = Request.NO_DEADLINE) shouldBe "now"
                }
            }
        }

        test("no more than maxInFlight go out without an answer, and no more than maxWaiting wait behind them") {
            val mayAnswer = CountDownLatch(1)
            LineServer { line, _ ->
                if (line.startsWith("q")) mayAnswer.await(20, TimeUnit.SECONDS)
                line
            }.use { server ->
                withSide(server, configure = { copy(maxInFlight = 4, maxWaiting = 3) }) { side ->
                    side.ask("connected") shouldBe "connected"
                    val asked = List(7) { n -> async(start = CoroutineStart.UNDISPATCHED) { side.ask("q$n") } }
                    eventually("four are sent") { side.counters.inFlight == 4L }
                    side.counters.waiting shouldBe 3
                    shouldThrow<LineFailure> { side.ask("q7") }.message!! shouldStartWith
                        "q7: maxWaiting=3 commands wait for ${server.address} already, behind maxInFlight=4"
                    mayAnswer.countDown()
                    asked.awaitAll() shouldBe List(7) { "q$it" }
                }
            }
        }

        test("a cancelled question on a connection of its own takes the connection with it") {
            LineServer { line, _ -> if (line == "silent") "" else line }.use { server ->
                withSide(server) { side ->
                    val silent = launch(start = CoroutineStart.UNDISPATCHED) { side.ask("silent", isDedicated = true) }
                    eventually("it is sent") { side.counters.inFlight == 1L }
                    silent.cancelAndJoin()
                    eventually("its connection is gone") { side.counters.connectionsLost == 1L }
                    side.ask("next", isDedicated = true) shouldBe "next"
                }
            }
        }

        test("connections of one's own are used again, and bounded") {
            LineServer { line, _ -> line }.use { server ->
                withSide(server, configure = { copy(blockingConnectionsMax = 2) }) { side ->
                    List(20) { n -> async { side.ask("q$n", isDedicated = true) } }.awaitAll() shouldBe
                        List(20) { "q$it" }
                    side.counters.connects shouldBe 2
                }
            }
        }

        test("a silent server is asked for a sign of life, and given up when there is none") {
            LineServer { line, _ -> line }.use { server ->
                // It is also the time that the server has for its answer, on a machine that may be busy.
                withSide(server, configure = { copy(pingInterval = 500.milliseconds) }) { side ->
                    side.ask("a") shouldBe "a"
                    eventually("pings are answered") { side.counters.repliesReceived > 2 }
                    server.greets = false
                    eventually("it is given up") { side.counters.connectionsLost > 0 }
                    side.shared.lastFailure!!.message shouldBe
                        "${server.address} has sent nothing for 500ms after a PING"
                }
            }
        }

        test("what the server says by itself reaches the protocol, between any two answers") {
            LineServer { line, output ->
                output.write("!$line\n".toByteArray())
                line
            }.use { server ->
                withSide(server) { side ->
                    side.ask("a") shouldBe "a"
                    side.ask("b") shouldBe "b"
                    side.pushes shouldContainExactly listOf("!a", "!b")
                    side.counters.pushesReceived shouldBe 2
                }
            }
        }

        test("bytes that cannot be trusted end the connection with the protocol's name, and the next one serves") {
            val asked = AtomicInteger()
            LineServer { line, _ -> if (asked.incrementAndGet() == 1) "?" else line }.use { server ->
                withSide(server) { side ->
                    shouldThrow<LineFailure> { side.ask("first") }.message!! shouldContain
                        "does not speak LINES as it should: LINES: '?' begins with a question mark"
                    side.ask("second") shouldBe "second"
                }
            }
        }

        test("what is asked while the server is away waits for it") {
            val first = LineServer { line, _ -> line }
            val port = first.port
            withSide(first, configure = { copy(reconnectDelayMax = 20.milliseconds) }) { side ->
                side.ask("a") shouldBe "a"
                first.close()
                eventually("the loss is noticed") { side.counters.connectionsLost == 1L }
                val asked = async { side.ask("b") }
                eventually("attempts fail") { side.counters.connectFailures >= 2 }
                LineServer(port) { line, _ -> "new $line" }.use {
                    asked.await() shouldBe "new b"
                }
            }
        }

        test("who may ask others hears at once, in the pause after an attempt, how that ended") {
            val first = LineServer { line, _ -> line }
            withSide(first, configure = { oneOfMany() }) { side ->
                side.ask("a") shouldBe "a"
                first.close()
                eventually("the loss is noticed") { side.counters.connectionsLost == 1L }
                repeat(3) {
                    val failure = shouldThrow<LineFailure> { side.ask("b") }
                    failure.message!! shouldContain "nothing listens there"
                    failure.wasSent shouldBe false
                }
                // The first one was an attempt of its own: a connection that is lost says nothing about the server.
                side.counters.connectFailures shouldBe 1
            }
        }

        test("who may ask others connects at once after a connection was lost, without the pause") {
            val asked = AtomicInteger()
            LineServer { line, _ -> if (asked.incrementAndGet() == 1) null else line }.use { server ->
                withSide(server, configure = { oneOfMany() }) { side ->
                    shouldThrow<LineFailure> { side.ask("first") }.wasSent shouldBe true
                    side.ask("second") shouldBe "second"
                }
            }
        }

        test("however many wait for a connection of their own to a server that is gone, each hears of it") {
            val first = LineServer { line, _ -> line }
            withSide(first, configure = { oneOfMany().copy(blockingConnectionsMax = 1) }) { side ->
                side.ask("a", isDedicated = true) shouldBe "a"
                first.close()
                eventually("the loss is noticed") { side.counters.connectionsLost == 1L }
                val asked = List(60_000) { n -> async { runCatching { side.ask("q$n", isDedicated = true) } } }
                asked.awaitAll().forEach {
                    shouldThrow<LineFailure> { it.getOrThrow() }.message!! shouldContain "nothing listens there"
                }
            }
        }

        test("a server that was never there is an error at once, with the cause") {
            val gone = LineServer { line, _ -> line }.also { it.close() }
            withSide(gone) { side ->
                shouldThrow<LineFailure> { side.ask("a") }.message!! shouldContain "nothing listens there"
            }
        }

        test("after the close nothing is taken, and what was sent is answered before the connection ends") {
            val mayAnswer = CountDownLatch(1)
            LineServer { line, _ ->
                mayAnswer.await(20, TimeUnit.SECONDS)
                line
            }.use { server ->
                withSide(server) { side ->
                    val asked = async(start = CoroutineStart.UNDISPATCHED) { side.ask("a") }
                    eventually("it is sent") { side.counters.inFlight == 1L }
                    side.shared.close()
                    shouldThrow<LineFailure> { side.ask("b") }.message shouldBe "b: the client is closed"
                    mayAnswer.countDown()
                    withTimeoutOrNull(20_000.milliseconds) { asked.await() } shouldBe "a"
                }
            }
        }
    })

// The pause is one that no test outlives: what waited for its end would get a timeout.
private fun LinkConfig.oneOfMany() =
    copy(waitsForServer = false, reconnectDelayMin = 1.hours, reconnectDelayMax = 1.hours)

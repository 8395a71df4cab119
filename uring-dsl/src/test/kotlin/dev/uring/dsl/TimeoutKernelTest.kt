package dev.uring.dsl

import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.ints.shouldBeLessThan
import io.kotest.matchers.longs.shouldBeGreaterThanOrEqual
import io.kotest.matchers.shouldBe
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.TimeoutCancellationException
import kotlinx.coroutines.delay
import kotlinx.coroutines.withTimeout
import kotlinx.coroutines.withTimeoutOrNull
import kotlin.time.Duration
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.minutes
import kotlin.time.Duration.Companion.seconds
import kotlin.time.measureTime

class TimeoutKernelTest :
    FunSpec({
        driverTest("receive ends after its timeout, not earlier, and says who was silent for how long") {
            val failure = CompletableDeferred<ReceiveTimeoutException>()
            var waited = Duration.ZERO
            withServer({ conn ->
                conn.write("ready")
                waited =
                    measureTime {
                        failure.complete(
                            shouldThrow<ReceiveTimeoutException> { conn.receive(50.milliseconds) { it.size() } },
                        )
                    }
            }) { server ->
                server.connect().use { peer ->
                    val timeout = failure.await()
                    timeout.timeout shouldBe 50.milliseconds
                    timeout.remoteAddress shouldBe peer.socket.localSocketAddress
                    timeout.unconsumedBytes shouldBe 0
                    timeout.message shouldBe
                        "receive timed out: no new bytes from ${peer.socket.localSocketAddress} within timeout=50ms, " +
                        "unconsumedBytes=0.\n" +
                        "  Likely cause: the peer is idle. Close the connection, or give it a longer timeout."
                    peer.receiveTextToEnd() shouldBe "ready"
                }
            }
            waited.inWholeMilliseconds shouldBeGreaterThanOrEqual 49
        }

        driverTest("the connection goes on after a timeout, with the bytes of the unfinished message") {
            withServer({ conn ->
                // Its first bytes are there before the time begins.
                conn.receive { 0 }
                val timeout =
                    shouldThrow<ReceiveTimeoutException> {
                        conn.parse(50.milliseconds) { if (it.size() < 6) 0 else it.size() }
                    }
                conn.write("${timeout.unconsumedBytes};")
                conn.parse { view ->
                    if (view.size() == 6) conn.write(view)
                    if (view.size() < 6) 0 else view.size()
                }
            }) { server ->
                server.connect().use {
                    it.send("abc")
                    it.receiveText(2) shouldBe "3;"
                    it.send("def")
                    it.receiveTextToEnd() shouldBe "abcdef"
                }
            }
        }

        driverTest("the timeout of parse is for the whole message: single bytes do not stretch it") {
            val failure = CompletableDeferred<ReceiveTimeoutException>()
            withServer({ conn ->
                failure.complete(shouldThrow<ReceiveTimeoutException> { conn.parse(200.milliseconds) { 0 } })
            }) { server ->
                server.connect().use { peer ->
                    while (!failure.isCompleted) {
                        peer.send("x")
                        delay(10.milliseconds)
                    }
                }
            }
        }

        driverTest("the timeout of forEachView is for each arrival: a peer that keeps sending is not cut off") {
            withServer({ conn -> conn.forEachView(timeout = 5.seconds) { conn.write(it) } }) { server ->
                server.connect().use { peer ->
                    // All together longer than the timeout, each arrival far below it: the machine may stop for seconds.
                    repeat(12) {
                        peer.send("x")
                        peer.receiveText(1) shouldBe "x"
                        delay(500.milliseconds)
                    }
                }
            }
        }

        driverTest("bytes that are there already are lent whatever the timeout") {
            withServer({ conn ->
                conn.receive { 1 }
                conn.receive(timeout = Duration.ZERO) { view ->
                    conn.write(view)
                    view.size()
                }
                shouldThrow<ReceiveTimeoutException> { conn.receive(timeout = Duration.ZERO) { it.size() } }
                conn.write(";")
            }) { server ->
                server.connect().use {
                    it.send("abc")
                    it.receiveTextToEnd() shouldBe "bc;"
                }
            }
        }

        driverTest(
            "a shorter timeout after a longer one is kept, and a wait without one is not cut by what was armed before",
        ) {
            withServer({ conn ->
                conn.receive(10.minutes) { it.size() }
                shouldThrow<ReceiveTimeoutException> { conn.receive(30.milliseconds) { it.size() } }
                conn.write("first;")
                // The timer of this wait is still armed when the next wait, which has no timeout, begins.
                conn.receive(1.seconds) { it.size() }
                conn.receive { it.size() }
                conn.write("second;")
            }) { server ->
                server.connect().use {
                    it.send("a")
                    it.receiveText(6) shouldBe "first;"
                    it.send("b")
                    delay(1.5.seconds)
                    it.send("c")
                    it.receiveTextToEnd() shouldBe "second;"
                }
            }
        }

        driverTest("a connection has at most one timer however many receives it made, and none when it is closed") {
            withServer({ conn -> conn.forEachView(timeout = 10.minutes) { conn.write(it) } }) { server ->
                server.connect().use { peer ->
                    repeat(1_000) {
                        peer.send("x")
                        peer.receive(1)
                    }
                    // One for the connection, one for this test's own timeout.
                    runtime.snapshots().sumOf { it.timersArmed() } shouldBeLessThan 3
                    peer.finishSending()
                    peer.receiveTextToEnd() shouldBe ""
                }
                server.close()
                server.join()
                onEachWorker { }
                runtime.snapshots().sumOf { it.timersArmed() } shouldBe 0
            }
        }

        driverTest("withTimeout around receive works too, and what arrives afterwards is not lost") {
            withServer({ conn ->
                shouldThrow<TimeoutCancellationException> {
                    withTimeout(
                        30.milliseconds,
                    ) { conn.receive { it.size() } }
                }
                conn.write("late;")
                withTimeoutOrNull(20.seconds) { conn.forEachView { conn.write(it) } }
            }) { server ->
                server.connect().use {
                    it.receiveText(5) shouldBe "late;"
                    it.send("abc")
                    it.finishSending()
                    it.receiveTextToEnd() shouldBe "abc"
                }
            }
        }
    })

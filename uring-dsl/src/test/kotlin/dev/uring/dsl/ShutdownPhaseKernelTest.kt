package dev.uring.dsl

import dev.uring.ShutdownPhase
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.awaitCancellation
import kotlinx.coroutines.launch
import kotlinx.coroutines.withContext
import java.net.ConnectException
import java.net.SocketException
import java.time.Duration
import java.util.concurrent.ConcurrentLinkedQueue

class ShutdownPhaseKernelTest :
    FunSpec({
        driverTest("actions run in the order of their phases, and each phase is in force when they do") {
            val order = ConcurrentLinkedQueue<String>()
            testUring {
                val answered = CompletableDeferred<Unit>()
                val server =
                    tcp("127.0.0.1:0") { conn ->
                        // Nothing comes on those that only ask whether they are refused.
                        if (conn.receive { it.size() } == Connection.END_OF_INPUT) return@tcp
                        answered.complete(Unit)
                        conn.receive { it.size() }
                        order += "handler ends"
                    }
                launch {
                    try {
                        awaitCancellation()
                    } finally {
                        order += "coroutine cancelled"
                    }
                }
                onShutdown(ShutdownPhase.CLOSE, "d") { order += "close" }
                onShutdown(ShutdownPhase.CANCEL, "c") { order += "cancel" }
                onShutdown(ShutdownPhase.STOP_ACCEPTING, "a") {
                    withContext(Dispatchers.IO) {
                        server.awaitRefusal()
                        order += "refused"
                    }
                }
                onShutdown(ShutdownPhase.DRAIN, "b") { order += "drain" }
                withContext(Dispatchers.IO) {
                    server.connect().use { peer ->
                        peer.send("x")
                        answered.await()
                        shutdown()
                        peer.receiveToEnd().size shouldBe 0
                    }
                }
            }
            order.toList().let { it.first() to it.takeLast(3) } shouldBe
                ("refused" to listOf("cancel", "coroutine cancelled", "close"))
            order.toSet() shouldBe setOf("refused", "drain", "handler ends", "cancel", "coroutine cancelled", "close")
        }

        driverTest("a block that ends by itself, or fails, runs what was registered too") {
            for (fails in listOf(false, true)) {
                val order = ConcurrentLinkedQueue<ShutdownPhase>()
                val end =
                    runCatching {
                        testUring {
                            for (phase in ShutdownPhase.entries.reversed()) {
                                onShutdown(
                                    phase,
                                    "$phase",
                                ) { order += phase }
                            }
                            check(!fails) { "thrown by a test" }
                        }
                    }
                end.isFailure shouldBe fails
                order.toList() shouldBe ShutdownPhase.entries
            }
        }

        driverTest("an action that fails or never ends holds up nothing beyond drainTimeout") {
            val closed = CompletableDeferred<Unit>()
            testUring(configure = { drainTimeout(Duration.ofMillis(50)) }) {
                onShutdown(ShutdownPhase.DRAIN, "fails") { error("thrown by a test") }
                onShutdown(ShutdownPhase.DRAIN, "hangs") { awaitCancellation() }
                onShutdown(ShutdownPhase.CLOSE, "closes") { closed.complete(Unit) }
                shutdown()
                awaitCancellation()
            }
            closed.isCompleted shouldBe true
        }

        driverTest("an action for a phase that has begun is refused") {
            testUring {
                onShutdown(ShutdownPhase.DRAIN, "late") {
                    shouldThrow<IllegalStateException> {
                        onShutdown(ShutdownPhase.STOP_ACCEPTING, "too late") { }
                    }.message!!.substringBefore('\n') shouldBe
                        "cannot register 'too late' for STOP_ACCEPTING: the shutdown has reached DRAIN."
                    onShutdown(ShutdownPhase.CLOSE, "in time") { }
                }
            }
        }
    })

private fun Server.awaitRefusal() {
    while (true) {
        try {
            connect().close()
        } catch (_: ConnectException) {
            return
        } catch (_: SocketException) {
            // Reset: it was in the backlog when the listener was closed, which is no refusal yet.
        }
    }
}

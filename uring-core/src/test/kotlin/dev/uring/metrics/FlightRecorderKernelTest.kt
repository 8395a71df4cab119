package dev.uring.metrics

import dev.uring.base.PoolExhaustedException
import dev.uring.metrics.jfr.AcceptFailedEvent
import dev.uring.metrics.jfr.ConnectionClosedEvent
import dev.uring.metrics.jfr.ConnectionOpenedEvent
import dev.uring.net.ConnectionHandler
import dev.uring.testing.TestServer
import dev.uring.testing.await
import dev.uring.testing.awaitDone
import dev.uring.testing.call
import dev.uring.testing.driverTest
import dev.uring.testing.receiveText
import dev.uring.testing.send
import dev.uring.testing.smallConfig
import dev.uring.testing.withServer
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldBeEmpty
import io.kotest.matchers.comparables.shouldBeGreaterThan
import io.kotest.matchers.comparables.shouldBeGreaterThanOrEqualTo
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import jdk.jfr.Recording
import jdk.jfr.consumer.RecordedEvent
import jdk.jfr.consumer.RecordingFile
import java.nio.file.Files
import java.time.Duration
import java.util.concurrent.CountDownLatch

private val echo = ConnectionHandler { connection, bytes -> bytes.size().also { connection.write(bytes) } }

class FlightRecorderKernelTest :
    FunSpec({
        driverTest("a connection's beginning and end are recorded, with the bytes of both directions and its time") {
            // Used before the recording begins: a program that is recorded has usually run for long.
            withServer(echo) { server ->
                server.roundTripAndClose("before")
                // The server hears of its end later, and would have it recorded.
                await { server.worker.snapshot().connectionsClosed() == 1L }
                server.worker.call { }
                ConnectionOpenedEvent.isWanted() shouldBe false
                ConnectionClosedEvent.isWanted() shouldBe false
                val events =
                    recorded {
                        server.roundTripAndClose("hello")
                        await { server.worker.snapshot().connectionsClosed() == 2L }
                        // The counter moves first, the event follows in the same task.
                        server.worker.call { }
                    }
                val opened = events.single { it.eventType.name == "dev.uring.ConnectionOpened" }
                val closed = events.single { it.eventType.name == "dev.uring.ConnectionClosed" }
                opened.getString("remote") shouldContain "127.0.0.1"
                opened.getBoolean("isAccepted") shouldBe true
                closed.getLong("connection") shouldBe opened.getLong("connection")
                closed.getLong("bytesReceived") shouldBe 5
                closed.getLong("bytesSent") shouldBe 5
                closed.getDuration("openFor") shouldBeGreaterThanOrEqualTo Duration.ZERO
            }
        }

        driverTest("a pool at its limit is recorded with who asked, a slow turn with what it took") {
            val config =
                smallConfig().blockPoolBytesMax(1L shl 20).slowTurnThreshold(Duration.ofMillis(20))
            withServer(echo, config.build()) { server ->
                val events =
                    recorded {
                        server.worker.call {
                            shouldThrow<PoolExhaustedException> { server.worker.blocks().take(4 shl 20) }
                            spinFor(25_000_000)
                        }
                        server.worker.call { }
                    }
                val exhausted = events.single { it.eventType.name == "dev.uring.PoolExhausted" }
                exhausted.getString("pool") shouldBe "blocks"
                exhausted.getLong("bytesMax") shouldBe (1L shl 20)
                exhausted.stackTrace.frames.map { it.method.name } shouldContainMethod "checkLimit"
                val slow = events.first { it.eventType.name == "dev.uring.SlowTurn" }
                slow.getDuration("took") shouldBeGreaterThan Duration.ofMillis(20)
            }
        }

        driverTest("a stall is recorded while it lasts, with the worker's stack") {
            withServer(echo, smallConfig().stallThreshold(Duration.ofMillis(100)).build()) { server ->
                // The worker's first turns, which load classes, may have been one.
                val before = server.worker.call { server.worker.snapshot().stalls() }
                val events =
                    recorded {
                        val gate = CountDownLatch(1)
                        server.worker.execute { blockHere(gate) }
                        await { server.worker.snapshot().stalls() > before }
                        gate.countDown()
                        server.worker.call { }
                    }
                val stall = events.single { it.eventType.name == "dev.uring.WorkerStall" }
                stall.getString("workerStack") shouldContain "blockHere"
                stall.getDuration("hasTaken") shouldBeGreaterThanOrEqualTo Duration.ofMillis(100)
            }
        }

        driverTest("a failed accept is recorded with the kernel's reason") {
            val events = recorded { AcceptFailedEvent.report(3, "errno=24 (EMFILE)") }
            val failed = events.single()
            failed.getInt("worker") shouldBe 3
            failed.getString("error") shouldBe "errno=24 (EMFILE)"
        }

        driverTest("nothing is recorded that was switched off") {
            withServer(echo) { server ->
                recorded("dev.uring.SlowTurn") {
                    server.roundTripAndClose("quiet")
                    await { server.worker.snapshot().connectionsClosed() == 1L }
                }.shouldBeEmpty()
            }
        }
    })

private fun blockHere(gate: CountDownLatch) = gate.awaitDone("gate of a stalled worker")

private infix fun List<String>.shouldContainMethod(name: String) = check(name in this) { "no $name in $this" }

private fun TestServer.roundTripAndClose(text: String) =
    connect().use { client ->
        client.send(text)
        client.receiveText(text.length) shouldBe text
    }

/** Our events while [block] ran: all, or only those of the [names]. */
private fun recorded(
    vararg names: String,
    block: () -> Unit,
): List<RecordedEvent> {
    val file = Files.createTempFile("uring-", ".jfr")
    try {
        Recording().use { recording ->
            ALL_EVENTS.forEach { if (names.isEmpty() || it in names) recording.enable(it) else recording.disable(it) }
            recording.start()
            block()
            recording.stop()
            recording.dump(file)
        }
        return RecordingFile.readAllEvents(file).filter { it.eventType.name.startsWith("dev.uring.") }
    } finally {
        Files.delete(file)
    }
}

private val ALL_EVENTS =
    listOf("ConnectionOpened", "ConnectionClosed", "AcceptFailed", "PoolExhausted", "SlowTurn", "WorkerStall")
        .map { "dev.uring.$it" }

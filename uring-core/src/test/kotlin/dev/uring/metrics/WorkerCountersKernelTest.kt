package dev.uring.metrics

import dev.uring.base.PoolExhaustedException
import dev.uring.net.ConnectionHandler
import dev.uring.testing.RingOnly
import dev.uring.testing.await
import dev.uring.testing.block
import dev.uring.testing.call
import dev.uring.testing.driverTest
import dev.uring.testing.isOnNio
import dev.uring.testing.receiveText
import dev.uring.testing.ringTest
import dev.uring.testing.send
import dev.uring.testing.smallConfig
import dev.uring.testing.withServer
import dev.uring.worker.timer
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.comparables.shouldBeGreaterThan
import io.kotest.matchers.comparables.shouldBeGreaterThanOrEqualTo
import io.kotest.matchers.shouldBe
import java.time.Duration
import java.util.concurrent.TimeUnit

private const val MESSAGE = "sixteen bytes ok"

private val echo = ConnectionHandler { connection, bytes -> bytes.size().also { connection.write(bytes) } }

class WorkerCountersKernelTest :
    FunSpec({
        driverTest("connections and bytes are counted exactly, operations at least once each") {
            withServer(echo) { server ->
                val clients = List(3) { server.connect() }
                clients.forEach { client ->
                    repeat(5) {
                        client.send(MESSAGE)
                        client.receiveText(MESSAGE.length) shouldBe MESSAGE
                    }
                }
                await { server.worker.snapshot().bytesSent() == 3L * 5 * MESSAGE.length }
                val busy = server.worker.call { server.worker.snapshot() }
                busy.connectionsAccepted() shouldBe 3
                busy.connectionsActive() shouldBe 3
                busy.connectionsClosed() shouldBe 0
                busy.bytesReceived() shouldBe 3L * 5 * MESSAGE.length
                busy.submitted() shouldBeGreaterThanOrEqualTo 3L * 5
                busy.completed() shouldBeGreaterThanOrEqualTo 2L * 3 * 5
                // A turn in which nothing but answers is due asks no selector; never two of them in a row.
                val turnsPerEnterMax = if (isOnNio) 2 else 1
                busy.enters() * turnsPerEnterMax shouldBeGreaterThanOrEqualTo busy.turns()
                busy.submittedPerEnter() shouldBe busy.submitted().toDouble() / busy.enters()
                clients.forEach { it.close() }
                await { server.worker.snapshot().connectionsClosed() == 3L }
                // In a turn of its own: within the other the counters move one after the other.
                server.worker.call { server.worker.snapshot().connectionsActive() } shouldBe 0
            }
        }

        driverTest("every turn is in the loop's lag, and a slow one is found there and counted") {
            val slow = TimeUnit.MILLISECONDS.toNanos(30)
            val config = smallConfig().slowTurnThreshold(Duration.ofNanos(slow)).stallThreshold(Duration.ZERO)
            withServer(echo, config.build()) { server ->
                repeat(50) { server.worker.call { } }
                val before = server.worker.call { server.worker.snapshot() }
                // Its own turn has begun and is not over.
                before.loopLag().count() shouldBe before.turns() - 1
                server.worker.execute { spinFor(slow) }
                // In a turn of its own, behind the slow one.
                server.worker.call { }
                val after = server.worker.call { server.worker.snapshot() }
                after.slowTurns() - before.slowTurns() shouldBeGreaterThanOrEqualTo 1
                after.loopLag().max() shouldBeGreaterThanOrEqualTo slow
                after.loopLag().quantile(1.0) shouldBeGreaterThanOrEqualTo slow
                after.stalls() shouldBe 0
            }
        }

        driverTest("a snapshot is taken of a worker that does not come back, and shows what waits for it") {
            withServer(echo) { server ->
                val gate = server.worker.block()
                repeat(7) { server.worker.execute { } }
                server.worker.snapshot().mailboxDepth() shouldBe 7
                gate.countDown()
                await { server.worker.snapshot().mailboxDepth() == 0 }
            }
        }

        driverTest("timers armed and fired are counted") {
            withServer(echo) { server ->
                server.worker.call {
                    repeat(5) { server.worker.arm(timer { }, 1) }
                    repeat(2) { server.worker.arm(timer { }, TimeUnit.HOURS.toNanos(1)) }
                }
                await { server.worker.snapshot().timersFired() == 5L }
                server.worker.call { server.worker.snapshot().timersArmed() } shouldBe 2
            }
        }

        driverTest("the peak of unsent bytes is that of the fullest connection, and stays") {
            val burst =
                ConnectionHandler {
                    connection,
                    bytes,
                    ->
                    bytes.size().also { connection.write(ByteArray(100_000)) }
                }
            withServer(burst) { server ->
                server.connect().use { client ->
                    client.send("x")
                    client.getInputStream().readNBytes(100_000).size shouldBe 100_000
                }
                server.connect().use { client ->
                    client.send("x")
                    client.getInputStream().readNBytes(100_000).size shouldBe 100_000
                }
                server.worker.snapshot().unsentBytesPeak() shouldBe 100_000
            }
        }

        driverTest("a block pool at its limit is counted each time") {
            withServer(echo, smallConfig().blockPoolBytesMax(1L shl 20).build()) { server ->
                val blocks = server.worker.blocks()
                server.worker.call { repeat(3) { shouldThrow<PoolExhaustedException> { blocks.take(4 shl 20) } } }
                server.worker.snapshot().blockPoolExhaustions() shouldBe 3
            }
        }

        ringTest(RingOnly.THE_RING, "a receive that finds no buffer is counted, and no completion is dropped") {
            withServer(echo, smallConfig().recvBuffersCount(2).build()) { server ->
                val gate = server.worker.block()
                val clients = List(10) { server.connect().apply { send(MESSAGE) } }
                gate.countDown()
                clients.forEach { it.receiveText(MESSAGE.length) shouldBe MESSAGE }
                val snapshot = server.worker.call { server.worker.snapshot() }
                snapshot.buffersExhausted() shouldBeGreaterThan 0
                snapshot.completionsDropped() shouldBe 0
            }
        }
    })

internal fun spinFor(nanos: Long) {
    val began = System.nanoTime()
    while (System.nanoTime() - began < nanos) Thread.onSpinWait()
}

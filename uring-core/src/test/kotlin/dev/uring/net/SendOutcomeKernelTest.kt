package dev.uring.net

import dev.uring.testing.Guarded
import dev.uring.testing.Recorder
import dev.uring.testing.await
import dev.uring.testing.call
import dev.uring.testing.driverTest
import dev.uring.testing.receive
import dev.uring.testing.smallConfig
import dev.uring.testing.withServer
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.comparables.shouldBeGreaterThanOrEqualTo
import io.kotest.matchers.shouldBe
import java.time.Duration
import java.util.concurrent.ConcurrentLinkedQueue

private const val KIB = 1 shl 10
private const val MIB = 1 shl 20

/** What a program is told about its sends: offered, accepted, taken by the kernel, too slow. */
class SendOutcomeKernelTest :
    FunSpec({
        driverTest("tryWrite queues all or nothing, and says why") {
            val recorder = Recorder()
            withServer(recorder, smallConfig().sendHighWaterBytes(64L * KIB).build()) { server ->
                val client = server.connect()
                val guard = Guarded(ByteArray(8))
                recorder.connection().call {
                    tryWrite(ByteArray(63 * KIB), 0, 63 * KIB) shouldBe SendOutcome.QUEUED
                    val lease = worker().lease(2 * KIB).also { it.putBytes(ByteArray(2 * KIB)) }
                    tryWrite(lease) shouldBe SendOutcome.QUEUED
                    lease.isHeld shouldBe false
                    lease.take(8).putLong(1)
                    val before = unsentBytes()
                    tryWrite(lease) shouldBe SendOutcome.FULL
                    tryWrite(guard) shouldBe SendOutcome.FULL
                    tryWrite(ByteArray(1), 0, 1) shouldBe SendOutcome.FULL
                    tryWrite(received()) shouldBe SendOutcome.FULL
                    unsentBytes() shouldBe before
                    // What was refused is still the program's.
                    lease.size() shouldBe 8
                    shutdownOutput()
                    tryWrite(lease) shouldBe SendOutcome.CLOSED
                    tryWrite(guard) shouldBe SendOutcome.CLOSED
                    lease.close()
                }
                client.getInputStream().readAllBytes().size shouldBe 65 * KIB
                guard.releases shouldBe 0
                recorder.connection().call {
                    close()
                    tryWrite(guard) shouldBe SendOutcome.CLOSED
                }
            }
        }

        driverTest("the high-water mark of one connection can be changed, and no other's") {
            val recorder = Recorder()
            withServer(recorder, smallConfig().sendHighWaterBytes(64L * KIB).sendQueueBytesMax(MIB.toLong()).build()) {
                it.connect()
                recorder.connection().call {
                    sendHighWaterBytes() shouldBe 64L * KIB
                    sendHighWaterBytes(KIB.toLong())
                    write(ByteArray(KIB))
                    isWritable shouldBe false
                    sendHighWaterBytes(2L * KIB)
                    isWritable shouldBe true
                    for (refused in listOf(0L, -1L, MIB + 1L)) {
                        shouldThrow<IllegalArgumentException> { sendHighWaterBytes(refused) }.message shouldBe
                            "high-water mark of $refused bytes must be from 1 to sendQueueBytesMax=1048576"
                    }
                    sendHighWaterBytes() shouldBe 2L * KIB
                }
            }
        }

        driverTest("requestSent answers when the bytes before its position are gone, whatever is written behind them") {
            val sentAtCalls = ConcurrentLinkedQueue<Long>()
            val recorder = Recorder(onWritable = { sentAtCalls += it.sentBytesTotal() })
            withServer(recorder) { server ->
                val client = server.connect(receiveBufferBytes = 8 * KIB)
                val connection = recorder.connection()
                connection.call {
                    write(ByteArray(100))
                    writtenBytesTotal() shouldBe 100
                    requestSent(writtenBytesTotal())
                    flush()
                    write(ByteArray(16 * MIB))
                }
                await { sentAtCalls.size == 1 }
                sentAtCalls.first() shouldBeGreaterThanOrEqualTo 100L
                // The rest cannot be gone: nobody reads it.
                connection.call { unsentBytes() > 0 } shouldBe true
                client.receive(16 * MIB + 100)
                await { connection.call { sentBytesTotal() } == 16L * MIB + 100 }
                sentAtCalls.size shouldBe 1
                connection.call { requestSent(5) }
                await { sentAtCalls.size == 2 }
            }
        }

        driverTest("a peer that reads too slowly for requestWritable's time limit is told to the handler once") {
            val timeouts = ConcurrentLinkedQueue<Long>()
            val recorder = Recorder(onWritableTimeout = { timeouts += it.unsentBytes() })
            withServer(recorder) { server ->
                val client = server.connect(receiveBufferBytes = 8 * KIB)
                val connection = recorder.connection()
                connection.call {
                    write(ByteArray(16 * MIB))
                    requestWritable(0, Duration.ofMillis(20))
                }
                await { timeouts.size == 1 }
                connection.call { isOpen } shouldBe true
                client.receive(16 * MIB)
                await { connection.call { unsentBytes() } == 0L }
                // Withdrawn: no onWritable afterwards.
                recorder.events.contains("writable") shouldBe false
                connection.call { requestWritable(0, Duration.ofHours(1)) }
                await { recorder.events.contains("writable") }
                await { server.worker.call { server.worker.snapshot().timersArmed() } == 0 }
                timeouts.size shouldBe 1
            }
        }

        driverTest("unless the handler says otherwise, a peer that is too slow is reset") {
            val recorder = Recorder()
            withServer(recorder) { server ->
                server.connect(receiveBufferBytes = 8 * KIB)
                recorder.connection().call {
                    write(ByteArray(16 * MIB))
                    requestWritable(0, Duration.ofMillis(20))
                }
                recorder.closed()!!.message!!.startsWith("aborted by this side") shouldBe true
            }
        }
    })

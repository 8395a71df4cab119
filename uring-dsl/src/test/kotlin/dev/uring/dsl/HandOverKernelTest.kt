package dev.uring.dsl

import dev.uring.base.ConnectionClosedException
import dev.uring.net.SendGuard
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.comparables.shouldBeLessThan
import io.kotest.matchers.shouldBe
import kotlinx.coroutines.CompletableDeferred
import java.lang.foreign.Arena
import java.lang.foreign.MemorySegment
import java.util.concurrent.atomic.AtomicInteger

class HandOverKernelTest :
    FunSpec({
        driverTest("a suspending handler sends copies, leases and guards in the order of the calls") {
            val released = CompletableDeferred<String>()
            withServer({ conn ->
                conn.write("copy ")
                conn.send(conn.worker.lease(100).also { it.putAscii("lease ") })
                conn.send(guardOf("guard".encodeToByteArray()) { released.complete(Thread.currentThread().name) })
                conn.flush()
            }) { server ->
                server.connect().use { it.receiveTextToEnd() shouldBe "copy lease guard" }
                released.await().startsWith("uring-worker-") shouldBe true
            }
        }

        driverTest("a send of handed-over memory waits for room, as every send does") {
            val parts = 200
            val released = AtomicInteger()
            var unsentAfterSend = 0L
            val bytes = bytesOf(seed = 3, count = 64 shl 10)
            withServer(
                handler = { conn ->
                    repeat(parts) {
                        conn.send(guardOf(bytes) { released.incrementAndGet() })
                        unsentAfterSend = maxOf(unsentAfterSend, conn.unsentBytes)
                    }
                },
                configure = {
                    sendHighWaterBytes(128 shl 10)
                    sendLowWaterBytes(16 shl 10)
                },
            ) { server ->
                server.connect().use { peer ->
                    repeat(parts) { peer.receive(bytes.size) shouldBe bytes }
                    peer.receiveToEnd().size shouldBe 0
                }
            }
            unsentAfterSend shouldBeLessThan (128L shl 10)
            released.get() shouldBe parts
        }

        driverTest("a send after close throws, and what it was handed is given back") {
            val released = CompletableDeferred<Unit>()
            withServer({ conn ->
                conn.close()
                shouldThrow<ConnectionClosedException> { conn.send(guardOf(ByteArray(9)) { released.complete(Unit) }) }
                val lease = conn.worker.lease(9).also { it.putByte(1) }
                shouldThrow<ConnectionClosedException> { conn.send(lease) }
                lease.isHeld shouldBe false
            }) { server ->
                server.connect().use { it.receiveToEnd().size shouldBe 0 }
                released.await()
            }
        }
    })

private fun guardOf(
    bytes: ByteArray,
    onReleased: () -> Unit,
): SendGuard {
    val memory = Arena.ofAuto().allocate(bytes.size.toLong()).copyFrom(MemorySegment.ofArray(bytes))
    return SendGuard.of(memory, onReleased)
}

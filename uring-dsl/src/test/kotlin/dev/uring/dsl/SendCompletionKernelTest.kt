package dev.uring.dsl

import dev.uring.net.SendOutcome
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.longs.shouldBeGreaterThan
import io.kotest.matchers.longs.shouldBeLessThan
import io.kotest.matchers.shouldBe
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.launch
import kotlinx.coroutines.yield
import kotlin.time.Duration.Companion.hours
import kotlin.time.Duration.Companion.milliseconds

class SendCompletionKernelTest :
    FunSpec({
        driverTest("trySend reports a full queue instead of suspending, and a closed connection instead of throwing") {
            withServer({ conn ->
                val block = ByteArray(64 shl 10)
                var queued = 0
                while (conn.trySend(block) == SendOutcome.QUEUED) queued++
                conn.trySend(block, count = 1) shouldBe SendOutcome.FULL
                conn.flush()
                conn.trySend("$queued".encodeToByteArray()) shouldBe SendOutcome.QUEUED
                conn.shutdownOutput()
                conn.trySend(block) shouldBe SendOutcome.CLOSED
            }) { server ->
                server.connect().use {
                    val received = it.receiveToEnd()
                    received.decodeToString(received.size / (64 shl 10) * (64 shl 10)) shouldBe
                        "${received.size / (64 shl 10)}"
                }
            }
        }

        driverTest("a flush waits for what was written before it, and not for what is written behind it") {
            val unsentAfterFlush = CompletableDeferred<Long>()
            val behind = CompletableDeferred<Unit>()
            withServer({ conn ->
                coroutineScope {
                    conn.write(ByteArray(2 shl 20))
                    launch {
                        conn.flush()
                        unsentAfterFlush.complete(conn.unsentBytes)
                    }
                    yield()
                    conn.write(ByteArray(16 shl 20))
                    behind.complete(Unit)
                }
                conn.receive { it.size() }
                conn.abort()
            }) { server ->
                Peer(server.localAddress, receiveBufferBytes = 8 shl 10).use { peer ->
                    behind.await()
                    peer.receive(2 shl 20)
                    // The rest cannot be gone: nobody reads it.
                    unsentAfterFlush.await() shouldBeGreaterThan 0L
                }
            }
        }

        driverTest("a send that finds no room in its time says so, and the bytes are sent all the same") {
            val thrown = CompletableDeferred<SendTimeoutException>()
            val block = bytesOf(seed = 9, count = 8 shl 20)
            withServer({ conn ->
                thrown.complete(shouldThrow<SendTimeoutException> { conn.send(block, timeout = 20.milliseconds) })
                // The same sender waits again: its first limit is over and forgotten.
                conn.send("end", timeout = 1.hours)
            }) { server ->
                server.connect().use { peer ->
                    val failure = thrown.await()
                    failure.timeout shouldBe 20.milliseconds
                    failure.unsentBytes shouldBeGreaterThan 0L
                    failure.message shouldBe
                        """
                        send timed out: /127.0.0.1:${peer.socket.localPort} did not take enough bytes within timeout=20ms, unsentBytes=${failure.unsentBytes}.
                          Likely cause: the peer reads slowly or not at all. Abort the connection, or give it a longer timeout.
                        """.trimIndent()
                    peer.receive(block.size) shouldBe block
                    peer.receiveTextToEnd() shouldBe "end"
                }
            }
        }

        driverTest("a flush has a time limit of its own, and a cancelled one leaves no limit behind") {
            val timedOut = CompletableDeferred<Unit>()
            val block = ByteArray(8 shl 20)
            withServer({ conn ->
                coroutineScope {
                    conn.write(block)
                    val cancelled = launch { conn.flush(timeout = 30.milliseconds) }
                    yield()
                    cancelled.cancelAndJoin()
                    val patient = launch { conn.flush() }
                    shouldThrow<SendTimeoutException> { conn.flush(timeout = 60.milliseconds) }
                    patient.isActive shouldBe true
                    timedOut.complete(Unit)
                    patient.join()
                }
            }) { server ->
                server.connect().use { peer ->
                    timedOut.await()
                    peer.receive(block.size)
                    peer.receiveToEnd().size shouldBe 0
                }
            }
        }

        driverTest("the water marks of one connection can be changed") {
            val unsent = ArrayList<Long>()
            withServer(handler = { conn ->
                conn.sendHighWaterBytes shouldBe (256L shl 10)
                conn.sendLowWaterBytes shouldBe (64L shl 10)
                shouldThrow<IllegalArgumentException> {
                    conn.setSendWaterMarks(
                        lowBytes = 9,
                        highBytes = 8,
                    )
                }.message shouldBe
                    "low-water mark of 9 bytes must be from 0 to the high-water mark of 8 bytes"
                conn.setSendWaterMarks(lowBytes = 0, highBytes = 4 shl 10)
                repeat(2_000) {
                    conn.send(ByteArray(4 shl 10))
                    unsent += conn.unsentBytes
                }
            }, configure = {
                sendHighWaterBytes(256 shl 10)
                sendLowWaterBytes(64 shl 10)
            }) { server ->
                server.connect().use { it.receiveToEnd().size shouldBe 2_000 * (4 shl 10) }
            }
            unsent.max() shouldBeLessThan (4L shl 10)
        }
    })

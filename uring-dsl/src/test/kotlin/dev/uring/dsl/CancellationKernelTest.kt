package dev.uring.dsl

import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.CoroutineStart
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.NonCancellable
import kotlinx.coroutines.awaitCancellation
import kotlinx.coroutines.cancel
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.delay
import kotlinx.coroutines.joinAll
import kotlinx.coroutines.launch
import kotlinx.coroutines.withContext
import kotlinx.coroutines.withTimeout
import kotlinx.coroutines.withTimeoutOrNull
import java.io.ByteArrayOutputStream
import java.util.concurrent.atomic.AtomicInteger
import kotlin.random.Random
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.minutes

/**
 * Cancelling a coroutine at any of its suspension points ends the wait at once and loses no byte in either direction.
 */
class CancellationKernelTest :
    FunSpec({
        driverTest("a cancelled receive throws at once, and the next reader gets what arrives") {
            val cancelled = CompletableDeferred<Unit>()
            withServer({ conn ->
                coroutineScope {
                    val reader =
                        launch(start = CoroutineStart.UNDISPATCHED) {
                            shouldThrow<CancellationException> { conn.receive { it.size() } }.message shouldBe "enough"
                            cancelled.complete(Unit)
                            throw CancellationException("enough")
                        }
                    reader.cancel(CancellationException("enough"))
                    reader.join()
                }
                conn.write("cancelled;")
                conn.receive { view ->
                    conn.write(view)
                    view.size()
                }
            }) { server ->
                server.connect().use {
                    it.receiveText(10) shouldBe "cancelled;"
                    cancelled.await()
                    it.send("kept")
                    it.receiveTextToEnd() shouldBe "kept"
                }
            }
        }

        driverTest("a cancelled coroutine still gets bytes that are there, and its next wait throws") {
            withServer({ conn ->
                conn.parse { if (it.size() < 3) 0 else 1 }
                coroutineScope {
                    launch {
                        cancel()
                        conn.receive { view ->
                            conn.write(view)
                            view.size()
                        }
                        shouldThrow<CancellationException> { conn.receive { it.size() } }
                        conn.write(";thrown")
                    }
                }
            }) { server ->
                server.connect().use {
                    it.send("abc")
                    it.receiveTextToEnd() shouldBe "bc;thrown"
                }
            }
        }

        driverTest("receives cancelled from another thread while bytes arrive lose none and repeat none") {
            val seed = newSeed()
            val sent = ByteArrayOutputStream()
            val received = ByteArrayOutputStream()
            val rounds = AtomicInteger()
            withServer({ conn ->
                val random = Random(seed)
                var isOver = false
                while (!isOver) {
                    val spins = random.nextInt(2_000)
                    coroutineScope {
                        val reader = launch(start = CoroutineStart.UNDISPATCHED) { isOver = readInto(conn, received) }
                        withContext(Dispatchers.Default) {
                            repeat(spins) { Thread.onSpinWait() }
                            reader.cancel()
                        }
                    }
                    rounds.incrementAndGet()
                }
            }) { server ->
                server.connect().use { peer ->
                    val random = Random(seed)
                    while (rounds.get() < CANCELLATIONS) {
                        val bytes = random.nextBytes(random.nextInt(1, 400))
                        peer.send(bytes)
                        sent.write(bytes)
                    }
                    peer.finishSending()
                    peer.receiveToEnd().size shouldBe 0
                }
            }
            received.toByteArray().contentEquals(sent.toByteArray()) shouldBe true
        }

        driverTest("receives cut by withTimeout while bytes arrive lose none and repeat none") {
            val expected = bytesOf(seed = 11, count = 20_000)
            val received = ByteArrayOutputStream()
            withServer({ conn ->
                while (withTimeoutOrNull(1.milliseconds) { readInto(conn, received) } != true) {
                    continue
                }
            }) { server ->
                server.connect().use { peer ->
                    for (from in expected.indices step 10) peer.send(expected, from, 10)
                    peer.finishSending()
                    peer.receiveToEnd().size shouldBe 0
                }
            }
            received.toByteArray().contentEquals(expected) shouldBe true
        }

        driverTest("cancelling a suspended send does not take its bytes back") {
            val cancelled = CompletableDeferred<Unit>()
            var sends = 0
            withServer(
                handler = { conn ->
                    coroutineScope {
                        val sender =
                            launch {
                                while (true) {
                                    sends++
                                    conn.send(ByteArray(BLOCK_BYTES) { sends.toByte() })
                                }
                            }
                        conn.receive { it.size() }
                        sender.cancelAndJoin()
                        cancelled.complete(Unit)
                    }
                },
                configure = { sendHighWaterBytes(64L shl 10) },
            ) { server ->
                Peer(server.localAddress, receiveBufferBytes = 64 shl 10).use { peer ->
                    peer.send("stop")
                    cancelled.await()
                    val received = peer.receiveToEnd()
                    received.size shouldBe sends * BLOCK_BYTES
                    received.indices.all { received[it] == (it / BLOCK_BYTES + 1).toByte() } shouldBe true
                }
            }
        }

        driverTest("cancelling a flush sends what was written all the same") {
            val gaveUp = CompletableDeferred<Unit>()
            withServer(
                handler = { conn ->
                    conn.write(ByteArray(16 shl 20))
                    // More than the socket buffers hold, and the peer has not begun to read.
                    withTimeoutOrNull(20.milliseconds) { conn.flush() } shouldBe null
                    gaveUp.complete(Unit)
                },
                configure = { sendQueueBytesMax(64L shl 20) },
            ) { server ->
                Peer(server.localAddress, receiveBufferBytes = 64 shl 10).use { peer ->
                    gaveUp.await()
                    peer.receiveToEnd().size shouldBe (16 shl 20)
                }
            }
        }

        driverTest("under NonCancellable a receive in a cancelled coroutine waits for its bytes") {
            withServer({ conn ->
                conn.write("ready")
                coroutineScope {
                    launch {
                        cancel()
                        withContext(NonCancellable) {
                            conn.receive { view ->
                                conn.write(view)
                                view.size()
                            }
                        }
                    }
                }
            }) { server ->
                server.connect().use {
                    it.receiveText(5) shouldBe "ready"
                    it.send("goodbye")
                    it.receiveTextToEnd() shouldBe "goodbye"
                }
            }
        }

        driverTest("cancelling one of several waiting senders leaves the others in their turn") {
            val expectedPerSender = 100 * BLOCK_BYTES
            withServer(
                handler = { conn ->
                    coroutineScope {
                        val doomed =
                            launch { while (true) conn.send(ByteArray(BLOCK_BYTES) { 9 }) }
                        val others =
                            List(3) { i -> launch { repeat(100) { conn.send(ByteArray(BLOCK_BYTES) { i.toByte() }) } } }
                        conn.receive { it.size() }
                        doomed.cancelAndJoin()
                        others.joinAll()
                    }
                },
                configure = { sendHighWaterBytes(64L shl 10) },
            ) { server ->
                Peer(server.localAddress, receiveBufferBytes = 64 shl 10).use { peer ->
                    peer.send("stop")
                    val received = peer.receiveToEnd()
                    for (i in 0 until 3) received.count { it == i.toByte() } shouldBe expectedPerSender
                }
            }
        }

        driverTest("onWorker, delay and withTimeout are cancellable from the connection's worker") {
            testUring {
                val server =
                    tcp("127.0.0.1:0") { conn ->
                        coroutineScope {
                            val other = 1 - conn.worker.index()
                            val waiting =
                                listOf(
                                    launch { onWorker(other) { awaitCancellation() } },
                                    launch { delay(Long.MAX_VALUE) },
                                    launch { withTimeout(10.minutes) { awaitCancellation() } },
                                )
                            conn.receive { it.size() }
                            waiting.forEach { it.cancelAndJoin() }
                            conn.write("all cancelled")
                        }
                    }
                withContext(Dispatchers.IO) {
                    server.connect().use {
                        it.send("x")
                        it.receiveTextToEnd() shouldBe "all cancelled"
                    }
                }
                shutdown()
            }
        }
    })

private const val BLOCK_BYTES = 8 shl 10
private const val CANCELLATIONS = 5_000

/** True at the end of input. */
private suspend fun readInto(
    conn: Connection,
    target: ByteArrayOutputStream,
): Boolean {
    while (true) {
        val consumed =
            conn.receive { view ->
                target.write(view.toByteArray())
                view.size()
            }
        if (consumed == Connection.END_OF_INPUT) return true
    }
}

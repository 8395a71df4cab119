package dev.uring.net

import dev.uring.RuntimeConfig
import dev.uring.base.ConnectionLostException
import dev.uring.metrics.WorkerSnapshot
import dev.uring.testing.Guarded
import dev.uring.testing.Recorder
import dev.uring.testing.RingOnly
import dev.uring.testing.TestServer
import dev.uring.testing.await
import dev.uring.testing.call
import dev.uring.testing.leavesNothingBehind
import dev.uring.testing.receive
import dev.uring.testing.reset
import dev.uring.testing.ringTest
import dev.uring.testing.smallConfig
import dev.uring.testing.withServer
import io.kotest.assertions.withClue
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.comparables.shouldBeGreaterThan
import io.kotest.matchers.shouldBe
import io.kotest.matchers.types.shouldBeInstanceOf
import java.net.Socket
import java.time.Duration
import java.util.concurrent.ArrayBlockingQueue
import kotlin.random.Random

private const val KIB = 1 shl 10
private const val MIB = 1 shl 20

/**
 * Zero-copy sends over loopback, where the kernel always copies, but not before the peer has room: with a peer that does
 * not read, notifications are outstanding for as long as a test wants.
 */
class ZeroCopySendKernelTest :
    FunSpec({
        ringTest(RingOnly.ZERO_COPY, "zero-copy is not asked for unless it is configured") {
            val recorder = Recorder()
            withServer(recorder) { server ->
                val client = server.connect()
                recorder.connection().call { write(ByteArray(MIB)) }
                client.receive(MIB)
                server.worker.call { server.worker.snapshot().zeroCopySends() } shouldBe 0
            }
        }

        ringTest(RingOnly.ZERO_COPY, "sends below the threshold copy, and one of its size does not") {
            val recorder = Recorder()
            withServer(recorder, zeroCopyFrom(64 * KIB)) { server ->
                val client = server.connect()
                val connection = recorder.connection()
                for ((bytes, expected) in listOf(64 * KIB - 1 to 0L, 64 * KIB to 1L)) {
                    connection.call { write(ByteArray(bytes)) }
                    client.receive(bytes)
                    connection.call { server.worker.snapshot().zeroCopySends() } shouldBe expected
                }
            }
        }

        ringTest(
            RingOnly.ZERO_COPY,
            "a connection whose bytes are copied all the same stops asking, and says so in the counters",
        ) {
            val recorder = Recorder()
            withServer(recorder, zeroCopyFrom(KIB)) { server ->
                val client = server.connect()
                val connection = recorder.connection()
                repeat(5) { round ->
                    val bytes = ByteArray(16 * KIB) { (it * 31 + round).toByte() }
                    connection.call { write(bytes) }
                    client.receive(bytes.size) shouldBe bytes
                    await { server.counted { zeroCopySendsCopied() } == 1L }
                }
                server.counted { zeroCopySends() } shouldBe 1
            }
        }

        ringTest(RingOnly.ZERO_COPY, "memory of bytes that the peer has not read is held, though they count as sent") {
            val recorder = Recorder()
            withServer(recorder, zeroCopyFrom(KIB)) { server ->
                val client = server.connect(receiveBufferBytes = 4 * KIB)
                val connection = recorder.connection()
                val bytes = Random(1).nextBytes(UNREAD_BYTES)
                val guard = Guarded(bytes)
                connection.call { write(guard) }
                await { connection.call { unsentBytes() } == 0L }
                server.counted { zeroCopySends() } shouldBe 1
                guard.releases shouldBe 0
                client.receive(bytes.size) shouldBe bytes
                await { guard.releases == 1 }
            }
        }

        ringTest(RingOnly.ZERO_COPY, "the next send does not wait for the notification of the one before") {
            val recorder = Recorder()
            withServer(recorder, zeroCopyFrom(KIB)) { server ->
                val client = server.connect(receiveBufferBytes = 4 * KIB)
                val connection = recorder.connection()
                val parts = List(8) { Random(it).nextBytes(UNREAD_BYTES / 8) }
                val guards = parts.map { Guarded(it) }
                for (guard in guards) {
                    connection.call {
                        write(guard)
                        flush()
                    }
                    await { connection.call { unsentBytes() } == 0L }
                }
                server.counted { zeroCopySends() } shouldBeGreaterThan 1L
                guards.last().releases shouldBe 0
                for (part in parts) client.receive(part.size) shouldBe part
                await { guards.all { it.releases == 1 } }
            }
        }

        ringTest(RingOnly.ZERO_COPY, "random parts with and without zero-copy reach a slow reader byte-exact") {
            val seed = System.nanoTime()
            withClue("seed=$seed") {
                val random = Random(seed)
                val handler = ConnectionHandler { _, bytes -> bytes.size() }
                val connections = ArrayBlockingQueue<Connection>(1)
                val acceptor =
                    ConnectionAcceptor {
                        connections.add(it)
                        handler
                    }
                withServer(zeroCopyFrom(1), acceptor) { server ->
                    // Each of them asks until the first notification, which a slow reader puts off.
                    repeat(20) {
                        val client = server.connect(receiveBufferBytes = 8 * KIB)
                        val connection = connections.take()
                        val stream = random.nextBytes(MIB / 4)
                        val guards = ArrayList<Guarded>()
                        val parts = stream.randomParts(random)
                        for (part in parts) {
                            connection.call {
                                if (random.nextBoolean()) write(part) else write(Guarded(part).also(guards::add))
                                if (random.nextBoolean()) flush()
                            }
                        }
                        client.receive(stream.size).contentEquals(stream) shouldBe true
                        await { guards.all { it.releases == 1 } }
                    }
                    server.counted { zeroCopySends() } shouldBeGreaterThan 40L
                }
            }
        }

        ringTest(
            RingOnly.ZERO_COPY,
            "an abort while notifications are outstanding gives the memory back, then ends the connection",
        ) {
            val order = ArrayList<String>()
            val recorder = Recorder(onClosed = { order += "closed" })
            withServer(recorder, zeroCopyFrom(KIB)) { server ->
                server.connect(receiveBufferBytes = 4 * KIB)
                val connection = recorder.connection()
                val guard = Guarded(ByteArray(UNREAD_BYTES)) { order += "released" }
                connection.call { write(guard) }
                await { connection.call { unsentBytes() } == 0L }
                guard.releases shouldBe 0
                connection.call { abort() }
                recorder.closed().shouldBeInstanceOf<ConnectionLostException>()
                await { server.worker.call { order.toList() } == listOf("released", "closed") }
            }
        }

        ringTest(
            RingOnly.ZERO_COPY,
            "a close while notifications are outstanding sends everything before it lets go of the memory",
        ) {
            val recorder = Recorder()
            val config = zeroCopyFrom(KIB) { lingerTimeout(Duration.ofMillis(20)) }
            withServer(recorder, config) { server ->
                val client = server.connect(receiveBufferBytes = 4 * KIB)
                val connection = recorder.connection()
                val bytes = Random(7).nextBytes(UNREAD_BYTES)
                val guard = Guarded(bytes)
                connection.call {
                    write(guard)
                    close()
                }
                await { connection.call { unsentBytes() } == 0L }
                // Longer than the linger time: what is not acknowledged is waited for.
                await { connection.toString().endsWith("RELEASING)") }
                guard.releases shouldBe 0
                recorder.isClosed shouldBe false
                client.getInputStream().readAllBytes() shouldBe bytes
                recorder.closed() shouldBe null
                guard.releases shouldBe 1
            }
        }

        ringTest(RingOnly.ZERO_COPY, "an abort ends a close that waits for notifications") {
            val recorder = Recorder()
            val config = zeroCopyFrom(KIB) { lingerTimeout(Duration.ZERO) }
            withServer(recorder, config) { server ->
                server.connect(receiveBufferBytes = 4 * KIB)
                val connection = recorder.connection()
                val guard = Guarded(ByteArray(UNREAD_BYTES))
                connection.call {
                    write(guard)
                    close()
                }
                await { connection.toString().endsWith("RELEASING)") }
                guard.releases shouldBe 0
                connection.call { abort() }
                recorder.closed()
                await { guard.releases == 1 }
            }
        }

        ringTest(
            RingOnly.ZERO_COPY,
            "a peer that resets while sends and notifications are under way frees everything once",
        ) {
            val recorder = Recorder()
            withServer(recorder, zeroCopyFrom(KIB)) { server ->
                val client = server.connect(receiveBufferBytes = 4 * KIB)
                val connection = recorder.connection()
                val guards = List(100) { Guarded(ByteArray(UNREAD_BYTES)) }
                connection.call { guards.first().let(::write) }
                await { connection.call { unsentBytes() } == 0L }
                connection.call { guards.drop(1).forEach(::write) }
                client.reset()
                recorder.closed().shouldBeInstanceOf<ConnectionLostException>()
                await { guards.all { it.releases == 1 } }
            }
        }

        ringTest(
            RingOnly.ZERO_COPY,
            "a shutdown while notifications are outstanding ends within the drain timeout and its abort",
        ) {
            val recorder = Recorder()
            val config =
                zeroCopyFrom(KIB) {
                    drainTimeout(Duration.ofMillis(50))
                    lingerTimeout(Duration.ZERO)
                }
            lateinit var client: Socket
            val guard = Guarded(ByteArray(UNREAD_BYTES))
            leavesNothingBehind {
                TestServer(config) { recorder }.use { server ->
                    client = server.connect(receiveBufferBytes = 4 * KIB)
                    recorder.connection().call { write(guard) }
                    await { recorder.connection().call { unsentBytes() } == 0L }
                    server.runtime.shutdown()
                    recorder.closed()
                    await { guard.releases == 1 }
                    client.close()
                }
            }
        }
    })

// Fits the send buffer of a fresh socket, and not the window of a peer with a buffer of a page.
private const val UNREAD_BYTES = 48 * KIB

private fun zeroCopyFrom(
    bytes: Int,
    more: RuntimeConfig.Builder.() -> Unit = {},
) = smallConfig().zeroCopySendBytesMin(bytes).apply(more).build()

private fun ByteArray.randomParts(random: Random): List<ByteArray> {
    val parts = ArrayList<ByteArray>()
    var at = 0
    while (at < size) {
        val from = at
        at = minOf(at + random.nextInt(1, 60_000), size)
        parts += copyOfRange(from, at)
    }
    return parts
}

private fun <T> TestServer.counted(of: WorkerSnapshot.() -> T): T = worker.call { worker.snapshot().of() }

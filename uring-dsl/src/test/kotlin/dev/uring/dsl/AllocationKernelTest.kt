package dev.uring.dsl

import com.sun.management.ThreadMXBean
import dev.uring.bytes.ByteReader
import dev.uring.codec.Delimiter
import dev.uring.codec.LengthPrefix
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.doubles.shouldBeLessThan
import io.kotest.matchers.shouldBe
import java.lang.management.ManagementFactory
import kotlin.time.Duration.Companion.seconds

/**
 * What a worker's thread allocates for each request in steady state: nothing.
 *
 * Counted by the JVM for the worker's thread, between two moments in which the client has all its replies and the
 * worker is idle, in rounds. The best round counts. Our own code allocates nothing per request in any round, not even
 * in the interpreter; but every foreign call that captures errno makes the JDK take a slice of the capture segment, 40
 * bytes that disappear once the optimizer has compiled the loop's turn. A real allocation would be there in every
 * round.
 *
 * The gate is not an exact zero because the JVM may use the thread for its own ends, a few hundred bytes once; the
 * smallest object is 16 bytes per request. Surefire runs without `-ea`: with it kotlinx.coroutines is in debug mode and
 * allocates by itself.
 */
class AllocationKernelTest :
    FunSpec({
        driverTest("forEachView and write allocate nothing per request") {
            bytesPerRequest { conn -> conn.forEachView { conn.write(it) } } shouldBeLessThan BYTES_PER_REQUEST_MAX
        }

        driverTest(
            "receive and send allocate nothing per request, also when the length does not fit the Integer cache",
        ) {
            bytesPerRequest(requestBytes = 600) { conn ->
                val copy = ByteArray(600)
                while (true) {
                    val size =
                        conn.receive { view ->
                            view.copyTo(0, copy, 0, view.size())
                            view.size()
                        }
                    if (size == Connection.END_OF_INPUT) break
                    conn.send(copy, 0, size)
                }
            } shouldBeLessThan BYTES_PER_REQUEST_MAX
        }

        driverTest("parse and output allocate nothing per request") {
            bytesPerRequest { conn ->
                do {
                    val hasMessage =
                        conn.parse { view ->
                            if (view.size() < REQUEST_BYTES) {
                                0
                            } else {
                                conn.output.putView(view, 0, REQUEST_BYTES)
                                REQUEST_BYTES
                            }
                        }
                } while (hasMessage)
            } shouldBeLessThan BYTES_PER_REQUEST_MAX
        }

        driverTest("readExactly allocates nothing per request") {
            bytesPerRequest { conn ->
                // Declared once: assigned in a block, it is an object.
                var first = 0
                do {
                    val hasMessage = conn.readExactly(REQUEST_BYTES) { view -> first = view.getInt(0) }
                    if (hasMessage) conn.output.putInt(first).putBytes(padding)
                } while (hasMessage)
            } shouldBeLessThan BYTES_PER_REQUEST_MAX
        }

        driverTest("readFrame and a reader over its payload allocate nothing per request") {
            val framing = LengthPrefix.of(1, 255)
            bytesPerRequest(request = ByteArray(REQUEST_BYTES) { (REQUEST_BYTES - 1).toByte() }) { conn ->
                val reader = ByteReader()
                var sum = 0L
                do {
                    val hasMessage =
                        conn.readFrame(framing) { payload ->
                            reader.over(payload)
                            while (reader.has(8)) sum += reader.readLong()
                            reader.commit()
                        }
                    if (hasMessage) conn.output.putInt(sum.toInt()).putBytes(padding)
                } while (hasMessage)
            } shouldBeLessThan BYTES_PER_REQUEST_MAX
        }

        driverTest("readUntil allocates nothing per request") {
            val line = Delimiter.line(1_000)
            bytesPerRequest(request = ByteArray(REQUEST_BYTES) { if (it < REQUEST_BYTES - 1) 120 else 10 }) { conn ->
                do {
                    val hasLine = conn.readUntil(line) { conn.output.putView(it).putByte('\n'.code) }
                } while (hasLine)
            } shouldBeLessThan BYTES_PER_REQUEST_MAX
        }

        driverTest("receive with a timeout allocates nothing per request") {
            bytesPerRequest { conn -> conn.forEachView(timeout = 20.seconds) { conn.write(it) } } shouldBeLessThan
                BYTES_PER_REQUEST_MAX
        }

        driverTest("a flush that waits for the kernel allocates nothing per request") {
            bytesPerRequest { conn ->
                while (conn.receive { view ->
                        conn.write(view)
                        view.size()
                    } != Connection.END_OF_INPUT
                ) {
                    conn.flush()
                }
            } shouldBeLessThan BYTES_PER_REQUEST_MAX
        }

        driverTest("sends that wait for a slower peer allocate nothing") {
            val block = ByteArray(8 shl 10)
            withServer(
                handler = { conn ->
                    while (conn.receive { it.size() } != Connection.END_OF_INPUT) {
                        repeat(BLOCKS_PER_REQUEST) { conn.send(block) }
                    }
                },
                configure = {
                    workersCount(1)
                    sendHighWaterBytes(32 shl 10)
                    sendLowWaterBytes(8 shl 10)
                },
            ) { server ->
                val meter = onWorker(0) { Meter(Thread.currentThread().threadId()) }
                server.connect().use { peer ->
                    fun request() {
                        peer.send(byteArrayOf(1))
                        repeat(BLOCKS_PER_REQUEST) { peer.receive(block.size) }
                    }
                    val perRequest = meter.bestRound(requests = 10) { request() }
                    perRequest / BLOCKS_PER_REQUEST shouldBeLessThan BYTES_PER_REQUEST_MAX
                }
            }
        }

        driverTest("the meter sees one small object per request") {
            val sink = arrayOfNulls<Any>(1)
            // Small rounds: none of them is below the gate, so all of them are run.
            val perRequest =
                bytesPerRequest(requestsPerRound = REQUESTS_PER_ROUND / 5) { conn ->
                    conn.forEachView {
                        sink[0] = LongArray(1)
                        conn.write(it)
                    }
                }
            (perRequest >= 16) shouldBe true
        }
    })

private const val REQUEST_BYTES = 64

// With a number of 4 bytes in front, as long as a request.
private val padding = ByteArray(REQUEST_BYTES - Int.SIZE_BYTES)
private const val REQUESTS_PER_ROUND = 12_500
private const val ROUNDS_MAX = 12
private const val SERVERS_MAX = 4
private const val BLOCKS_PER_REQUEST = 1_000
private val BYTES_PER_REQUEST_MAX get() = 0.05 + selectorBytes

/** Reads the JVM's count of what one thread has allocated since it started. */
private class Meter(
    private val threadId: Long,
) {
    /** Bytes per request in the best of some rounds; the first one below the gate is good enough. */
    inline fun bestRound(
        requests: Int,
        request: () -> Unit,
    ): Double {
        var best = Double.MAX_VALUE
        repeat(ROUNDS_MAX) {
            val before = allocatedBytes()
            repeat(requests) { request() }
            best = minOf(best, (allocatedBytes() - before).toDouble() / requests)
            if (best < BYTES_PER_REQUEST_MAX) return best
        }
        return best
    }

    fun allocatedBytes(): Long = threads.getThreadAllocatedBytes(threadId)

    private companion object {
        val threads = ManagementFactory.getThreadMXBean() as ThreadMXBean
    }
}

/** Round trips of [requestBytes] bytes, each answered with as many, against one worker. */
private suspend fun bytesPerRequest(
    requestBytes: Int = REQUEST_BYTES,
    request: ByteArray = bytesOf(seed = 1, count = requestBytes),
    requestsPerRound: Int = REQUESTS_PER_ROUND,
    handler: suspend (Connection) -> Unit,
): Double {
    var best = Double.MAX_VALUE
    var servers = 0
    // What the JVM has compiled for one worker's loop need not be what it has for the next: twice in dozens of builds no round
    // of a server was without, and the next server's first was.
    while (best >= BYTES_PER_REQUEST_MAX && servers++ < SERVERS_MAX) {
        withServer(handler, configure = { workersCount(1) }) { server ->
            val meter = onWorker(0) { Meter(Thread.currentThread().threadId()) }
            server.connect().use { peer ->
                val round =
                    meter.bestRound(requestsPerRound) {
                        peer.send(request)
                        peer.receive(requestBytes)
                    }
                best = minOf(best, round)
            }
        }
    }
    return best
}

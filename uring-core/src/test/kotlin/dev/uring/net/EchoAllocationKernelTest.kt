package dev.uring.net

import com.sun.management.ThreadMXBean
import dev.uring.RuntimeConfig
import dev.uring.testing.TestServer
import dev.uring.testing.call
import dev.uring.testing.driverTest
import dev.uring.testing.selectorBytes
import dev.uring.testing.smallConfig
import dev.uring.testing.withServer
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.comparables.shouldBeLessThan
import java.lang.management.ManagementFactory
import java.net.Socket

private const val WARM_UP_ROUND_TRIPS = 20_000
private const val ROUND_TRIPS = 20_000

// The compiler works beside the test: on a busy machine a method that it has not reached yet allocates what it would
// elide. What the library itself allocates is there in every round.
private const val ROUNDS_MAX = 10

// One object of the smallest size in 160 round trips would be 0.1 byte for each: what the virtual machine does by itself
// on the worker's thread stays below, what the library does for a request does not.
private val BYTES_PER_REQUEST_MAX get() = 0.1 + selectorBytes

private val threads = ManagementFactory.getThreadMXBean() as ThreadMXBean

class EchoAllocationKernelTest :
    FunSpec({
        val naive = ConnectionHandler { connection, bytes -> bytes.size().also { connection.write(bytes) } }

        for ((handler, name) in listOf(naive to "an echo", PoliteEcho() to "an echo with back-pressure")) {
            driverTest("$name of 64 bytes allocates nothing in steady state") {
                allocatedBytesPerRequest(handler, requestBytes = 64) shouldBeLessThan BYTES_PER_REQUEST_MAX
            }

            driverTest("$name of 64 bytes, sixteen at a time, allocates nothing in steady state") {
                allocatedBytesPerRequest(handler, requestBytes = 64, pipeline = 16) shouldBeLessThan
                    BYTES_PER_REQUEST_MAX
            }

            driverTest("$name of 16 KiB, sent from where it was received, allocates nothing in steady state") {
                allocatedBytesPerRequest(handler, requestBytes = 16 shl 10) shouldBeLessThan BYTES_PER_REQUEST_MAX
            }
        }

        driverTest("messages that straddle receive buffers allocate nothing in steady state") {
            val framed =
                ConnectionHandler { connection, bytes ->
                    val whole = bytes.size() / 1500 * 1500
                    if (whole > 0) connection.write(bytes, 0, whole)
                    whole
                }
            val config = smallConfig().recvBufferBytes(1 shl 10).recvHeadroomBytes(256).build()
            allocatedBytesPerRequest(framed, requestBytes = 1500, config = config) shouldBeLessThan
                BYTES_PER_REQUEST_MAX
        }

        driverTest("the measurement sees what a handler allocates") {
            val wasteful =
                ConnectionHandler { connection, bytes ->
                    connection.write(bytes.toByteArray())
                    bytes.size()
                }
            val wasted = allocatedBytesPerRequest(wasteful, requestBytes = 64)
            BYTES_PER_REQUEST_MAX shouldBeLessThan wasted
        }
    })

private fun allocatedBytesPerRequest(
    handler: ConnectionHandler,
    requestBytes: Int,
    pipeline: Int = 1,
    config: RuntimeConfig = smallConfig().build(),
): Double =
    withServer(handler, config) { server ->
        val client = server.connect()
        val worker = server.workerThreadId()
        val batch = ByteArray(requestBytes * pipeline) { it.toByte() }
        client.roundTrips(WARM_UP_ROUND_TRIPS / pipeline, batch)
        var least = Double.MAX_VALUE
        var rounds = 0
        while (least >= BYTES_PER_REQUEST_MAX && rounds++ < ROUNDS_MAX) {
            val before = threads.getThreadAllocatedBytes(worker)
            client.roundTrips(ROUND_TRIPS / pipeline, batch)
            val allocated = threads.getThreadAllocatedBytes(worker) - before
            least = minOf(least, allocated.toDouble() / ROUND_TRIPS)
        }
        least
    }

private fun TestServer.workerThreadId(): Long = worker.call { Thread.currentThread().threadId() }

private fun Socket.roundTrips(
    count: Int,
    batch: ByteArray,
) {
    val reply = ByteArray(batch.size)
    repeat(count) {
        getOutputStream().write(batch)
        check(getInputStream().readNBytes(reply, 0, reply.size) == reply.size) { "connection ended" }
    }
    check(reply.contentEquals(batch)) { "wrong bytes came back" }
}

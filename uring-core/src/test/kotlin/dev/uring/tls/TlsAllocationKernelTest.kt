package dev.uring.tls

import com.sun.management.ThreadMXBean
import dev.uring.bytes.ByteView
import dev.uring.net.Connection
import dev.uring.net.ConnectionHandler
import dev.uring.net.SendGuard
import dev.uring.testing.TestCertificates
import dev.uring.testing.TestServer
import dev.uring.testing.call
import dev.uring.testing.selectorBytes
import dev.uring.testing.smallConfig
import dev.uring.testing.tlsTest
import dev.uring.testing.withServer
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.comparables.shouldBeLessThan
import java.lang.foreign.Arena
import java.lang.foreign.MemorySegment
import java.lang.management.ManagementFactory
import java.net.Socket

private const val WARM_UP_ROUND_TRIPS = 20_000
private const val ROUND_TRIPS = 20_000
private const val ROUNDS_MAX = 10
private val BYTES_PER_REQUEST_MAX get() = 0.1 + selectorBytes
private const val RECORD_BYTES_MAX = 16_000

private val threads = ManagementFactory.getThreadMXBean() as ThreadMXBean

/** With an engine that encrypts nothing and allocates nothing, what is left is what the layer allocates. */
class TlsAllocationKernelTest :
    FunSpec({
        for (provider in listOf(TlsProvider.JDK, TlsProvider.CONSCRYPT)) {
            for ((size, pipeline) in listOf(64 to 1, 64 to 16, 16_000 to 1)) {
                tlsTest("$pipeline records of $size bytes at a time allocate nothing beyond what $provider does") {
                    allocatedBytesPerRequest(provider, size, pipeline) { echo } shouldBeLessThan BYTES_PER_REQUEST_MAX
                }
            }

            for (size in listOf(64, 40_000)) {
                tlsTest("a reply of $size bytes that is handed over allocates nothing beyond what $provider does") {
                    allocatedBytesPerRequest(provider, size, 1) { GuardedReply(size) } shouldBeLessThan
                        BYTES_PER_REQUEST_MAX
                }
            }
        }
    })

private fun allocatedBytesPerRequest(
    provider: TlsProvider,
    replyBytes: Int,
    pipeline: Int,
    handler: () -> ConnectionHandler,
): Double {
    val own = TestCertificates.ec.credentials
    val settings =
        TlsServerOptions
            .builder()
            .credentials(own)
            .provider(provider)
            .build()
    val engine = { if (provider == TlsProvider.JDK) ClearEngine() else KeepingEngine() }
    val recordBytes = minOf(replyBytes, RECORD_BYTES_MAX)
    return withServer(smallConfig().build(), { TlsOpening(settings, engine(), { handler() }, null) }) { server ->
        val client = server.connect()
        val worker = server.workerThreadId()
        val record = byteArrayOf(23, 3, 3, (recordBytes shr 8).toByte(), recordBytes.toByte()) + ByteArray(recordBytes)
        val batch = ByteArray(record.size * pipeline) { record[it % record.size] }
        client.roundTrips(WARM_UP_ROUND_TRIPS / pipeline, batch, replyBytes * pipeline)
        var least = Double.MAX_VALUE
        var rounds = 0
        while (least >= BYTES_PER_REQUEST_MAX && rounds++ < ROUNDS_MAX) {
            val before = threads.getThreadAllocatedBytes(worker)
            client.roundTrips(ROUND_TRIPS / pipeline, batch, replyBytes * pipeline)
            least = minOf(least, (threads.getThreadAllocatedBytes(worker) - before).toDouble() / ROUND_TRIPS)
        }
        // In order, so that the connection's end is not one of those that are measured.
        client.shutdownOutput()
        least
    }
}

private fun TestServer.workerThreadId(): Long = worker.call { Thread.currentThread().threadId() }

// The reply's records need not be the request's: only the bytes in them count.
private fun Socket.roundTrips(
    count: Int,
    batch: ByteArray,
    payloadBytes: Int,
) {
    val header = ByteArray(HEADER_BYTES)
    val payload = ByteArray(1 shl 14)
    repeat(count) {
        getOutputStream().write(batch)
        var received = 0
        while (received < payloadBytes) {
            check(getInputStream().readNBytes(header, 0, HEADER_BYTES) == HEADER_BYTES) { "connection ended" }
            val length = (header[3].toInt() and 0xFF shl 8) or (header[4].toInt() and 0xFF)
            check(getInputStream().readNBytes(payload, 0, length) == length) { "connection ended" }
            received += length
        }
        check(received == payloadBytes) { "received $received bytes" }
    }
}

/** Answers each arrival with the same memory, which is its own again before the next. */
private class GuardedReply(
    bytes: Int,
) : ConnectionHandler,
    SendGuard {
    private val memory = Arena.ofAuto().allocate(bytes.toLong())

    override fun onReceive(
        connection: Connection,
        bytes: ByteView,
    ): Int {
        connection.write(this)
        return bytes.size()
    }

    override fun memory(): MemorySegment = memory

    override fun released() = Unit
}

package dev.uring.dsl

import com.sun.management.ThreadMXBean
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.doubles.shouldBeGreaterThan
import io.kotest.matchers.doubles.shouldBeLessThan
import java.lang.management.ManagementFactory
import java.nio.ByteBuffer
import java.nio.channels.DatagramChannel
import kotlin.time.Duration.Companion.seconds

/** What a worker's thread allocates for each datagram in steady state: nothing. Measured as for connections. */
class UdpAllocationKernelTest :
    FunSpec({
        driverTest("forEachDatagram and trySend allocate nothing per datagram") {
            bytesPerDatagram { socket ->
                socket.forEachDatagram { payload, peer -> socket.trySend(payload, peer) }
            } shouldBeLessThan BYTES_PER_DATAGRAM_MAX
        }

        driverTest("receive with a timeout and a suspending send allocate nothing per datagram") {
            bytesPerDatagram { socket ->
                val copy = ByteArray(DATAGRAM_BYTES)
                var to: dev.uring.net.UdpPeer? = null
                while (socket.receive(timeout = 20.seconds) { payload, peer ->
                        payload.copyTo(0, copy, 0, DATAGRAM_BYTES)
                        if (to != peer) to = peer.copy()
                    }
                ) {
                    socket.send(copy, to)
                }
            } shouldBeLessThan BYTES_PER_DATAGRAM_MAX
        }

        driverTest("the meter sees one small object per datagram") {
            // Small rounds: none of them is below the gate, so all of them are run.
            bytesPerDatagram(datagramsPerRound = DATAGRAMS_PER_ROUND / 10) { socket ->
                socket.forEachDatagram { payload, peer -> socket.trySend(payload, peer.copy()) }
            } shouldBeGreaterThan 16.0
        }
    })

private const val DATAGRAM_BYTES = 64
private const val DATAGRAMS_PER_ROUND = 20_000
private const val ROUNDS_MAX = 30
private val BYTES_PER_DATAGRAM_MAX get() = 0.05 + selectorBytes

private val threads = ManagementFactory.getThreadMXBean() as ThreadMXBean

/** Bytes per datagram in the best of some rounds; the first one below the gate is good enough. */
private suspend fun bytesPerDatagram(
    datagramsPerRound: Int = DATAGRAMS_PER_ROUND,
    handler: suspend (UdpSocket) -> Unit,
): Double {
    var best = Double.MAX_VALUE
    withUdpServer(handler, configure = { workersCount(1) }) { server ->
        val worker = onWorker(0) { Thread.currentThread().threadId() }
        DatagramChannel.open().use { channel ->
            channel.connect(server.localAddress)
            val out = ByteBuffer.allocateDirect(DATAGRAM_BYTES)
            val back = ByteBuffer.allocateDirect(DATAGRAM_BYTES + 1)
            var rounds = 0
            while (best >= BYTES_PER_DATAGRAM_MAX && rounds++ < ROUNDS_MAX) {
                val before = threads.getThreadAllocatedBytes(worker)
                repeat(datagramsPerRound) {
                    channel.write(out.clear())
                    check(channel.read(back.clear()) == DATAGRAM_BYTES) { "wrong size came back" }
                }
                val allocated = threads.getThreadAllocatedBytes(worker) - before
                best = minOf(best, allocated.toDouble() / datagramsPerRound)
            }
        }
    }
    return best
}

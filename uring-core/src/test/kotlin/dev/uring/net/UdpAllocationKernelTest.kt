package dev.uring.net

import com.sun.management.ThreadMXBean
import dev.uring.testing.TestUdp
import dev.uring.testing.driverTest
import dev.uring.testing.selectorBytes
import dev.uring.testing.withUdp
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.comparables.shouldBeGreaterThan
import io.kotest.matchers.comparables.shouldBeLessThan
import java.lang.management.ManagementFactory
import java.net.InetSocketAddress
import java.nio.ByteBuffer
import java.nio.channels.DatagramChannel

private const val ROUND_TRIPS = 20_000
private const val ROUNDS_MAX = 12

// As for streams: below the smallest object in 160 round trips.
private val BYTES_PER_DATAGRAM_MAX get() = 0.1 + selectorBytes

private val threads = ManagementFactory.getThreadMXBean() as ThreadMXBean

/**
 * The best of some rounds counts: every foreign call that captures errno allocates 40 bytes until the optimizer has
 * compiled the loop's turn. A real allocation would be there in every round.
 */
class UdpAllocationKernelTest :
    FunSpec({
        val echo = UdpHandler { socket, payload, peer -> socket.send(payload, peer) }

        for (bytes in listOf(64, 1200)) {
            driverTest("an echo of $bytes bytes allocates nothing in steady state") {
                withUdp { allocatedBytesPerDatagram(it, echo, bytes) shouldBeLessThan BYTES_PER_DATAGRAM_MAX }
            }
        }

        driverTest("an echo of eight datagrams at a time allocates nothing in steady state") {
            withUdp {
                allocatedBytesPerDatagram(it, echo, bytes = 64, batch = 8) shouldBeLessThan BYTES_PER_DATAGRAM_MAX
            }
        }

        driverTest("looking up who sent it allocates nothing in steady state") {
            val counts = HashMap<UdpPeer, IntArray>()
            val counting =
                UdpHandler { socket, payload, peer ->
                    val count = counts[peer] ?: IntArray(1).also { counts[peer.copy()] = it }
                    count[0]++
                    socket.send(payload, peer)
                }
            withUdp { allocatedBytesPerDatagram(it, counting, bytes = 64) shouldBeLessThan BYTES_PER_DATAGRAM_MAX }
        }

        driverTest("the measurement sees what a handler allocates") {
            val wasteful = UdpHandler { socket, payload, peer -> socket.send(payload.toByteArray(), peer) }
            withUdp { allocatedBytesPerDatagram(it, wasteful, bytes = 64) shouldBeGreaterThan BYTES_PER_DATAGRAM_MAX }
        }
    })

private fun allocatedBytesPerDatagram(
    udp: TestUdp,
    handler: UdpHandler,
    bytes: Int,
    batch: Int = 1,
): Double {
    val socket = udp.open(handler)
    val worker =
        udp.runtime
            .snapshots()
            .indices
            .map { index -> Thread.getAllStackTraces().keys.single { it.name == "uring-worker-$index" } }
            .single()
            .threadId()
    DatagramChannel.open().use { channel ->
        channel.connect(InetSocketAddress("127.0.0.1", socket.localAddress().port))
        val out = ByteBuffer.allocateDirect(bytes)
        val back = ByteBuffer.allocateDirect(bytes + 1)

        fun roundTrips(count: Int) =
            repeat(count / batch) {
                repeat(batch) { channel.write(out.clear()) }
                repeat(batch) { check(channel.read(back.clear()) == bytes) { "wrong size came back" } }
            }
        var best = Double.MAX_VALUE
        repeat(ROUNDS_MAX) {
            val before = threads.getThreadAllocatedBytes(worker)
            roundTrips(ROUND_TRIPS)
            best = minOf(best, (threads.getThreadAllocatedBytes(worker) - before).toDouble() / ROUND_TRIPS)
            if (best < BYTES_PER_DATAGRAM_MAX) return best
        }
        return best
    }
}

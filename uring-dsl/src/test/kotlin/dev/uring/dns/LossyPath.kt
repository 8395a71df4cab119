package dev.uring.dns

import java.io.Closeable
import java.io.IOException
import java.net.DatagramPacket
import java.net.DatagramSocket
import java.net.InetAddress
import java.net.InetSocketAddress
import java.util.concurrent.atomic.AtomicInteger
import kotlin.concurrent.thread
import kotlin.random.Random

/** Between a resolver and a name server: of the datagrams in each direction every fifth one is lost, by lot. */
internal class LossyPath(
    private val server: InetSocketAddress,
    seed: Long,
) : Closeable {
    private val random = Random(seed)
    private val front = DatagramSocket(InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
    private val lost = AtomicInteger()
    private val forwarder = thread(isDaemon = true, name = "lossy-path") { runCatching { forward() } }

    val address: InetSocketAddress get() = front.localSocketAddress as InetSocketAddress
    val lostCount: Int get() = lost.get()

    override fun close() {
        front.close()
        forwarder.join()
    }

    private fun forward() {
        val packet = DatagramPacket(ByteArray(DATAGRAM_BYTES_MAX), DATAGRAM_BYTES_MAX)
        while (true) {
            packet.length = DATAGRAM_BYTES_MAX
            front.receive(packet)
            val client = packet.socketAddress
            val question = packet.data.copyOf(packet.length)
            if (isLost()) continue
            // One socket for each question: an answer finds the way back to whoever has asked it.
            thread(isDaemon = true, name = "lossy-path-question") {
                try {
                    ask(question)?.let { front.send(DatagramPacket(it, it.size, client)) }
                } catch (_: IOException) {
                    // The test is over.
                }
            }
        }
    }

    private fun ask(question: ByteArray): ByteArray? =
        DatagramSocket().use { back ->
            back.soTimeout = ANSWER_MILLIS_MAX
            back.send(DatagramPacket(question, question.size, server))
            val answer = DatagramPacket(ByteArray(DATAGRAM_BYTES_MAX), DATAGRAM_BYTES_MAX)
            back.receive(answer)
            if (isLost()) null else answer.data.copyOf(answer.length)
        }

    @Synchronized
    private fun isLost(): Boolean = (random.nextInt(LOST_ONE_IN) == 0).also { if (it) lost.incrementAndGet() }

    private companion object {
        const val LOST_ONE_IN = 5
        const val DATAGRAM_BYTES_MAX = 4096
        const val ANSWER_MILLIS_MAX = 10_000
    }
}

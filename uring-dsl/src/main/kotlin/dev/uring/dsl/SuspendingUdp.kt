package dev.uring.dsl

import dev.uring.bytes.ByteView
import dev.uring.net.UdpHandler
import dev.uring.net.UdpPeer
import kotlinx.coroutines.Job
import kotlinx.coroutines.NonCancellable
import kotlinx.coroutines.withContext
import dev.uring.net.UdpSocket as CoreUdpSocket

/**
 * Takes the events of one core socket to the coroutines that wait on its suspending face.
 *
 * Thread: the socket's worker.
 */
internal class SuspendingUdp(
    private val core: CoreUdpSocket,
) : UdpHandler {
    val socket = UdpSocket(core)
    private val closed = Job()

    var onOpened: () -> Unit = {}

    override fun onOpen(s: CoreUdpSocket) = onOpened()

    override fun onDatagram(
        s: CoreUdpSocket,
        payload: ByteView,
        peer: UdpPeer,
    ) = socket.input.handleDatagram()

    override fun onWritable(s: CoreUdpSocket) = socket.outgoing.handleWritable()

    override fun onError(
        s: CoreUdpSocket,
        errno: Int,
    ) = socket.onNetworkError(errno)

    override fun onDrain(s: CoreUdpSocket) = drain()

    override fun onClosed(
        s: CoreUdpSocket,
        causeOrNull: Throwable?,
    ) {
        closed.complete()
        socket.input.handleClosed(causeOrNull)
        socket.outgoing.handleClosed(causeOrNull)
    }

    /** Lets the reader go home; what it still sends is sent. */
    fun drain() = socket.input.end()

    /** Runs [block] and closes the socket, whatever [block] does; returns when the descriptor is closed. */
    suspend inline fun <T> closing(block: () -> T): T {
        var isDone = false
        try {
            return block().also { isDone = true }
        } finally {
            if (isDone) socket.close() else socket.abort()
            withContext(NonCancellable) { closed.join() }
        }
    }
}

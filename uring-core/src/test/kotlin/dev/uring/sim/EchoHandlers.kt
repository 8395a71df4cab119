package dev.uring.sim

import dev.uring.bytes.ByteView
import dev.uring.net.Connection
import dev.uring.net.ConnectionHandler

/** Sends back what comes; stops reading while what it has to send is not taken. */
internal object EchoHandler : ConnectionHandler {
    override fun onReceive(
        connection: Connection,
        bytes: ByteView,
    ): Int {
        connection.write(bytes)
        if (!connection.isWritable) {
            connection.pauseReceive()
            connection.requestWritable(0)
        }
        return bytes.size()
    }

    override fun onWritable(connection: Connection) = connection.resumeReceive()
}

/** Sends [total] bytes of a pattern and wants them back; then says that it is done, and wants to hear the same. */
internal open class EchoCaller(
    private val pattern: StreamPattern,
    private val total: Long,
    private val chunk: (Int) -> Int,
) : ConnectionHandler {
    var sent = 0L
        private set
    var received = 0L
        private set
    var isEnded = false
        private set
    var isClosed = false
        private set

    /** What is wrong with what came. */
    var failure: String? = null
        private set

    /** Why the connection ended, when it was lost. */
    var lostBy: Throwable? = null
        private set

    val isDone: Boolean get() = received == total && isEnded

    override fun onOpen(connection: Connection) = sendMore(connection)

    override fun onWritable(connection: Connection) = sendMore(connection)

    override fun onReceive(
        connection: Connection,
        bytes: ByteView,
    ): Int {
        failure = failure ?: pattern.check(bytes, received)
        received += bytes.size()
        if (received > total) failure = failure ?: "$received bytes came back of $total"
        return bytes.size()
    }

    override fun onEnd(connection: Connection) {
        isEnded = true
        if (received < total) failure = failure ?: "the stream ended after $received bytes of $total"
        connection.close()
    }

    override fun onClosed(
        connection: Connection,
        cause: Throwable?,
    ) {
        isClosed = true
        lostBy = cause
    }

    private fun sendMore(connection: Connection) {
        if (!connection.isOpen || sent > total) return
        if (sent == total) {
            sent++
            connection.shutdownOutput()
            return
        }
        val count = chunk(minOf(total - sent, CHUNK_MAX).toInt()).coerceAtLeast(1)
        connection.write(pattern.bytes(sent, count))
        sent += count
        connection.requestWritable(count.toLong())
    }

    private companion object {
        const val CHUNK_MAX = 16_384L
    }
}

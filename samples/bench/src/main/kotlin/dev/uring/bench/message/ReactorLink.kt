package dev.uring.bench.message

import java.nio.ByteBuffer
import java.nio.channels.SelectionKey
import java.nio.channels.SocketChannel

/** One end of a connection of [ReactorMessages]. Thread: the reactor's. */
internal class ReactorLink(
    private val channel: SocketChannel,
    val isServer: Boolean,
    val index: Int,
) {
    private val header = ByteBuffer.allocateDirect(HEADER_BYTES)
    private var body: ByteBuffer? = null
    private val unsent = ArrayDeque<ByteBuffer>()
    lateinit var key: SelectionKey

    val isValid: Boolean get() = channel.isOpen
    val isToDelete: Boolean get() = !channel.isOpen && unsent.isEmpty()

    fun awaitWhatItNeeds() {
        val reading = SelectionKey.OP_READ
        val wanted = if (unsent.isEmpty()) reading else reading or SelectionKey.OP_WRITE
        if (key.interestOps() != wanted) key.interestOps(wanted)
    }

    fun queue(bytes: ByteArray) {
        unsent.addLast(ByteBuffer.allocate(HEADER_BYTES).putLong(LENGTH_AT, bytes.size.toLong()))
        if (bytes.isNotEmpty()) unsent.addLast(ByteBuffer.wrap(bytes))
    }

    /** Each part by a call of its own. */
    fun send() {
        while (true) {
            val first = unsent.firstOrNull() ?: break
            channel.write(first)
            if (first.hasRemaining()) break
            unsent.removeFirst()
        }
    }

    /** Until nothing is there any more. */
    fun receive(deliver: (ByteArray) -> Unit) {
        while (true) deliver(next() ?: return)
    }

    private fun next(): ByteArray? {
        if (header.hasRemaining()) {
            check(channel.read(header) >= 0) { "the peer has ended the connection" }
            if (header.hasRemaining()) return null
            body = ByteBuffer.allocate(header.getLong(LENGTH_AT).toInt())
        }
        val present = checkNotNull(body)
        if (present.hasRemaining()) channel.read(present)
        if (present.hasRemaining()) return null
        header.clear()
        return present.array()
    }

    private companion object {
        const val HEADER_BYTES = 16
        const val LENGTH_AT = 8
    }
}

package dev.uring.conformance

import dev.uring.bytes.ByteView
import dev.uring.net.Connection
import dev.uring.net.ConnectionHandler
import java.io.ByteArrayOutputStream
import java.util.concurrent.atomic.AtomicReference

/**
 * One side of a connection: takes everything that comes, keeps it, and remembers what happened. Does nothing of its own
 * accord: what a scenario wants done in a call it gives.
 */
internal class End(
    private val onOpen: (Connection) -> Unit = {},
    private val take: (Connection, ByteView) -> Int = { _, bytes -> bytes.size() },
    private val onEnd: (Connection) -> Unit = {},
    private val onDrain: (Connection) -> Unit = { it.close() },
    private val onReceiveTimeout: (Connection) -> Unit = { it.abort() },
    private val onWritable: (Connection) -> Unit = {},
) : ConnectionHandler {
    private val opened = AtomicReference<Connection>()
    private val bytes = ByteArrayOutputStream()
    private val happened = mutableListOf<String>()

    @Volatile
    private var end: Ended? = null

    /** Calls so far, in their order; receives left out. */
    val events: List<String> get() = synchronized(happened) { happened.toList() }
    val isOpened: Boolean get() = opened.get() != null
    val connection: Connection get() = checkNotNull(opened.get()) { "not open yet" }
    val received: ByteArray get() = synchronized(bytes) { bytes.toByteArray() }
    val receivedCount: Int get() = synchronized(bytes) { bytes.size() }
    val isClosed: Boolean get() = end != null

    /** Why it ended; null when in order. */
    val cause: Throwable? get() = checkNotNull(end) { "not closed: $events" }.cause

    private class Ended(
        val cause: Throwable?,
    )

    override fun onOpen(connection: Connection) {
        note("open")
        opened.set(connection)
        onOpen.invoke(connection)
    }

    override fun onReceive(
        connection: Connection,
        bytes: ByteView,
    ): Int {
        check(!isClosed) { "received after the last call" }
        val taken = take(connection, bytes)
        check(taken in 0..bytes.size()) { "taken=$taken of ${bytes.size()}" }
        synchronized(this.bytes) {
            for (i in 0 until taken) this.bytes.write(bytes.get(i).toInt())
        }
        return taken
    }

    override fun onEnd(connection: Connection) {
        note("end")
        onEnd.invoke(connection)
    }

    override fun onReceiveTimeout(connection: Connection) {
        note("receive timeout")
        onReceiveTimeout.invoke(connection)
    }

    override fun onWritable(connection: Connection) {
        note("writable")
        onWritable.invoke(connection)
    }

    override fun onDrain(connection: Connection) {
        note("drain")
        onDrain.invoke(connection)
    }

    override fun onClosed(
        connection: Connection,
        cause: Throwable?,
    ) {
        check(end == null) { "closed twice" }
        note("closed")
        end = Ended(cause)
    }

    private fun note(event: String) {
        synchronized(happened) { happened += event }
    }
}

/** An end that sends back what it takes, and its end of output after the peer's. */
internal fun echoing() =
    End(
        take = { connection, bytes -> bytes.size().also { connection.write(bytes) } },
        onEnd = { it.close() },
    )

/** Sends [bytes] from [end] in pieces, each of which has left before the next is given. */
internal fun Stage.feed(
    end: End,
    bytes: ByteArray,
    feeder: Feeder,
) {
    var from = 0
    for (count in feeder.pieces(bytes.size)) {
        val at = from
        on(end.connection) {
            write(bytes, at, count)
            flush()
        }
        from += count
    }
}

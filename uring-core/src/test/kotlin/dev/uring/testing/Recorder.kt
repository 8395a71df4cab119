package dev.uring.testing

import dev.uring.bytes.ByteView
import dev.uring.net.Connection
import dev.uring.net.ConnectionHandler
import java.util.concurrent.CompletableFuture
import java.util.concurrent.ConcurrentLinkedQueue
import java.util.concurrent.TimeUnit

/** Records every call of one connection, and does in each what the test wants done. */
internal class Recorder(
    private val onOpen: (Connection) -> Unit = {},
    private val onReceive: (Connection, ByteView) -> Int = { _, bytes -> bytes.size() },
    private val onEnd: (Connection) -> Unit = { it.close() },
    private val onWritable: (Connection) -> Unit = {},
    private val onWritableTimeout: (Connection) -> Unit = { it.abort() },
    private val onDrain: (Connection) -> Unit = { it.close() },
    private val onClosed: (Connection) -> Unit = {},
) : ConnectionHandler {
    private val recorded = ConcurrentLinkedQueue<String>()
    private val opened = CompletableFuture<Connection>()
    private val closed = CompletableFuture<Throwable?>()
    private var isInside = false

    /** The calls so far, without repetitions of one that follow each other. */
    val events: List<String> get() =
        recorded.fold(emptyList()) { all, it ->
            if (all.lastOrNull() ==
                it
            ) {
                all
            } else {
                all + it
            }
        }

    fun connection(): Connection = opened.get(PATIENCE_SECONDS, TimeUnit.SECONDS)

    /** Waits for the last call and returns its cause. */
    fun closed(): Throwable? = closed.get(PATIENCE_SECONDS, TimeUnit.SECONDS)

    val isClosed: Boolean get() = closed.isDone

    override fun onOpen(connection: Connection) =
        record("open") {
            opened.complete(connection)
            onOpen.invoke(connection)
        }

    override fun onReceive(
        connection: Connection,
        bytes: ByteView,
    ): Int = record("receive") { onReceive.invoke(connection, bytes) }

    override fun onEnd(connection: Connection) = record("end") { onEnd.invoke(connection) }

    override fun onWritable(connection: Connection) = record("writable") { onWritable.invoke(connection) }

    override fun onWritableTimeout(connection: Connection) =
        record("writable timeout") { onWritableTimeout.invoke(connection) }

    override fun onDrain(connection: Connection) = record("drain") { onDrain.invoke(connection) }

    override fun onClosed(
        connection: Connection,
        cause: Throwable?,
    ) = record("closed") {
        closed.complete(cause)
        onClosed.invoke(connection)
    }

    private fun <T> record(
        event: String,
        body: () -> T,
    ): T {
        check(!isInside) { "$event is nested in ${recorded.last()}" }
        check(!closed.isDone) { "$event after the last call" }
        isInside = true
        recorded += event
        try {
            return body()
        } finally {
            isInside = false
        }
    }
}

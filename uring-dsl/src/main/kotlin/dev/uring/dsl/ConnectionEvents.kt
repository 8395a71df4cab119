package dev.uring.dsl

import dev.uring.base.ConnectionClosedException
import dev.uring.bytes.ByteView
import dev.uring.net.ConnectionHandler
import kotlinx.coroutines.CancellableContinuation
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.Job
import kotlinx.coroutines.NonCancellable
import kotlinx.coroutines.withContext
import kotlin.coroutines.resume
import kotlin.coroutines.resumeWithException
import dev.uring.net.Connection as CoreConnection

/**
 * Takes the core's events of one connection to the coroutines that wait in it; what differs between a connection that
 * was accepted and one that was opened is left to the two kinds.
 *
 * Thread: the connection's worker.
 */
internal abstract class ConnectionEvents(
    protected val core: CoreConnection,
    sendLowWaterBytes: Long,
) : ConnectionHandler {
    val connection: Connection = Connection(core, sendLowWaterBytes).also { it.events = this }
    private val closed = Job()

    // Waits for the handshake of a connection that was in the clear before.
    private var upgrading: CancellableContinuation<Unit>? = null

    /** The connection has come to be. */
    protected open fun opened(): Unit = Unit

    final override fun onOpen(c: CoreConnection) {
        val upgraded = upgrading
        if (upgraded == null) {
            opened()
        } else {
            upgrading = null
            // Those who waited for room meanwhile asked somebody else for it.
            connection.outgoing.handleWritable()
            upgraded.resume(Unit)
        }
    }

    /** Until [onOpen] is called again, or [onClosed]. */
    fun awaitUpgrade(continuation: CancellableContinuation<Unit>) {
        upgrading = continuation
    }

    final override fun onReceive(
        c: CoreConnection,
        bytes: ByteView,
    ): Int {
        connection.input.handleBytes()
        return CONSUMED_ITSELF
    }

    final override fun onEnd(c: CoreConnection) = connection.input.handleEnd()

    final override fun onWritable(c: CoreConnection) = connection.outgoing.handleWritable()

    override fun onClosed(
        c: CoreConnection,
        causeOrNull: Throwable?,
    ) {
        closed.complete()
        upgrading?.resumeWithException(causeOrNull ?: ConnectionClosedException("closed during startTls: $connection"))
        upgrading = null
        connection.input.handleClosed(causeOrNull)
        connection.outgoing.handleClosed(causeOrNull)
    }

    /** Waits for [onClosed]; a caller that is cancelled meanwhile resets the connection and waits for that. */
    protected suspend fun joinClosed() {
        try {
            closed.join()
        } catch (_: CancellationException) {
            abortAndJoin()
        }
    }

    protected suspend fun abortAndJoin() {
        connection.abort()
        withContext(NonCancellable) { closed.join() }
    }

    private companion object {
        // The resumed coroutine consumes through the connection, in the middle of the event or long after it.
        const val CONSUMED_ITSELF = 0
    }
}

package dev.uring.dsl

import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.CoroutineStart
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.isActive
import kotlinx.coroutines.launch
import dev.uring.net.Connection as CoreConnection

/**
 * One accepted connection and the coroutine that serves it: takes the core's events to the waiting coroutine.
 *
 * The coroutine lives exactly as long as the connection: it starts when the connection opens and ends after
 * [onClosed], so a server whose coroutines have ended has no descriptor left either.
 *
 * Thread: the connection's worker.
 */
internal class ServerConnection(
    core: CoreConnection,
    private val group: ConnectionGroup,
) : ConnectionEvents(core, group.sendLowWaterBytes) {
    private val live = group.liveOn(core.worker())

    // Links of [live].
    var previous: ServerConnection? = null
    var next: ServerConnection? = null

    override fun opened() {
        live.add(this)
        // Undispatched: the loop's top level called, so the handler may run right here until it first waits.
        group.scopeOn(core.worker()).launch(start = CoroutineStart.UNDISPATCHED) { serve() }
    }

    override fun onDrain(c: CoreConnection) = drain()

    override fun onClosed(
        c: CoreConnection,
        causeOrNull: Throwable?,
    ) {
        live.remove(this)
        super.onClosed(c, causeOrNull)
    }

    fun drain() = connection.input.handleDrain()

    private suspend fun CoroutineScope.serve() {
        try {
            // A scope of its own: what the handler launched is waited for, and a failure in it is the handler's.
            coroutineScope { group.handler(this, connection) }
            // A cancelled handler that returns all the same was cut short at a place that nobody chose.
            if (isActive) connection.close() else connection.abort()
        } catch (_: CancellationException) {
            connection.abort()
        } catch (failure: Throwable) {
            // Reported first: afterwards nobody can ask the kernel who the peer was.
            group.report(connection, failure)
            // Reset and not closed in order: a peer must not take half a reply for the whole. Unless somebody who knows
            // better, the handler or onError, has closed it.
            if (connection.isOpen) connection.abort()
        }
        // Cancelled meanwhile when the server gave up waiting for a peer that does not read what it was sent.
        joinClosed()
    }
}

package dev.uring.dsl

import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.currentCoroutineContext
import kotlinx.coroutines.isActive
import dev.uring.net.Connection as CoreConnection

/**
 * One connection that this program opened.
 *
 * No coroutine belongs to it: those that use it are its caller's. What its caller leaves open is ended by the runtime,
 * when nobody is left who could use it.
 *
 * Thread: the connection's worker.
 */
internal class ClientConnection(
    core: CoreConnection,
    sendLowWaterBytes: Long,
    private val hasProgramFailed: () -> Boolean,
) : ConnectionEvents(core, sendLowWaterBytes) {
    // Reset after a failure: a peer must not take half a request for the whole.
    override fun onDrain(c: CoreConnection) = if (hasProgramFailed()) connection.abort() else connection.close()

    /** Runs [block] and ends the connection: in order when [block] has returned, else with a reset. */
    suspend fun <R> use(block: suspend CoroutineScope.(Connection) -> R): R {
        val result =
            try {
                // A scope of its own: what the block launched may use the connection, and is waited for.
                coroutineScope { block(connection) }
            } catch (cancellation: CancellationException) {
                abortAndJoin()
                throw cancellation
            } catch (failure: Throwable) {
                // Unless the block, which knows better, has closed it.
                if (connection.isOpen) connection.abort()
                joinClosed()
                throw failure
            }
        // A cancelled block that returns all the same was cut short at a place that nobody chose.
        if (currentCoroutineContext().isActive) connection.close() else connection.abort()
        joinClosed()
        return result
    }
}

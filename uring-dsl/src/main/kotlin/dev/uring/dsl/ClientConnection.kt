@file:OptIn(InternalUringApi::class)

package dev.uring.dsl

import dev.uring.net.ConnectionAcceptor
import dev.uring.worker.Worker
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.currentCoroutineContext
import kotlinx.coroutines.isActive
import kotlinx.coroutines.suspendCancellableCoroutine
import kotlin.coroutines.resumeWithException
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

/** Opens a connection of [worker] as [begin] says, and waits for it; cancelled, it leaves none. */
internal suspend fun openClient(
    worker: Worker,
    sendLowWaterBytes: Long,
    hasProgramFailed: () -> Boolean,
    begin: (Worker, ConnectionAcceptor) -> Opening,
): ClientConnection =
    suspendCancellableCoroutine { caller ->
        lateinit var client: ClientConnection
        val opening =
            begin(worker) { core ->
                ClientConnection(core, sendLowWaterBytes, hasProgramFailed).also { client = it }
            }
        opening.result.whenComplete { _, failure ->
            if (failure == null) {
                // A connection whose caller was cancelled meanwhile is nobody's.
                caller.resume(client) { _, unclaimed, _ ->
                    worker.executeUnlessStopped { unclaimed.connection.abort() }
                }
            } else {
                caller.resumeWithException(opening.described(failure))
            }
        }
        caller.invokeOnCancellation { opening.cancel() }
    }

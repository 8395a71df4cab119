package dev.uring.dsl

import dev.uring.UringRuntime
import dev.uring.bytes.ByteView
import dev.uring.net.ConnectionAcceptor
import dev.uring.net.ConnectionHandler
import dev.uring.worker.Worker
import kotlinx.coroutines.CompletableJob
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.SupervisorJob
import kotlinx.coroutines.job
import kotlin.coroutines.CoroutineContext
import dev.uring.net.Connection as CoreConnection

/**
 * The connections of one server, on all workers, with their coroutines as children of one supervising [job].
 *
 * Owner: each worker has its own list and scope and touches no other.
 */
internal class ConnectionGroup(
    private val runtime: UringRuntime,
    parentContext: CoroutineContext,
    private val onError: (Connection, Throwable) -> Unit,
    val handler: suspend CoroutineScope.(Connection) -> Unit,
) : ConnectionAcceptor {
    val job: CompletableJob = SupervisorJob(parentContext.job)
    val sendLowWaterBytes: Long = runtime.config().sendLowWaterBytes()

    private val live = List(runtime.workersCount()) { LiveConnections() }
    private val scopes =
        List(runtime.workersCount()) { CoroutineScope(parentContext + job + runtime.worker(it).dispatcher) }

    @Volatile
    private var isDraining = false

    override fun accept(connection: CoreConnection): ConnectionHandler =
        if (isDraining || !job.isActive) Unclaimed else ServerConnection(connection, this)

    fun scopeOn(worker: Worker): CoroutineScope = scopes[worker.index()]

    fun liveOn(worker: Worker): LiveConnections = live[worker.index()]

    /**
     * Lets handlers finish the message they are in and then see the end of input. [job] completes when all are closed.
     */
    fun drain() {
        isDraining = true
        for (i in live.indices) {
            // After the flag: a connection accepted before it is in the list when this runs, and a later one is
            // refused.
            runtime.worker(i).executeUnlessStopped { live[i].forEach(ServerConnection::drain) }
        }
        job.complete()
    }

    fun report(
        connection: Connection,
        failure: Throwable,
    ) {
        try {
            onError(connection, failure)
        } catch (secondFailure: Throwable) {
            failure.addSuppressed(secondFailure)
            FailureLog(connection, failure)
        }
    }

    /** Accepted in the moment in which its server was closed: nobody will serve it. */
    private object Unclaimed : ConnectionHandler {
        override fun onOpen(c: CoreConnection) = c.abort()

        override fun onReceive(
            c: CoreConnection,
            bytes: ByteView,
        ): Int = bytes.size()
    }
}

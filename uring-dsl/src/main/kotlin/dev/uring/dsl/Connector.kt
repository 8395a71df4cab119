package dev.uring.dsl

import dev.uring.UringRuntime
import dev.uring.net.ConnectAttempt
import dev.uring.socket.SocketOptions
import dev.uring.worker.Worker
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.suspendCancellableCoroutine
import kotlinx.coroutines.withContext
import java.util.concurrent.CompletionException
import java.util.concurrent.atomic.AtomicInteger
import kotlin.coroutines.resumeWithException
import kotlin.time.Duration
import kotlin.time.toJavaDuration

/** Opens the connections of one [uring] block. Thread: any. */
internal class Connector(
    private val runtime: UringRuntime,
    private val hasProgramFailed: () -> Boolean,
) {
    private val sendLowWaterBytes = runtime.config().sendLowWaterBytes()
    private val placedCount = AtomicInteger()

    suspend fun connect(
        address: String,
        timeout: Duration,
        options: SocketOptions,
    ): Connection = open(place(), address, timeout, options).connection

    suspend fun <R> connect(
        address: String,
        timeout: Duration,
        options: SocketOptions,
        block: suspend CoroutineScope.(Connection) -> R,
    ): R {
        val worker = place()
        // On the connection's worker from before it exists: between its arrival here and its use nothing suspends, so
        // no cancellation can come in between and leave it to nobody.
        return withContext(worker.dispatcher) { open(worker, address, timeout, options).use(block) }
    }

    // A caller on a worker keeps its connection there. Others get the workers by turns.
    private fun place(): Worker {
        val current = Worker.current()
        val count = runtime.workersCount()
        if (current != null && current.index() < count && runtime.worker(current.index()) === current) return current
        return runtime.worker(Math.floorMod(placedCount.getAndIncrement(), count))
    }

    private suspend fun open(
        worker: Worker,
        address: String,
        timeout: Duration,
        options: SocketOptions,
    ): ClientConnection {
        require(timeout.isPositive()) { "timeout=$timeout of connect must be positive; Duration.INFINITE has no limit" }
        val limit = if (timeout.isInfinite()) java.time.Duration.ZERO else timeout.toJavaDuration()
        return suspendCancellableCoroutine { caller ->
            lateinit var client: ClientConnection
            val attempt: ConnectAttempt =
                runtime.connect(worker, address, limit, options) { core ->
                    ClientConnection(core, sendLowWaterBytes, hasProgramFailed).also { client = it }
                }
            attempt.result().whenComplete { _, failure ->
                if (failure == null) {
                    // A connection whose caller was cancelled meanwhile is nobody's.
                    caller.resume(client) { _, unclaimed, _ ->
                        worker.executeUnlessStopped { unclaimed.connection.abort() }
                    }
                } else {
                    caller.resumeWithException((failure as? CompletionException)?.cause ?: failure)
                }
            }
            caller.invokeOnCancellation { attempt.cancel() }
        }
    }
}

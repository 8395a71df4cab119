package dev.uring.dsl

import dev.uring.UringRuntime
import dev.uring.net.ConnectionAcceptor
import dev.uring.socket.SocketOptions
import dev.uring.tls.TlsClientOptions
import dev.uring.worker.Worker
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.suspendCancellableCoroutine
import kotlinx.coroutines.withContext
import java.util.concurrent.CompletionException
import java.util.concurrent.CompletionStage
import java.util.concurrent.atomic.AtomicInteger
import kotlin.coroutines.resumeWithException
import kotlin.time.Duration
import kotlin.time.toJavaDuration
import dev.uring.net.Connection as CoreConnection

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
        tls: TlsClientOptions?,
    ): Connection {
        val how = tls ?: defaultTls(listOf(address))
        return open(
            place(),
        ) { worker, acceptor -> attempt(worker, address, timeout, options, how, acceptor) }.connection
    }

    suspend fun <R> connect(
        address: String,
        timeout: Duration,
        options: SocketOptions,
        tls: TlsClientOptions?,
        block: suspend CoroutineScope.(Connection) -> R,
    ): R {
        val how = tls ?: defaultTls(listOf(address))
        return use(block) { worker, acceptor -> attempt(worker, address, timeout, options, how, acceptor) }
    }

    suspend fun connect(
        addresses: List<String>,
        attemptDelay: Duration,
        timeout: Duration,
        options: SocketOptions,
        tls: TlsClientOptions?,
    ): Connection {
        val how = tls ?: defaultTls(addresses)
        return open(place()) { worker, acceptor ->
            race(worker, addresses, attemptDelay, timeout, options, how, acceptor)
        }.connection
    }

    suspend fun <R> connect(
        addresses: List<String>,
        attemptDelay: Duration,
        timeout: Duration,
        options: SocketOptions,
        tls: TlsClientOptions?,
        block: suspend CoroutineScope.(Connection) -> R,
    ): R {
        val how = tls ?: defaultTls(addresses)
        return use(block) { worker, acceptor ->
            race(worker, addresses, attemptDelay, timeout, options, how, acceptor)
        }
    }

    // Not on a worker: the first time, they read the system's authorities.
    private suspend fun defaultTls(addresses: List<String>): TlsClientOptions? =
        if (addresses.any { it.startsWith("tls://") }) {
            withContext(Dispatchers.IO) { TlsClientOptions.defaults() }
        } else {
            null
        }

    private fun attempt(
        worker: Worker,
        address: String,
        timeout: Duration,
        options: SocketOptions,
        tls: TlsClientOptions?,
        acceptor: ConnectionAcceptor,
    ): Opening {
        val limit = timeout.orKernels()
        val attempt =
            if (tls == null) {
                runtime.connect(worker, address, limit, options, acceptor)
            } else {
                runtime.connect(worker, address, limit, options, tls, acceptor)
            }
        return Opening(attempt.result(), attempt::cancel)
    }

    private fun race(
        worker: Worker,
        addresses: List<String>,
        attemptDelay: Duration,
        timeout: Duration,
        options: SocketOptions,
        tls: TlsClientOptions?,
        acceptor: ConnectionAcceptor,
    ): Opening {
        val delay = attemptDelay.toJavaDuration()
        val limit = timeout.orKernels()
        val race =
            if (tls == null) {
                runtime.connect(worker, addresses, delay, limit, options, acceptor)
            } else {
                runtime.connect(worker, addresses, delay, limit, options, tls, acceptor)
            }
        return Opening(race.result(), race::cancel)
    }

    private suspend fun <R> use(
        block: suspend CoroutineScope.(Connection) -> R,
        begin: (Worker, ConnectionAcceptor) -> Opening,
    ): R {
        val worker = place()
        // On the connection's worker from before it exists: between its arrival here and its use nothing suspends, so
        // no cancellation can come in between and leave it to nobody.
        return withContext(worker.dispatcher) { open(worker, begin).use(block) }
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
                    caller.resumeWithException((failure as? CompletionException)?.cause ?: failure)
                }
            }
            caller.invokeOnCancellation { opening.cancel() }
        }

    // The core's word for "no limit" is zero.
    private fun Duration.orKernels(): java.time.Duration {
        require(isPositive()) { "timeout=$this of connect must be positive; Duration.INFINITE has no limit" }
        return if (isInfinite()) java.time.Duration.ZERO else toJavaDuration()
    }

    private class Opening(
        val result: CompletionStage<CoreConnection>,
        val cancel: () -> Unit,
    )
}

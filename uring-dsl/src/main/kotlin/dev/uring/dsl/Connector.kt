package dev.uring.dsl

import dev.uring.UringRuntime
import dev.uring.base.ConnectFailedException
import dev.uring.base.TimeSource
import dev.uring.dns.Resolver
import dev.uring.net.ConnectionAcceptor
import dev.uring.socket.SocketOptions
import dev.uring.tls.Tls
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
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.nanoseconds
import kotlin.time.toJavaDuration
import dev.uring.net.Connection as CoreConnection

/** Opens the connections of one [uring] block; names are looked up by [resolver], or refused without one. Thread: any. */
internal class Connector(
    private val runtime: UringRuntime,
    private val resolver: Resolver?,
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
        val begin = opening(address, timeout, options, tls)
        return open(place(), begin).connection
    }

    suspend fun <R> connect(
        address: String,
        timeout: Duration,
        options: SocketOptions,
        tls: TlsClientOptions?,
        block: suspend CoroutineScope.(Connection) -> R,
    ): R = use(block, opening(address, timeout, options, tls))

    suspend fun connect(
        addresses: List<String>,
        attemptDelay: Duration,
        timeout: Duration,
        options: SocketOptions,
        tls: TlsClientOptions?,
    ): Connection {
        val begin = opening(addresses, attemptDelay, timeout, options, tls)
        return open(place(), begin).connection
    }

    suspend fun <R> connect(
        addresses: List<String>,
        attemptDelay: Duration,
        timeout: Duration,
        options: SocketOptions,
        tls: TlsClientOptions?,
        block: suspend CoroutineScope.(Connection) -> R,
    ): R = use(block, opening(addresses, attemptDelay, timeout, options, tls))

    private suspend fun opening(
        address: String,
        timeout: Duration,
        options: SocketOptions,
        tls: TlsClientOptions?,
    ): (Worker, ConnectionAcceptor) -> Opening {
        if (resolver != null && isNamed(address)) {
            return opening(listOf(address), UringScope.ATTEMPT_DELAY, timeout, options, tls)
        }
        val how = tls ?: defaultTls(listOf(address))
        return { worker, acceptor -> attempt(worker, address, timeout, options, how, acceptor) }
    }

    private suspend fun opening(
        addresses: List<String>,
        attemptDelay: Duration,
        timeout: Duration,
        options: SocketOptions,
        tls: TlsClientOptions?,
    ): (Worker, ConnectionAcceptor) -> Opening {
        val how = tls ?: defaultTls(addresses)
        if (resolver == null || addresses.none(::isNamed)) {
            return { worker, acceptor -> race(worker, addresses, attemptDelay, timeout, options, how, acceptor) }
        }
        // Wrong limits and options are refused before anybody is asked.
        timeout.orKernels()
        val peer = how?.let { tlsPeer(addresses, it) }
        val clock = TimeSource.present()
        val beganNanos = clock.nanoTime()
        val found = resolver.literals(addresses, timeout)
        val left = (timeout - (clock.nanoTime() - beganNanos).nanoseconds).coerceAtLeast(1.milliseconds)
        return { worker, acceptor ->
            // The certificate is checked against the name that the program gave, never against what it resolved to.
            val layered = if (how == null) acceptor else Tls.client(how, peer, acceptor)
            race(worker, found, attemptDelay, left, options, null, layered).describedAs(addresses.joinToString())
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
                    val cause = (failure as? CompletionException)?.cause ?: failure
                    caller.resumeWithException(opening.described(cause))
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
        private val names: String? = null,
    ) {
        fun describedAs(names: String) = Opening(result, cancel, names)

        // The addresses alone would not tell which of the program's names they came from.
        fun described(failure: Throwable): Throwable =
            if (names == null || failure !is ConnectFailedException) {
                failure
            } else {
                ConnectFailedException("$names: ${failure.message}", failure.errno()).apply { initCause(failure) }
            }
    }
}

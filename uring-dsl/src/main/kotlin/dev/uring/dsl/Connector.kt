@file:OptIn(InternalUringApi::class)

package dev.uring.dsl

import dev.uring.UringRuntime
import dev.uring.dns.Resolver
import dev.uring.net.ConnectionAcceptor
import dev.uring.socket.SocketOptions
import dev.uring.tls.TlsClientOptions
import dev.uring.worker.Worker
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.withContext
import java.util.concurrent.atomic.AtomicInteger
import kotlin.time.Duration

/** Opens the connections of one [uring] block; names are looked up by [resolver], or refused without one. Thread: any. */
internal class Connector(
    private val runtime: UringRuntime,
    resolver: Resolver?,
    private val hasProgramFailed: () -> Boolean,
) {
    private val sendLowWaterBytes = runtime.config().sendLowWaterBytes()
    private val opener = ConnectionOpener(runtime, resolver)
    private val placedCount = AtomicInteger()

    suspend fun connect(
        address: String,
        timeout: Duration,
        options: SocketOptions,
        tls: TlsClientOptions?,
    ): Connection {
        val begin = opener.prepare(address, timeout, options, tls)
        return open(place(), begin).connection
    }

    suspend fun <R> connect(
        address: String,
        timeout: Duration,
        options: SocketOptions,
        tls: TlsClientOptions?,
        block: suspend CoroutineScope.(Connection) -> R,
    ): R = use(block, opener.prepare(address, timeout, options, tls))

    suspend fun connect(
        addresses: List<String>,
        attemptDelay: Duration,
        timeout: Duration,
        options: SocketOptions,
        tls: TlsClientOptions?,
    ): Connection {
        val begin = opener.prepare(addresses, attemptDelay, timeout, options, tls)
        return open(place(), begin).connection
    }

    suspend fun <R> connect(
        addresses: List<String>,
        attemptDelay: Duration,
        timeout: Duration,
        options: SocketOptions,
        tls: TlsClientOptions?,
        block: suspend CoroutineScope.(Connection) -> R,
    ): R = use(block, opener.prepare(addresses, attemptDelay, timeout, options, tls))

    private suspend fun <R> use(
        block: suspend CoroutineScope.(Connection) -> R,
        begin: (Worker, ConnectionAcceptor) -> Opening,
    ): R {
        val worker = place()
        // On the connection's worker from before it exists: between its arrival here and its use nothing suspends, so
        // no cancellation can come in between and leave it to nobody.
        return withContext(worker.dispatcher) { open(worker, begin).use(block) }
    }

    private suspend fun open(
        worker: Worker,
        begin: (Worker, ConnectionAcceptor) -> Opening,
    ): ClientConnection = openClient(worker, sendLowWaterBytes, hasProgramFailed, begin)

    // A caller on a worker keeps its connection there. Others get the workers by turns.
    private fun place(): Worker {
        val current = Worker.current()
        val count = runtime.workersCount()
        if (current != null && current.index() < count && runtime.worker(current.index()) === current) return current
        return runtime.worker(Math.floorMod(placedCount.getAndIncrement(), count))
    }
}

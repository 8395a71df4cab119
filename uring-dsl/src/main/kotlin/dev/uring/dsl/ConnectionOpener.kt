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
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.CoroutineStart
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.Job
import kotlinx.coroutines.launch
import kotlinx.coroutines.withContext
import java.util.concurrent.CompletableFuture
import java.util.concurrent.CompletionException
import java.util.concurrent.CompletionStage
import kotlin.time.Duration
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.nanoseconds
import kotlin.time.toJavaDuration
import dev.uring.net.Connection as CoreConnection

/**
 * Opens connections of the core to addresses as users write them: with a name that [resolver] looks up anew each time,
 * with TLS, by itself or in a race. For the clients of protocols, whose connections belong to handlers and not to coroutines.
 *
 * Thread: any.
 */
@InternalUringApi
public class ConnectionOpener(
    private val runtime: UringRuntime,
    private val resolver: Resolver?,
) {
    /**
     * Begins to open a connection that lives on [worker].
     *
     * ### Shapes and units
     * [timeout] is for the look-up, the peer's answer and the handshake together.
     * ### Threading and cancellation
     * Called on [worker]; the result is completed on it, at the top level of its loop.
     * ### Errors
     * Here: `ConfigException` an address that has no form. In the result: `ConnectFailedException`,
     * [NameResolutionException][dev.uring.dns.NameResolutionException], `TlsException`.
     */
    public fun open(
        worker: Worker,
        address: String,
        timeout: Duration,
        options: SocketOptions,
        tls: TlsClientOptions?,
        acceptor: ConnectionAcceptor,
    ): Opening {
        val isReady = (resolver == null || !isNamed(address)) && (tls != null || !address.startsWith(TLS_SCHEME))
        if (isReady) return attempt(worker, address, timeout, options, tls, acceptor)
        return later(worker) { prepare(address, timeout, options, tls)(worker, acceptor) }
    }

    /**
     * Opens a connection on [worker], runs [block] there with it, and ends it: in order when [block] has returned, else with
     * a reset. As [UringScope.connect] with a block, for who has no scope.
     */
    public suspend fun <R> use(
        worker: Worker,
        address: String,
        timeout: Duration,
        options: SocketOptions,
        tls: TlsClientOptions?,
        block: suspend CoroutineScope.(Connection) -> R,
    ): R {
        val begin = prepare(address, timeout, options, tls)
        val sendLowWaterBytes = runtime.config().sendLowWaterBytes()
        return withContext(worker.dispatcher) {
            // A runtime that ends under a block that still runs resets: the peer must not take half of it for the whole.
            openClient(worker, sendLowWaterBytes, { true }, begin).use(block)
        }
    }

    /** What [find] suspends for, as one attempt that may be given up at any time. Thread: the worker's. */
    public fun later(
        worker: Worker,
        find: suspend () -> Opening,
    ): Opening {
        val result = CompletableFuture<CoreConnection>()
        var found: Opening? = null
        val search =
            CoroutineScope(worker.dispatcher + Job()).launch(start = CoroutineStart.UNDISPATCHED) {
                try {
                    val opening = find()
                    found = opening
                    opening.result.whenComplete { made, failure ->
                        if (failure == null) result.complete(made) else result.fail(worker, opening.described(failure))
                    }
                } catch (failure: Throwable) {
                    result.fail(worker, failure)
                }
            }
        return Opening(result, {
            search.cancel(CancellationException("the attempt was given up"))
            found?.cancel()
        })
    }

    // Not from within a coroutine: who hears of it may resume others.
    private fun CompletableFuture<CoreConnection>.fail(
        worker: Worker,
        failure: Throwable,
    ) = worker.executeUnlessStopped { completeExceptionally(failure) }

    internal suspend fun prepare(
        address: String,
        timeout: Duration,
        options: SocketOptions,
        tls: TlsClientOptions?,
    ): (Worker, ConnectionAcceptor) -> Opening {
        if (resolver != null && isNamed(address)) {
            return prepare(listOf(address), UringScope.ATTEMPT_DELAY, timeout, options, tls)
        }
        val how = tls ?: defaultTls(listOf(address))
        return { worker, acceptor -> attempt(worker, address, timeout, options, how, acceptor) }
    }

    internal suspend fun prepare(
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
        if (addresses.any { it.startsWith(TLS_SCHEME) }) {
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

    // The core's word for "no limit" is zero.
    private fun Duration.orKernels(): java.time.Duration {
        require(isPositive()) { "timeout=$this of connect must be positive; Duration.INFINITE has no limit" }
        return if (isInfinite()) java.time.Duration.ZERO else toJavaDuration()
    }

    private companion object {
        const val TLS_SCHEME = "tls://"
    }
}

/** A connection that is being opened. */
@InternalUringApi
public class Opening internal constructor(
    /** The connection, or why there is none. */
    public val result: CompletionStage<CoreConnection>,
    private val giveUp: () -> Unit,
    private val names: String? = null,
) {
    /** Gives the attempt up; its result fails, unless the connection is there already. */
    public fun cancel(): Unit = giveUp()

    internal fun describedAs(names: String) = Opening(result, giveUp, names)

    // The addresses alone would not tell which of the program's names they came from.
    internal fun described(failure: Throwable): Throwable {
        val cause = (failure as? CompletionException)?.cause ?: failure
        if (names == null || cause !is ConnectFailedException) return cause
        return ConnectFailedException("$names: ${cause.message}", cause.errno()).apply { initCause(cause) }
    }
}

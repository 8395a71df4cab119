package dev.uring.ping

import dev.uring.UringRuntime
import dev.uring.client.ClientCounters
import dev.uring.client.ClientSides
import dev.uring.client.Dialer
import dev.uring.client.LinkConfig
import dev.uring.dsl.UringScope
import dev.uring.socket.SocketOptions
import java.util.concurrent.CompletableFuture
import java.util.concurrent.CompletionStage
import java.util.concurrent.RejectedExecutionException
import kotlin.coroutines.Continuation
import kotlin.coroutines.EmptyCoroutineContext
import kotlin.coroutines.intrinsics.COROUTINE_SUSPENDED
import kotlin.coroutines.intrinsics.intercepted
import kotlin.coroutines.intrinsics.suspendCoroutineUninterceptedOrReturn
import kotlin.coroutines.startCoroutine

/**
 * A client of one ping server: the smallest that there can be, with everything that a client has.
 *
 * ### Shapes and units
 * Every worker has one connection that all of its coroutines share: pings of one turn of the loop leave together, and
 * answers resume coroutines in order.
 * ### Ownership
 * Owns its connections, which are opened when they are first needed. [close] it, or leave that to the end of the runtime.
 * ### Threading and cancellation
 * For any coroutine, on a worker or not. A cancelled ping keeps its place until its answer has come, which is dropped.
 * ### Errors
 * Of [ping]: [PingRefusedException] the server answers an error · [PingConnectionException] no connection, or it was lost ·
 * [PingTimeoutException] · [PingOverloadException].
 *
 * @sample samples.ping.once
 */
public class PingClient(
    runtime: UringRuntime,
    config: LinkConfig,
) : AutoCloseable {
    private val dialer = Dialer.to(runtime, config.address, config.connectTimeout, SocketOptions.defaults())
    private val sides = ClientSides(runtime) { PingSide(runtime, it, config, dialer) }

    // A tail call: no state machine, and nothing allocated on the way down.

    /** Suspends until the server has answered. */
    public suspend fun ping(): Unit =
        suspendCoroutineUninterceptedOrReturn { continuation ->
            @Suppress("UNCHECKED_CAST")
            begin(continuation as Continuation<Any?>)
        }

    private fun begin(continuation: Continuation<Any?>): Any {
        val here = sides.here()
        if (here != null) return here.calls.take(continuation.context).begin(continuation)
        val there = sides.place()
        val intercepted = continuation.intercepted()
        try {
            there.worker.execute { there.calls.take(intercepted.context).beginFor(intercepted) }
        } catch (stopped: RejectedExecutionException) {
            throw PingConnectionException("PING: the runtime has stopped", wasSent = false, stopped)
        }
        return COROUTINE_SUSPENDED
    }

    /** As [ping], for Java: completes on a worker, which must not be blocked. */
    public fun pingAsync(): CompletionStage<Void?> {
        val answered = CompletableFuture<Void?>()
        ::ping.startCoroutine(
            Continuation(EmptyCoroutineContext) { result ->
                result.fold({ answered.complete(null) }, answered::completeExceptionally)
            },
        )
        return answered
    }

    /** What was counted so far, for each worker. Any thread; a figure may be a moment old. */
    public fun counters(): List<ClientCounters> = sides.all.map { it.counters }

    /** Takes no more pings, and closes the connections when those in flight are answered. Returns at once. */
    override fun close(): Unit = sides.close()
}

/**
 * A client of the server at [address], which has answered once.
 *
 * ### Ownership
 * The caller closes the client; what is left open ends with the runtime.
 * ### Errors
 * `ConfigException` no such address · as [PingClient].
 *
 * @sample samples.ping.once
 */
public suspend fun UringScope.pingClient(
    address: String,
    configure: LinkConfig.() -> LinkConfig = { this },
): PingClient {
    val client = PingClient(runtime, LinkConfig(address).configure())
    try {
        client.ping()
    } catch (failure: Throwable) {
        client.close()
        throw failure
    }
    return client
}

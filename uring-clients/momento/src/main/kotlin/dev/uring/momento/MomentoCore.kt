package dev.uring.momento

import dev.uring.UringRuntime
import dev.uring.client.ClientSides
import dev.uring.client.Request
import dev.uring.dns.Resolver
import dev.uring.momento.codec.MomentoCommandFrame
import dev.uring.momento.codec.MomentoReply
import dev.uring.tls.TlsClientOptions
import java.util.concurrent.RejectedExecutionException
import kotlin.coroutines.Continuation
import kotlin.coroutines.intrinsics.COROUTINE_SUSPENDED
import kotlin.coroutines.intrinsics.intercepted
import kotlin.coroutines.intrinsics.suspendCoroutineUninterceptedOrReturn

/** What all faces of one client share: a [MomentoSide] on each worker. Thread: any. */
internal class MomentoCore(
    val runtime: UringRuntime,
    val config: MomentoConfig,
    resolver: Resolver,
) {
    private val dialer = MomentoDialer(runtime, resolver, config, tlsOf(config))
    private val sides = ClientSides(runtime) { MomentoSide(runtime, it, config, dialer) }

    /** The side of the worker that this is called on, or null on another thread. */
    fun here(): MomentoSide? = sides.here()

    fun frame(): MomentoCommandFrame = here()?.frame() ?: MomentoCommandFrame()

    fun execute(
        frame: MomentoCommandFrame,
        reader: ValueReader,
        continuation: Continuation<Any?>,
    ): Any {
        val side = here()
        if (side != null) return side.call(continuation.context).begin(frame, reader, continuation)
        val there = sides.place()
        val intercepted = continuation.intercepted()
        try {
            there.worker.execute { there.call(intercepted.context).beginFor(frame, reader, intercepted) }
        } catch (stopped: RejectedExecutionException) {
            throw hasStopped(frame.kind().name, stopped)
        }
        return COROUTINE_SUSPENDED
    }

    /** Sends what [make] makes on the worker that it is for; [Request.failed] hears why not. */
    fun submit(make: (MomentoSide) -> Request<MomentoReply>) {
        val side = sides.place()
        val request = make(side)
        val task =
            Runnable {
                try {
                    side.send(request)
                } catch (refusal: Throwable) {
                    request.failed(refusal)
                }
            }
        if (side.worker.isCurrent) return task.run()
        try {
            side.worker.execute(task)
        } catch (stopped: RejectedExecutionException) {
            request.failed(hasStopped(request.name, stopped))
        }
    }

    fun snapshot(): MomentoSnapshot = sides.all.sum()

    /** Closes all connections when they have answered what is in flight. */
    fun close() = sides.all.forEach { it.closeAll() }

    private fun hasStopped(
        command: String,
        cause: RejectedExecutionException,
    ) = MomentoConnectionException("$command: the runtime has stopped", wasSent = false, cause)

    private companion object {
        // Reads the system's authorities if nothing else is said, which takes a moment: not on a worker.
        fun tlsOf(config: MomentoConfig): TlsClientOptions? {
            if (config.isPlain) return null
            val base = config.tls ?: TlsClientOptions.defaults()
            val name = config.credential.serverName
            // An IP address cannot be asked for by name; the certificate is checked against it all the same.
            val isAddress = ':' in name || name.none { it.isLetter() }
            return if (isAddress || base.serverName().isPresent) base else base.toBuilder().serverName(name).build()
        }
    }
}

// A tail call in every caller: no state machine, and nothing allocated on the way down.
@Suppress("UNCHECKED_CAST")
internal suspend fun <T> MomentoCore.await(
    frame: MomentoCommandFrame,
    reader: ValueReader,
): T =
    suspendCoroutineUninterceptedOrReturn { continuation ->
        execute(frame, reader, continuation as Continuation<Any?>)
    }

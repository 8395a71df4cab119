@file:OptIn(InternalUringApi::class)

package dev.uring.memcache

import dev.uring.UringRuntime
import dev.uring.base.ConfigException
import dev.uring.base.UringException
import dev.uring.client.ClientSides
import dev.uring.client.Dialer
import dev.uring.client.Dialing
import dev.uring.dsl.ConnectionOpener
import dev.uring.dsl.InternalUringApi
import dev.uring.memcache.codec.MemcacheWriter
import dev.uring.socket.KeepAlive
import dev.uring.socket.SocketOptions
import kotlinx.coroutines.suspendCancellableCoroutine
import kotlinx.coroutines.sync.Semaphore
import kotlinx.coroutines.sync.withPermit
import java.util.concurrent.RejectedExecutionException
import kotlin.coroutines.Continuation
import kotlin.coroutines.intrinsics.COROUTINE_SUSPENDED
import kotlin.coroutines.intrinsics.intercepted
import kotlin.coroutines.resume
import kotlin.coroutines.resumeWithException
import kotlin.time.toJavaDuration

/**
 * What all faces of one client share: a [MemcacheSide] on each worker. Thread: any.
 *
 * @param isOneOfMany whether a pool has others: then nobody waits for a server that is not there, for its failures are what
 * puts it out
 */
internal class ClientCore(
    val runtime: UringRuntime,
    val config: MemcacheConfig,
    writers: List<WriterPool> = writersOf(runtime),
    isOneOfMany: Boolean = false,
) {
    private val socketOptions = SocketOptions.builder().keepAlive(KeepAlive.DEFAULT).build()
    private val links = config.links.copy(waitsForServer = !isOneOfMany)
    private val sides =
        ClientSides(runtime) { MemcacheSide(runtime, it, config, links, dialer(), writers[it.index()]) }

    private val opener = ConnectionOpener(runtime, null)
    private val streams = Semaphore(config.streamsMax)

    @Volatile
    private var isClosed = false

    private fun dialer(): Dialer {
        val tls = config.tls ?: return Dialer.to(runtime, config.address, config.connectTimeout, socketOptions)
        val timeout = config.connectTimeout.toJavaDuration()
        return Dialer { worker, acceptor ->
            val attempt = runtime.connect(worker, config.address, timeout, socketOptions, tls, acceptor)
            Dialing(attempt.result(), attempt::cancel)
        }
    }

    fun request(): MemcacheWriter = sides.here()?.writer() ?: MemcacheWriter().clear()

    fun execute(
        request: MemcacheWriter,
        answer: Answer<*>,
        continuation: Continuation<Any?>,
    ): Any {
        val side = sides.here()
        if (side != null) return side.call(continuation.context).begin(request, answer, continuation)
        val there = sides.place()
        val intercepted = continuation.intercepted()
        try {
            there.worker.execute { there.call(intercepted.context).beginFor(request, answer, intercepted) }
        } catch (stopped: RejectedExecutionException) {
            throw stoppedRuntime(request, stopped)
        }
        return COROUTINE_SUSPENDED
    }

    private fun stoppedRuntime(
        request: MemcacheWriter,
        cause: RejectedExecutionException,
    ) = MemcacheConnectionException("${request.firstWord()}: the runtime has stopped", wasSent = false, cause)

    /** Sends [request] and returns when it lies in the send queue. */
    suspend fun send(request: MemcacheWriter) {
        val side = sides.here()
        if (side == null) {
            sendElsewhere(sides.place(), request)
        } else {
            val waiting = side.sendUnheard(request) ?: return
            suspendCancellableCoroutine { waiting.await(it) }
        }
    }

    private suspend fun sendElsewhere(
        side: MemcacheSide,
        request: MemcacheWriter,
    ): Unit =
        suspendCancellableCoroutine { caller ->
            try {
                side.worker.execute {
                    if (caller.isActive) {
                        try {
                            val waiting = side.sendUnheard(request)
                            if (waiting == null) caller.resume(Unit) else waiting.await(caller)
                        } catch (refusal: Throwable) {
                            caller.resumeWithException(refusal)
                        }
                    }
                }
            } catch (stopped: RejectedExecutionException) {
                throw stoppedRuntime(request, stopped)
            }
        }

    /** Opens a connection, greets, and runs [use] with it on its worker; afterwards it is closed. */
    suspend fun <T> withConnection(use: suspend (ValueConnection) -> T): T {
        if (isClosed) throw MemcacheConnectionException("a value in pieces: the client is closed", wasSent = false)
        val side = sides.here() ?: sides.place()
        var isOpen = false
        return streams.withPermit {
            try {
                opener.use(side.worker, config.address, config.connectTimeout, socketOptions, config.tls) { opened ->
                    isOpen = true
                    ValueConnection(opened, config, side.counters).use { connection ->
                        connection.greet()
                        use(connection)
                    }
                }
            } catch (failure: UringException) {
                if (isOpen || failure is ConfigException) throw failure
                side.executeUnlessStopped { side.counters.connectFailures++ }
                val message = "a value in pieces: no connection to ${config.address}: ${failure.message}"
                throw MemcacheConnectionException(message, wasSent = false, failure)
            }
        }
    }

    fun snapshot(): MemcacheSnapshot = sides.all.map { it.counters }.sum(sides.all.sumOf { it.unheardErrors })

    /** Closes all connections when they have answered what is in flight. */
    fun close() {
        isClosed = true
        sides.close()
    }

    companion object {
        fun writersOf(runtime: UringRuntime): List<WriterPool> = List(runtime.workersCount()) { WriterPool() }
    }
}

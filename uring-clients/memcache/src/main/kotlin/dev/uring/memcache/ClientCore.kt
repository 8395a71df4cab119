package dev.uring.memcache

import dev.uring.UringRuntime
import dev.uring.client.ClientSides
import dev.uring.client.Dialer
import dev.uring.client.Dialing
import dev.uring.memcache.codec.MemcacheWriter
import dev.uring.socket.KeepAlive
import dev.uring.socket.SocketOptions
import java.util.concurrent.RejectedExecutionException
import kotlin.coroutines.Continuation
import kotlin.coroutines.intrinsics.COROUTINE_SUSPENDED
import kotlin.coroutines.intrinsics.intercepted
import kotlin.time.toJavaDuration

/** What all faces of one client share: a [MemcacheSide] on each worker. Thread: any. */
internal class ClientCore(
    val runtime: UringRuntime,
    val config: MemcacheConfig,
    writers: List<WriterPool> = writersOf(runtime),
) {
    private val socketOptions = SocketOptions.builder().keepAlive(KeepAlive.DEFAULT).build()
    private val sides = ClientSides(runtime) { MemcacheSide(runtime, it, config, dialer(), writers[it.index()]) }

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
            val message = "${request.firstWord()}: the runtime has stopped"
            throw MemcacheConnectionException(message, wasSent = false, stopped)
        }
        return COROUTINE_SUSPENDED
    }

    fun snapshot(): MemcacheSnapshot = sides.all.map { it.counters }.sum()

    /** Closes all connections when they have answered what is in flight. */
    fun close() = sides.close()

    companion object {
        fun writersOf(runtime: UringRuntime): List<WriterPool> = List(runtime.workersCount()) { WriterPool() }
    }
}

package dev.uring.redis.server

import dev.uring.bytes.ByteSink
import dev.uring.dsl.Connection
import dev.uring.dsl.dispatcher
import kotlinx.coroutines.ThreadContextElement
import java.net.SocketAddress
import kotlin.coroutines.Continuation
import kotlin.coroutines.ContinuationInterceptor
import kotlin.coroutines.CoroutineContext
import kotlin.coroutines.intrinsics.COROUTINE_SUSPENDED
import kotlin.coroutines.intrinsics.intercepted
import kotlin.coroutines.intrinsics.suspendCoroutineUninterceptedOrReturn
import kotlin.coroutines.resume

/** Drives a [RespSession] with a connection's bytes: the only part of the server that waits. */
internal class RespConnection<S>(
    private val connection: Connection,
    core: RespServerCore<S>,
    private val sendHighWaterBytes: Long,
) : RespSession.Output,
    RespClient.Addresses,
    Runnable {
    private val client = RespClient(connection.id, this)
    private val session = RespSession(core, core.side(connection.worker.index()), this, client)
    private var waiter: Continuation<Unit>? = null
    private var waiterContext: CoroutineContext? = null
    private var resumesInline = false

    override val sink: ByteSink get() = connection.output
    override val remoteAddress: SocketAddress? get() = connection.remoteAddress
    override val localAddress: SocketAddress? get() = connection.localAddress

    override fun hasRoom(): Boolean = connection.unsentBytes < sendHighWaterBytes

    suspend fun serve() {
        session.whenHome = this
        // No batch is ever away when this ends, see awaitHome; so what the session has may be used again.
        session.use { converse() }
        session.failure?.let { failure ->
            connection.flush() // what was answered before, and that something failed
            throw failure
        }
    }

    private suspend fun converse() {
        while (true) {
            when (session.step) {
                RespSession.Step.READ -> {
                    if (connection.receive { session.execute(it) } == Connection.END_OF_INPUT) return
                }

                RespSession.Step.AWAIT -> {
                    awaitHome()
                    session.splice()
                }

                RespSession.Step.ROOM -> {
                    connection.send(NOTHING) // waits until the client has read
                    session.splice()
                }

                RespSession.Step.SPLICE -> {
                    session.splice()
                }

                RespSession.Step.SUSPENDED -> {
                    session.runSuspended()
                }

                RespSession.Step.CLOSE -> {
                    return
                }
            }
        }
    }

    // Not cancellable: the batches come home soon, whatever happens here, and until then they belong to other workers.
    private suspend fun awaitHome(): Unit = suspendCoroutineUninterceptedOrReturn { park(it) }

    private fun park(continuation: Continuation<Unit>): Any {
        if (!session.isAway) return Unit
        val context = continuation.context
        if (context !== waiterContext) {
            waiterContext = context
            resumesInline = resumesInline(context)
        }
        waiter = if (resumesInline) continuation else continuation.intercepted()
        return COROUTINE_SUSPENDED
    }

    /** All batches are home. A task of the worker's loop calls, so the coroutine may go on right here. */
    override fun run() {
        val waiting = waiter ?: return
        waiter = null
        waiting.resume(Unit)
    }

    // Resuming without the interceptor is right only for our own dispatcher, and skips thread context elements.
    private fun resumesInline(context: CoroutineContext): Boolean =
        context[ContinuationInterceptor] == connection.worker.dispatcher &&
            context.fold(true) { plain, element -> plain && element !is ThreadContextElement<*> }

    private companion object {
        val NOTHING = ByteArray(0)
    }
}

package dev.uring.ping

import dev.uring.UringRuntime
import dev.uring.bytes.ByteSink
import dev.uring.client.Dialer
import dev.uring.client.Link
import dev.uring.client.LinkConfig
import dev.uring.client.Request
import dev.uring.client.RequestPool
import dev.uring.client.SuspendedRequest
import dev.uring.client.WorkerSide
import dev.uring.client.session.ProtocolSession
import dev.uring.ping.codec.PingCodec
import dev.uring.ping.codec.Pong
import dev.uring.ping.session.PingSession
import dev.uring.worker.Worker
import kotlin.coroutines.Continuation
import kotlin.coroutines.resumeWithException

/** What one client has on one worker. Thread: the worker's, but for what is val. */
internal class PingSide(
    runtime: UringRuntime,
    worker: Worker,
    config: LinkConfig,
    dialer: Dialer,
) : WorkerSide<Pong>(runtime, worker, config, dialer, PingFailures) {
    val calls: RequestPool<PingCall> = RequestPool { PingCall(this) }

    override fun openSession(link: Link<Pong>): ProtocolSession<Pong> = PingSession(sessionRepliesMax)

    // The protocol has nothing to say first; and of a silent server it asks what it always asks.
    override fun ping(link: Link<Pong>): Boolean {
        if (link.session?.hasRoom(1) == true) link.writeAhead(SignOfLife())
        return true
    }
}

/** A ping that a coroutine waits for. Used again and again: a ping allocates nothing. */
internal class PingCall(
    private val side: PingSide,
) : SuspendedRequest<Pong>(side) {
    override val name: String get() = "PING"
    override val sizeBytes: Long get() = PingCodec.PING_BYTES.toLong()

    // Twice is as good as once.
    override val isReplayable: Boolean get() = true

    /** On the worker: sends and suspends, or throws with this object given back. */
    fun begin(continuation: Continuation<Any?>): Any {
        renew()
        try {
            val suspended = park(continuation)
            side.submit(this)
            return suspended
        } catch (refusal: Throwable) {
            unpark()
            giveBack()
            throw refusal
        }
    }

    /** On the worker, for a coroutine of another thread: what goes wrong is thrown there. */
    fun beginFor(continuation: Continuation<Any?>) {
        try {
            begin(continuation)
        } catch (refusal: Throwable) {
            continuation.resumeWithException(refusal)
        }
    }

    override fun writeTo(sink: ByteSink): Unit = PingCodec.ping(sink)

    override fun replied(
        reply: Pong,
        isLast: Boolean,
    ) {
        val error = reply.errorText()
        giveBack()
        // Last: what follows may be the next ping of the same coroutine, in this very object.
        if (error == null) {
            resume(Unit)
        } else {
            side.counters.errorReplies++
            fail(PingRefusedException(error))
        }
    }

    override fun giveBack() {
        side.ended(this)
        side.calls.giveBack(this)
    }
}

/** Asked by the link, not by a program: that something comes back is enough. */
private class SignOfLife : Request<Pong>() {
    override val name: String get() = "PING"
    override val sizeBytes: Long get() = PingCodec.PING_BYTES.toLong()

    override fun writeTo(sink: ByteSink): Unit = PingCodec.ping(sink)

    override fun replied(
        reply: Pong,
        isLast: Boolean,
    ): Unit = Unit

    override fun failed(cause: Throwable): Unit = Unit

    override fun expired(cause: Exception): Unit = Unit
}

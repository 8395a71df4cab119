package dev.uring.momento

import dev.uring.UringRuntime
import dev.uring.bytes.ByteSink
import dev.uring.client.Dialer
import dev.uring.client.Link
import dev.uring.client.Request
import dev.uring.client.RequestPool
import dev.uring.client.WorkerSide
import dev.uring.client.session.ProtocolSession
import dev.uring.momento.codec.CommandKind
import dev.uring.momento.codec.ControlCode
import dev.uring.momento.codec.MomentoCommandFrame
import dev.uring.momento.codec.MomentoReply
import dev.uring.momento.codec.ReplyKind
import dev.uring.momento.codec.StatusCode
import dev.uring.momento.session.MomentoSession
import dev.uring.momento.session.Numbered
import dev.uring.worker.Worker
import kotlin.coroutines.CoroutineContext

internal typealias MomentoLink = Link<MomentoReply>

/**
 * What one client has on one worker: its links, and objects to use again. Thread: the worker's, but for what is val.
 */
internal class MomentoSide(
    runtime: UringRuntime,
    worker: Worker,
    val config: MomentoConfig,
    dialer: Dialer,
) : WorkerSide<MomentoReply>(runtime, worker, config.links, dialer, MomentoFailures) {
    private val pool: List<MomentoLink> =
        listOf(shared) + List(config.connectionsPerWorker - 1) { Link(this, Link.Kind.SHARED) }
    private val calls = RequestPool { MomentoCall(this) }
    private val frames = ArrayList<MomentoCommandFrame>()
    private var next = 0

    var cancelsSent = 0L
        private set

    var lateReplies = 0L
        private set

    override fun openSession(link: MomentoLink): ProtocolSession<MomentoReply> =
        MomentoSession(config.limits, sessionRepliesMax) { lateReplies++ }

    override fun greet(link: MomentoLink): Unit = link.writeAhead(Authentication(link, config.credential.token))

    override fun gaveUp(
        link: MomentoLink,
        request: Request<MomentoReply>,
    ) {
        val session = link.session as MomentoSession? ?: return
        val id = (request as Numbered).messageId()
        if (!session.forget(request)) return
        // Where it cannot go now it is left out: the server answers then, and that is dropped.
        link.outputIfWritable()?.let {
            MomentoCommandFrame.writeControl(it, id, ControlCode.CANCEL)
            cancelsSent++
        }
        link.forgotten(request)
    }

    /** Sends [request] over the connection whose turn it is. */
    fun send(request: Request<MomentoReply>) {
        val link = pool[next]
        if (pool.size > 1) next = (next + 1) % pool.size
        submit(request, link)
    }

    fun isReplayable(kind: CommandKind): Boolean =
        when (config.replay) {
            ReplayRule.ALL -> true
            ReplayRule.READS -> kind == CommandKind.GET
            ReplayRule.NONE -> false
        }

    fun frame(): MomentoCommandFrame = frames.removeLastOrNull() ?: MomentoCommandFrame()

    // Cleared now and not when it is taken: a large value shall not be held by a frame that nobody uses.
    fun giveBack(frame: MomentoCommandFrame) {
        frame.clear()
        if (frames.size < KEPT_MAX) frames.add(frame)
    }

    fun call(context: CoroutineContext): MomentoCall = calls.take(context)

    fun giveBack(call: MomentoCall): Unit = calls.giveBack(call)

    /** What [reply] to [command] refuses, or null when it does not. */
    fun refusal(
        command: CommandKind,
        reply: MomentoReply,
    ): MomentoException? {
        if (reply.kind() != ReplyKind.ERROR && reply.kind() != ReplyKind.NONE) return null
        counters.errorReplies++
        return refusalOf(command.name, reply)
    }

    fun closeAll() {
        close()
        executeUnlessStopped { pool.drop(1).forEach { it.close() } }
    }

    /** What must be said first. The link hears what came of it. */
    private class Authentication(
        private val to: MomentoLink,
        token: String,
    ) : Request<MomentoReply>(),
        Numbered {
        private val frame = MomentoCommandFrame().authenticate(token)
        private var id = 0L

        override val name: String get() = "AUTHENTICATE"
        override val sizeBytes: Long get() = frame.sizeBytesMax()

        override fun messageId(id: Long) {
            this.id = id
        }

        override fun messageId(): Long = id

        override fun expects(): ReplyKind = ReplyKind.AUTHENTICATE

        override fun writeTo(sink: ByteSink): Unit = frame.writeTo(sink, id)

        override fun replied(
            reply: MomentoReply,
            isLast: Boolean,
        ) {
            if (reply.kind() == ReplyKind.AUTHENTICATE) to.greeted() else to.refused(refusalOf(name, reply))
        }

        // Who waits hears from the link that its connection is gone.
        override fun failed(cause: Throwable): Unit = Unit

        override fun expired(cause: Exception): Unit = Unit
    }

    private companion object {
        // As many coroutines as usually wait at once; each object is a few hundred bytes.
        const val KEPT_MAX = 4096

        fun refusalOf(
            command: String,
            reply: MomentoReply,
        ): MomentoException =
            when {
                reply.kind() == ReplyKind.ERROR -> {
                    MomentoException.of(command, reply.status(), reply.errorText())
                }

                reply.controlCode() == ControlCode.NORMAL -> {
                    MomentoException.of(command, StatusCode.UNKNOWN, "(a reply without contents)")
                }

                else -> {
                    MomentoException.of(command, StatusCode.CANCELLED, "(control code ${reply.controlCode()})")
                }
            }
    }
}

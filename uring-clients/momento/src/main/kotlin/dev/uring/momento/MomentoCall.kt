package dev.uring.momento

import dev.uring.bytes.ByteSink
import dev.uring.bytes.ByteView
import dev.uring.client.SuspendedRequest
import dev.uring.momento.codec.CommandKind
import dev.uring.momento.codec.MomentoCommandFrame
import dev.uring.momento.codec.MomentoReply
import dev.uring.momento.codec.ReplyKind
import dev.uring.momento.session.Numbered
import kotlin.coroutines.Continuation
import kotlin.coroutines.resumeWithException

/** Reads a value where it was received; null is a miss. */
internal typealias ValueReader = (value: ByteView?) -> Any?

/** What is read of a reply that has no value. */
internal val noValue: ValueReader = { }

internal fun replyKindOf(command: CommandKind): ReplyKind =
    when (command) {
        CommandKind.GET -> ReplyKind.GET
        CommandKind.SET -> ReplyKind.SET
        CommandKind.DELETE -> ReplyKind.DELETE
        CommandKind.AUTHENTICATE -> ReplyKind.AUTHENTICATE
        CommandKind.NONE -> ReplyKind.NONE
    }

/** One command that a coroutine waits for. Used again and again: a call allocates nothing but its result. */
internal class MomentoCall(
    private val side: MomentoSide,
) : SuspendedRequest<MomentoReply>(side),
    Numbered {
    private var frame: MomentoCommandFrame? = null
    private var reader: ValueReader = noValue
    private var kind = CommandKind.NONE
    private var id = 0L

    override val name: String get() = kind.name

    override var sizeBytes: Long = 0
        private set

    override var isReplayable: Boolean = false
        private set

    override fun messageId(id: Long) {
        this.id = id
    }

    override fun messageId(): Long = id

    override fun expects(): ReplyKind = replyKindOf(kind)

    /** On the worker: sends and suspends, or throws with this object given back. */
    fun begin(
        newFrame: MomentoCommandFrame,
        newReader: ValueReader,
        continuation: Continuation<Any?>,
    ): Any {
        renew()
        frame = newFrame
        reader = newReader
        kind = newFrame.kind()
        sizeBytes = newFrame.sizeBytesMax()
        isReplayable = side.isReplayable(kind)
        try {
            val suspended = park(continuation)
            side.send(this)
            return suspended
        } catch (failure: Throwable) {
            unpark()
            giveBack()
            throw failure
        }
    }

    /** On the worker, for a coroutine of another thread: what goes wrong is thrown there. */
    fun beginFor(
        newFrame: MomentoCommandFrame,
        newReader: ValueReader,
        continuation: Continuation<Any?>,
    ) {
        try {
            begin(newFrame, newReader, continuation)
        } catch (failure: Throwable) {
            continuation.resumeWithException(failure)
        }
    }

    override fun writeTo(sink: ByteSink) {
        val written = checkNotNull(frame)
        written.writeTo(sink, id)
        if (!isReplayable) {
            frame = null
            side.giveBack(written)
        }
    }

    override fun replied(
        reply: MomentoReply,
        isLast: Boolean,
    ) {
        var value: Any? = null
        var failure: Throwable? = side.refusal(kind, reply)
        if (failure == null) {
            try {
                value = reader(reply.value())
            } catch (thrown: Throwable) {
                failure = thrown
            }
        }
        giveBack()
        // Last: what follows may be the next call of the same coroutine, in this very object.
        if (failure == null) resume(value) else fail(failure)
    }

    override fun giveBack() {
        frame?.let(side::giveBack)
        frame = null
        reader = noValue
        side.ended(this)
        side.giveBack(this)
    }
}

package dev.uring.redis

import dev.uring.bytes.ByteSink
import dev.uring.client.SuspendedRequest
import dev.uring.redis.codec.Command
import dev.uring.redis.codec.CommandWriter
import dev.uring.redis.codec.ErrorReplyException
import dev.uring.redis.codec.Reply
import dev.uring.redis.codec.ReplyReader
import kotlin.coroutines.Continuation
import kotlin.coroutines.resumeWithException

/** One command that a coroutine waits for. Used again and again: a call allocates nothing but its result. */
internal class CommandCall(
    private val side: RedisSide,
) : SuspendedRequest<ReplyReader>(side) {
    private var writer: CommandWriter? = null
    private var reply: Reply<*>? = null
    private var command: Command = NONE

    override val name: String get() = command.name()

    override var sizeBytes: Long = 0
        private set

    override var isReplayable: Boolean = false
        private set

    /** On the worker: sends and suspends, or throws with this object given back. */
    fun begin(
        target: RedisLink?,
        newWriter: CommandWriter,
        newReply: Reply<*>,
        continuation: Continuation<Any?>,
    ): Any {
        renew()
        command = newWriter.command()
        writer = newWriter
        reply = newReply
        sizeBytes = newWriter.finish().toLong()
        isReplayable = target == null && side.mayReplay(newWriter)
        try {
            val suspended = park(continuation)
            side.submit(this, target, newWriter)
            return suspended
        } catch (failure: Throwable) {
            unpark()
            giveBack()
            throw failure
        }
    }

    /** On the worker, for a coroutine of another thread: what goes wrong is thrown there. */
    fun beginFor(
        newWriter: CommandWriter,
        newReply: Reply<*>,
        continuation: Continuation<Any?>,
    ) {
        try {
            begin(null, newWriter, newReply, continuation)
        } catch (failure: Throwable) {
            continuation.resumeWithException(failure)
        }
    }

    override fun writeTo(sink: ByteSink) {
        val written = checkNotNull(writer)
        written.writeTo(sink)
        if (!isReplayable) {
            writer = null
            side.giveBack(written)
        }
    }

    override fun replied(
        reader: ReplyReader,
        isLast: Boolean,
    ) {
        var value: Any? = null
        val error = reader.errorText()
        if (isRecorded) noteReply(reader.replyBytes().toLong(), error)
        var failure: Throwable? = if (error == null) null else refused(error)
        if (failure == null) {
            try {
                value = checkNotNull(reply).read(reader)
            } catch (thrown: Throwable) {
                failure = if (thrown is ErrorReplyException) refused(thrown.text()) else thrown
            }
        }
        giveBack()
        // Last: what follows may be the next call of the same coroutine, in this very object.
        if (failure == null) resume(value) else fail(failure)
    }

    private fun refused(error: String): RedisException {
        side.counters.errorReplies++
        return RedisException(command.name(), error, side.use.serverName)
    }

    override fun giveBack() {
        writer?.let(side::giveBack)
        writer = null
        reply = null
        side.ended(this)
        side.giveBack(this)
    }

    private companion object {
        val NONE: Command = Command.of("NONE")
    }
}

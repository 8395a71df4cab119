package dev.uring.redis

import dev.uring.bytes.ByteSink
import dev.uring.client.Link
import dev.uring.client.Request
import dev.uring.client.SuspendedRequest
import dev.uring.redis.codec.ReplyReader
import kotlin.coroutines.Continuation
import kotlin.coroutines.resumeWithException

/** Several commands that go out as one and are answered one by one. Used again and again. */
internal class BatchCall(
    side: RedisSide,
) : BatchedCall(side) {
    private var repliesTaken = 0

    override val name: String get() = "a pipeline of ${content.count} commands"
    override val replies: Int get() = content.count
    override val isReplayable: Boolean
        get() = link?.kind == Link.Kind.SHARED && content.isRepeatable && side.repeats

    override fun writeTo(sink: ByteSink) {
        repliesTaken = 0
        content.writer.writeTo(sink)
    }

    override fun replied(
        reply: ReplyReader,
        isLast: Boolean,
    ) {
        if (isRecorded) noteReply(reply.replyBytes().toLong(), reply.errorText())
        content[repliesTaken++].take(reply)
        if (isLast) complete()
    }

    override fun giveBack() {
        super.giveBack()
        side.giveBack(this)
    }
}

/** What a pipeline and a transaction have in common: a [BatchContent] that is theirs while they are under way. */
internal abstract class BatchedCall(
    protected val side: RedisSide,
) : SuspendedRequest<ReplyReader>(side) {
    private var lent: BatchContent? = null
    protected val content: BatchContent get() = checkNotNull(lent)

    override val sizeBytes: Long get() = content.writer.finish().toLong()

    fun begin(
        newContent: BatchContent,
        target: RedisLink?,
        continuation: Continuation<Any?>,
    ): Any {
        renew()
        lent = newContent
        try {
            val suspended = park(continuation)
            side.submit(this, target ?: side.shared)
            return suspended
        } catch (failure: Throwable) {
            unpark()
            giveBack()
            throw failure
        }
    }

    fun beginFor(
        newContent: BatchContent,
        continuation: Continuation<Any?>,
    ) {
        try {
            begin(newContent, null, continuation)
        } catch (failure: Throwable) {
            continuation.resumeWithException(failure)
        }
    }

    protected fun complete() {
        giveBack()
        resume(Unit)
    }

    override fun giveBack() {
        lent?.let(side::giveBack)
        lent = null
        side.ended(this)
    }
}

/**
 * MULTI, the commands and EXEC, which go out as one: no reply is waited for between them, so nothing can get stuck in the
 * middle.
 *
 * Replies: one for MULTI, `QUEUED` or a refusal for each command, and the results together, or null when a watched key was
 * changed.
 */
internal class TransactionCall(
    side: RedisSide,
    override val generation: Long = Request.ANY_GENERATION,
) : BatchedCall(side) {
    /** Whether a watched key was changed, so that nothing was executed. */
    var isAborted = false
        private set

    private var repliesTaken = 0
    private var refusal: RedisException? = null

    override val name: String get() = "a transaction of ${content.count} commands"
    override val replies: Int get() = content.count + 2
    override val sizeBytes: Long get() = super.sizeBytes + MULTI_BYTES.size + EXEC_BYTES.size

    override fun writeTo(sink: ByteSink) {
        sink.putBytes(MULTI_BYTES)
        content.writer.writeTo(sink)
        sink.putBytes(EXEC_BYTES)
    }

    override fun replied(
        reply: ReplyReader,
        isLast: Boolean,
    ) {
        val error = reply.errorText()
        if (isRecorded) noteReply(reply.replyBytes().toLong(), error)
        if (!isLast) {
            if (error != null && refusal == null) refusal = RedisException(refusedCommand(), error)
            repliesTaken++
            return
        }
        val failure = refusal ?: error?.let { RedisException("EXEC", it) }
        when {
            failure != null -> {
                giveBack()
                fail(failure)
                return
            }

            reply.readNull() -> {
                isAborted = true
            }

            else -> {
                val count = reply.readArrayHeader()
                for (i in 0 until minOf(count, content.count)) content[i].takeElement(reply)
            }
        }
        complete()
    }

    private fun refusedCommand(): String = if (repliesTaken == 0) "MULTI" else content[repliesTaken - 1].command.name()

    private companion object {
        val MULTI_BYTES = "*1\r\n$5\r\nMULTI\r\n".toByteArray()
        val EXEC_BYTES = "*1\r\n$4\r\nEXEC\r\n".toByteArray()
    }
}

package dev.uring.redis

import dev.uring.redis.codec.Command
import dev.uring.redis.codec.ErrorReplyException
import dev.uring.redis.codec.Reply
import dev.uring.redis.codec.ReplyReader

/**
 * The result of one command of a batch.
 *
 * ### Errors
 * [value] throws what the command failed with, most often a [RedisException], and `IllegalStateException` before the batch
 * was run.
 */
public class BatchResult<out T> internal constructor(
    internal val command: Command,
    private val reply: Reply<out T>,
) {
    // One field for what it may be: there are as many of these as there are commands.
    private var outcome: Any? = Missing

    /** What the command failed with, or null. */
    public val failure: Throwable? get() = (outcome as? Failed)?.cause

    /** What the server answered. */
    @Suppress("UNCHECKED_CAST")
    public val value: T
        get() {
            val present = outcome
            if (present is Failed) throw present.cause
            check(
                present !== Missing,
            ) { "$command has no result yet: results are there when the pipeline or transaction has returned" }
            return present as T
        }

    internal fun fail(cause: Throwable) {
        outcome = Failed(cause)
    }

    internal fun succeed(value: Any?) {
        outcome = value
    }

    /** Reads the reply at which [reader] stands. Where it leaves the reader is not said. */
    internal fun take(reader: ReplyReader) {
        outcome =
            try {
                val error = reader.errorText()
                if (error == null) reply.read(reader) else Failed(RedisException(command.name(), error))
            } catch (refusal: ErrorReplyException) {
                Failed(RedisException(command.name(), refusal.text()))
            } catch (unreadable: Throwable) {
                Failed(unreadable)
            }
    }

    /** As [take], and leaves [reader] behind that reply, whatever becomes of it. */
    internal fun takeElement(reader: ReplyReader) {
        val position = reader.position()
        take(reader)
        reader.position(position)
        reader.skip()
    }

    private object Missing

    private class Failed(
        val cause: Throwable,
    )
}

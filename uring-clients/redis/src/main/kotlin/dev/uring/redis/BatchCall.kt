package dev.uring.redis

import dev.uring.bytes.ByteSink
import dev.uring.client.Link
import dev.uring.client.SuspendedRequest
import dev.uring.redis.codec.Command
import dev.uring.redis.codec.CommandWriter
import dev.uring.redis.codec.ErrorReplyException
import dev.uring.redis.codec.Reply
import dev.uring.redis.codec.ReplyReader
import kotlin.coroutines.Continuation
import kotlin.coroutines.resumeWithException

/**
 * The result of one command of a batch.
 *
 * ### Errors
 * [value] throws what the command failed with, most often a [RedisException], and `IllegalStateException` before the batch
 * was run.
 */
public class BatchResult<out T> internal constructor(
    private val command: Command,
    private val reply: Reply<out T>,
) {
    private var isThere = false
    private var result: Any? = null

    /** What the command failed with, or null. */
    public var failure: Throwable? = null
        private set

    /** What the server answered. */
    @Suppress("UNCHECKED_CAST")
    public val value: T
        get() {
            failure?.let { throw it }
            check(
                isThere,
            ) { "$command has no result yet: results are there when the pipeline or transaction has returned" }
            return result as T
        }

    internal fun fail(cause: Throwable) {
        failure = cause
    }

    internal fun succeed(value: Any?) {
        result = value
        isThere = true
    }

    /** Reads the reply at which [reader] stands and leaves it behind that reply, whatever becomes of it. */
    internal fun take(reader: ReplyReader) {
        val position = reader.position()
        val error = reader.errorText()
        try {
            if (error != null) throw ErrorReplyException(error)
            result = reply.read(reader)
            isThere = true
        } catch (refusal: ErrorReplyException) {
            fail(RedisException(command.name(), refusal.text()))
        } catch (unreadable: Throwable) {
            fail(unreadable)
        }
        reader.position(position)
        reader.skip()
    }
}

/** The commands of one batch as they are collected. */
internal class BatchBuilder<K : Any, V : Any>(
    private val core: ClientCore,
    override val codec: RedisCodec<K, V>,
) : RedisBatch<K, V> {
    val writers = ArrayList<CommandWriter>()
    val results = ArrayList<BatchResult<*>>()
    private var isOver = false

    override fun command(command: Command): CommandWriter = core.command(command)

    override fun <T> execute(
        request: CommandWriter,
        reply: Reply<T>,
    ): BatchResult<T> {
        val command = request.command()
        check(!isOver) { "$command: its batch has been sent already; add commands inside the block only" }
        require(request.blockMillis() == CommandWriter.NOT_BLOCKING) {
            "$command waits at the server, and would make the rest of its batch wait: send it by itself"
        }
        require(
            !command.`is`(Command.CONNECTION),
        ) { "$command changes the state of the connection, which others share" }
        request.finish()
        writers += request
        return BatchResult<T>(command, reply).also(results::add)
    }

    fun end() {
        isOver = true
    }
}

/** Several commands that go out as one and are answered one by one. */
internal open class BatchCall(
    private val side: RedisSide,
    protected val batch: BatchBuilder<*, *>,
) : SuspendedRequest<ReplyReader>(side) {
    protected var repliesTaken = 0

    override val name: String get() = "a pipeline of ${batch.results.size} commands"
    override val replies: Int get() = batch.results.size
    override val sizeBytes: Long get() = batch.writers.sumOf { it.finish().toLong() }
    override val isReplayable: Boolean get() = link?.kind == Link.Kind.SHARED && batch.writers.all(side::mayReplay)

    fun begin(
        target: RedisLink?,
        continuation: Continuation<Any?>,
    ): Any {
        val suspended = park(continuation)
        try {
            side.submit(this, target ?: side.shared)
        } catch (failure: Throwable) {
            unpark()
            throw failure
        }
        return suspended
    }

    fun beginFor(continuation: Continuation<Any?>) {
        try {
            begin(null, continuation)
        } catch (failure: Throwable) {
            continuation.resumeWithException(failure)
        }
    }

    override fun writeTo(sink: ByteSink) {
        repliesTaken = 0
        batch.writers.forEach { it.writeTo(sink) }
    }

    override fun replied(
        reader: ReplyReader,
        isLast: Boolean,
    ) {
        batch.results[repliesTaken++].take(reader)
        if (isLast) complete()
    }

    protected fun complete() {
        giveBack()
        resume(Unit)
    }

    override fun giveBack() {
        batch.writers.forEach(side::giveBack)
        batch.writers.clear()
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
    batch: BatchBuilder<*, *>,
    override val generation: Long,
) : BatchCall(side, batch) {
    /** Whether a watched key was changed, so that nothing was executed. */
    var isAborted = false
        private set

    private var refusal: RedisException? = null

    override val name: String get() = "a transaction of ${batch.results.size} commands"
    override val replies: Int get() = batch.results.size + 2
    override val sizeBytes: Long get() = super.sizeBytes + MULTI_BYTES.size + EXEC_BYTES.size
    override val isReplayable: Boolean get() = false

    override fun writeTo(sink: ByteSink) {
        sink.putBytes(MULTI_BYTES)
        super.writeTo(sink)
        sink.putBytes(EXEC_BYTES)
    }

    override fun replied(
        reader: ReplyReader,
        isLast: Boolean,
    ) {
        val error = reader.errorText()
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

            reader.readNull() -> {
                isAborted = true
            }

            else -> {
                val count = reader.readArrayHeader()
                for (i in 0 until minOf(count, batch.results.size)) batch.results[i].take(reader)
            }
        }
        complete()
    }

    private fun refusedCommand(): String =
        batch.writers
            .getOrNull(repliesTaken - 1)
            ?.command()
            ?.name() ?: "MULTI"

    companion object {
        private val MULTI_BYTES = "*1\r\n$5\r\nMULTI\r\n".toByteArray()
        private val EXEC_BYTES = "*1\r\n$4\r\nEXEC\r\n".toByteArray()
    }
}

package dev.uring.momento

import dev.uring.bytes.ByteSink
import dev.uring.client.Request
import dev.uring.momento.codec.CommandKind
import dev.uring.momento.codec.MomentoCommandFrame
import dev.uring.momento.codec.MomentoReply
import dev.uring.momento.codec.ReplyKind
import dev.uring.momento.session.Numbered
import kotlinx.coroutines.CancellableContinuation
import kotlinx.coroutines.suspendCancellableCoroutine
import kotlin.coroutines.resume
import kotlin.time.Duration

/**
 * What came of a command that was fired.
 *
 * @property id what firing it returned
 * @property value of a get: the value, or null when there is none
 * @property failure why there is no answer, or null
 */
public class CompletedOperation internal constructor(
    public val id: Long,
    public val kind: CommandKind,
    public val value: ByteArray?,
    public val failure: Throwable?,
) {
    override fun toString(): String =
        "CompletedOperation($id, $kind, ${failure ?: value?.let { "${it.size} bytes" } ?: "no value"})"
}

/**
 * Commands that are sent without waiting, and results that are received in the order in which they come.
 *
 * ### Shapes and units
 * Firing gives a number; the result with that number comes out of [receive] exactly once, errors included.
 * ### Ownership
 * Arrays are not copied: they must not change until the result was received. [close] gives up what is pending.
 * ### Threading and cancellation
 * Everything on the worker it was made on. A cancelled [receive] loses no result: the next one has it.
 * ### Errors
 * [MomentoOverloadException] `pendingMax` results are not received yet, or more wait for the connection than may; nothing
 * was fired then. What happens to a command is in its [CompletedOperation.failure].
 *
 * @sample samples.momento.severalAtOnce
 */
public class MomentoOperations internal constructor(
    private val side: MomentoSide,
    private val cache: MomentoCache,
    private val pendingMax: Int,
) : AutoCloseable {
    private val completed = ArrayDeque<CompletedOperation>()
    private val fired = LinkedHashMap<Long, Fired>()
    private var waiter: CancellableContinuation<Unit>? = null
    private var lastId = 0L

    init {
        require(pendingMax >= 1) { "pendingMax=$pendingMax must be at least 1" }
    }

    /** Commands that were fired and whose results were not received yet. */
    public val pendingCount: Int get() = fired.size + completed.size

    /** Asks for the value of [key]. */
    public fun fireGet(key: String): Long = fire { cache.frame(CommandKind.GET).key(key) }

    /** Stores [value] for [ttl]. */
    public fun fireSet(
        key: String,
        value: ByteArray,
        ttl: Duration = side.config.defaultTtl,
    ): Long = fire { cache.setting(ttl).key(key).value(value) }

    /** Deletes the value of [key]. */
    public fun fireDelete(key: String): Long = fire { cache.frame(CommandKind.DELETE).key(key) }

    /** Gives up the command [id]: the server is told, and no result will come. False when it is completed. */
    public fun cancel(id: Long): Boolean {
        val given = fired.remove(id) ?: return false
        given.giveUp()
        return true
    }

    /**
     * Waits for the next result.
     *
     * ### Errors
     * `IllegalStateException` nothing is pending, so none will come.
     */
    public suspend fun receive(): CompletedOperation {
        while (true) {
            completed.removeFirstOrNull()?.let { return it }
            check(fired.isNotEmpty()) { "receive() without a pending command: fire one first" }
            check(waiter == null) { "receive() is called by two coroutines at once" }
            // Only a signal: a result that came as this coroutine was cancelled is still in the queue.
            var own: CancellableContinuation<Unit>? = null
            try {
                suspendCancellableCoroutine {
                    own = it
                    waiter = it
                }
            } finally {
                if (waiter === own) waiter = null
            }
        }
    }

    override fun close() {
        val left = fired.values.toList()
        fired.clear()
        completed.clear()
        left.forEach { it.giveUp() }
    }

    private inline fun fire(frame: () -> MomentoCommandFrame): Long {
        side.worker.checkCurrent()
        if (pendingCount >= pendingMax) {
            throw MomentoOverloadException(
                "pendingMax=$pendingMax commands were fired and not received yet.\n  Call receive() before firing more.",
            )
        }
        val command = Fired(++lastId, frame())
        fired[lastId] = command
        try {
            side.send(command)
        } catch (refusal: Throwable) {
            fired.remove(command.number)
            command.release()
            throw refusal
        }
        return command.number
    }

    private fun complete(
        command: Fired,
        value: ByteArray?,
        failure: Throwable?,
    ) {
        if (fired.remove(command.number) == null) return
        completed.addLast(CompletedOperation(command.number, command.kind, value, failure))
        val waiting = waiter ?: return
        waiter = null
        waiting.resume(Unit)
    }

    private inner class Fired(
        val number: Long,
        private val frame: MomentoCommandFrame,
    ) : Request<MomentoReply>(),
        Numbered {
        val kind: CommandKind = frame.kind()
        private var id = 0L

        override val name: String get() = kind.name
        override val sizeBytes: Long = frame.sizeBytesMax()
        override val isReplayable: Boolean = side.isReplayable(kind)

        override fun messageId(id: Long) {
            this.id = id
        }

        override fun messageId(): Long = id

        override fun expects(): ReplyKind = replyKindOf(kind)

        override fun writeTo(sink: ByteSink): Unit = frame.writeTo(sink, id)

        override fun replied(
            reply: MomentoReply,
            isLast: Boolean,
        ) {
            val failure = side.refusal(kind, reply)
            val value = reply.value()?.toByteArray()
            release()
            complete(this, value, failure)
        }

        override fun failed(cause: Throwable) {
            release()
            complete(this, null, cause)
        }

        override fun expired(cause: Exception) {
            side.counters.timeouts++
            if (link != null && !isSent) release()
            complete(this, null, cause)
        }

        override fun drained(): Unit = release()

        fun release() {
            side.giveBack(frame)
            side.ended(this)
        }
    }
}

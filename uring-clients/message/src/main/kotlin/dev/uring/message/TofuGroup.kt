package dev.uring.message

import dev.uring.dsl.dispatcher
import dev.uring.message.codec.Message
import dev.uring.message.codec.MessageOperation
import dev.uring.message.codec.PoolStrategy
import dev.uring.worker.Worker
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.future.future
import java.util.concurrent.CompletionStage
import java.util.concurrent.ExecutionException
import java.util.concurrent.locks.LockSupport
import kotlin.time.Duration
import kotlin.time.Duration.Companion.nanoseconds

/**
 * What a message had when it was handed over.
 *
 * @property channel its channel, which a welcome or hello request got just then
 * @property operation type and role
 * @property more whether more parts follow
 * @property oob whether it goes before others
 * @property id its id, which it may have got just then
 */
public data class MessageHeader(
    val channel: Int,
    val operation: MessageOperation,
    val more: Boolean,
    val oob: Boolean,
    val id: Long,
)

/**
 * A group by tofu's own verbs, for programs that are ported, and for Java: what suspends in [Group] blocks here or
 * gives a `CompletionStage`.
 *
 * ### Ownership
 * As [Group], which stays the owner of everything.
 * ### Threading and cancellation
 * Any thread; what blocks must not be called on a worker. One thread at a time receives. Stages complete on a worker,
 * which must not be blocked: go on elsewhere with the `…Async` methods.
 * ### Errors
 * As [Group].
 */
public class TofuGroup(
    public val group: Group,
) {
    private val scope = CoroutineScope(group.home.dispatcher)

    /** [Group.get]. */
    public fun get(strategy: PoolStrategy): Message? = group.get(strategy)

    /** [Group.put]; null does nothing. */
    public fun put(message: Message?) {
        if (message != null) group.put(message)
    }

    /**
     * Hands [message] over to be sent. Blocks while its channel is full, but on a worker, where that is
     * [ChannelFullException].
     */
    public fun enqueueToPeer(message: Message?): MessageHeader {
        val target = group.target(message)
        checkNotNull(message)
        while (target is PeerChannel && target.isFull) {
            if (Worker.current() != null) throw group.full(target)
            LockSupport.parkNanos(FULL_PARK_NANOS)
        }
        val operation = checkNotNull(message.operation())
        val header = MessageHeader(target.number, operation, message.hasMore(), message.isOob, message.id())
        group.dispatch(message, target, "enqueueToPeer")
        return header
    }

    /** The next message, or null when none has come within [timeoutNanos]; [WAIT_FOREVER] waits for ever. Blocks. */
    public fun waitReceive(timeoutNanos: Long): Message? {
        check(
            Worker.current() == null,
        ) { "waitReceive blocks and was called on a worker: use Group.receive, or receiveAsync" }
        val timeout = if (timeoutNanos == WAIT_FOREVER) Duration.INFINITE else timeoutNanos.nanoseconds
        try {
            return scope.future { group.receive(timeout) }.get()
        } catch (wrapped: ExecutionException) {
            throw wrapped.cause ?: wrapped
        }
    }

    /** [Group.notifyReceiver]. */
    public fun updateReceiver(message: Message?): Unit = group.notifyReceiver(message)

    /** [Group.receive]. */
    public fun receiveAsync(): CompletionStage<Message> = scope.future { group.receive() }

    /** [Group.request]. */
    public fun requestAsync(message: Message): CompletionStage<Message> = scope.future { group.request(message) }

    /** [Group.listen]. */
    public fun listenAsync(address: String): CompletionStage<Listening> = scope.future { group.listen(address) }

    /** [Group.connect]. */
    public fun connectAsync(address: String): CompletionStage<Int> = scope.future { group.connect(address) }

    /** Constants. */
    public companion object {
        /** For [waitReceive]. */
        public const val WAIT_FOREVER: Long = Long.MAX_VALUE

        // As long as a sender waits for room in a worker's mailbox.
        private const val FULL_PARK_NANOS = 50_000L
    }
}

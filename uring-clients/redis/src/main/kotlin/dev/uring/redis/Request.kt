package dev.uring.redis

import dev.uring.bytes.ByteSink
import dev.uring.redis.session.PendingReply

/**
 * Something that goes out over a [Link] and waits for one reply or several.
 *
 * A request is in one place at a time: in a queue of those that are not sent yet, in a session of those that are, or in
 * nobody's hands. *Invariant:* it is used again only in the last case. So one that was cancelled after it was sent stays
 * with its session, abandoned, until the replies that belong to it have come.
 *
 * Thread: the worker of its link.
 */
internal abstract class Request : PendingReply() {
    // Members of a RequestQueue.
    var previous: Request? = null
    var next: Request? = null
    var queue: RequestQueue? = null

    /** Where it was submitted. */
    var link: Link? = null

    /** Whether it is with a session. */
    var isSent = false

    /** Longest time from submission to reply, and when that will be over; [NO_DEADLINE] has no end. */
    var timeoutNanos = NO_DEADLINE
    var deadlineNanos = NO_DEADLINE

    /** Whether its link is its own, and free again when it has ended. */
    var ownsLink = false

    /** What errors call it. */
    abstract val name: String

    /** What it takes in the send queue. */
    abstract val sizeBytes: Long

    /** Whether it may be sent again, though it may have had its effect. */
    open val isReplayable: Boolean get() = false

    /** The connection that it is good for, as [Link.generation] counts them, or [ANY_GENERATION]. */
    open val generation: Long get() = ANY_GENERATION

    /** How many replies it will have. */
    open val replies: Int get() = 1

    final override fun repliesCount(): Int = replies

    abstract fun writeTo(sink: ByteSink)

    /** No reply will come: it is in nobody's hands any more. */
    abstract fun failed(cause: Throwable)

    /** Nobody may wait longer. If it is with a session it stays there, abandoned. */
    abstract fun expired(cause: RedisTimeoutException)

    /** It was abandoned, and its connection is gone. */
    fun dropAbandoned() = drained()

    companion object {
        const val NO_DEADLINE = Long.MAX_VALUE
        const val ANY_GENERATION = 0L
    }
}

/** Requests that wait, in order; linked through themselves, so that one that is cancelled leaves at once. */
internal class RequestQueue(
    private val counters: RedisCounters,
) {
    private var first: Request? = null
    private var last: Request? = null

    var count = 0
        private set

    val isEmpty: Boolean get() = first == null

    fun peek(): Request? = first

    fun add(request: Request) {
        request.queue = this
        request.previous = last
        last?.next = request
        last = request
        if (first == null) first = request
        count++
        counters.waiting++
    }

    fun addFirst(request: Request) {
        request.queue = this
        request.next = first
        first?.previous = request
        first = request
        if (last == null) last = request
        count++
        counters.waiting++
    }

    fun poll(): Request? = first?.also(::remove)

    fun remove(request: Request) {
        val previous = request.previous
        val next = request.next
        if (previous == null) first = next else previous.next = next
        if (next == null) last = previous else next.previous = previous
        request.previous = null
        request.next = null
        request.queue = null
        count--
        counters.waiting--
    }

    inline fun forEach(visit: (Request) -> Unit) {
        var request = peek()
        while (request != null) {
            val following = request.next
            visit(request)
            request = following
        }
    }
}

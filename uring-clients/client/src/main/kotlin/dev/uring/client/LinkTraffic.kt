package dev.uring.client

import dev.uring.client.jfr.CommandEvent
import dev.uring.client.session.ProtocolSession
import dev.uring.net.Connection

/**
 * The requests of one [Link]: those that wait for a connection or its room, and those that wait for replies.
 *
 * Bounded on both sides: `maxInFlight` replies that are to come, then requests wait; `maxWaiting` of these, then they are
 * refused. The bytes are bounded by the connection: when it is not writable requests wait, too.
 *
 * Thread: the worker's.
 */
internal class LinkTraffic<R>(
    private val link: Link<R>,
    private val side: WorkerSide<R>,
) {
    private val config = side.links
    private val counters = side.counters
    val waiting = RequestQueue<R>(counters)

    // Of the present connection.
    private var connection: Connection? = null
    var session: ProtocolSession<R>? = null
        private set

    fun open(
        newConnection: Connection,
        newSession: ProtocolSession<R>,
    ) {
        connection = newConnection
        session = newSession
    }

    /** The connection is gone: gives back what was sent and not answered, oldest first. */
    fun end(): List<Request<R>> {
        val ended = session
        connection = null
        session = null
        counters.inFlight -= ended?.repliesExpected() ?: 0
        return ended?.end().orEmpty().map { it as Request<R> }
    }

    fun mayWrite(request: Request<R>): Boolean {
        val present = session
        if (!link.isReady || present == null || connection?.isWritable != true) return false
        // What is larger than the bound may go alone.
        return present.pendingCount() == 0 || present.repliesExpected() + request.replies <= config.maxInFlight
    }

    fun send(request: Request<R>) {
        val open = checkNotNull(connection)
        checkNotNull(session).sent(request)
        request.isSent = true
        counters.commandsSent++
        counters.inFlight += request.replies
        if (request.isRecorded) request.noteSent(open.id())
        request.writeTo(open)
    }

    /** For what goes ahead of all that waits: greetings and pings. */
    fun sendAhead(request: Request<R>) {
        val open = connection ?: return
        request.link = link
        request.deadlineNanos = Request.NO_DEADLINE
        checkNotNull(session).sent(request)
        request.isSent = true
        counters.inFlight += request.replies
        request.writeTo(open.output())
    }

    /** Sends what waits, as far as that may be. */
    fun pump() {
        while (link.isReady) {
            val request = waiting.peek() ?: return
            if (!mayWrite(request)) {
                val open = connection ?: return
                if (!open.isWritable) open.requestWritable(side.sendLowWaterBytes)
                return
            }
            waiting.remove(request)
            if (isOutdated(request)) request.endUnanswered(link.texts.outdated(request)) else send(request)
        }
    }

    /** What was sent when a connection was lost because of [why] is sent again or fails, oldest first. */
    fun settle(
        left: List<Request<R>>,
        why: Throwable?,
    ) {
        val (again, over) = left.partition { !it.isAbandoned && it.isReplayable && !link.isClosed }
        again.asReversed().forEach {
            it.isSent = false
            waiting.addFirst(it)
            counters.replays++
        }
        over.forEach {
            if (it.isAbandoned) it.dropAbandoned() else it.endUnanswered(link.texts.lost(it, why))
        }
    }

    // What was promised to a connection is that connection's: another one has not promised anything.
    fun isOutdated(request: Request<R>): Boolean =
        request.generation != Request.ANY_GENERATION && (request.generation != link.generation || !link.isReady)

    fun expire(request: Request<R>) {
        val wasSent = request.isSent
        request.endRecord(CommandEvent.TIMED_OUT)
        if (wasSent) {
            link.gaveUp(request)
        } else if (request.queue === waiting) {
            waiting.remove(request)
        }
        request.expired(link.texts.expired(request, wasSent))
    }

    fun failWaiting(cause: Throwable) {
        // Those of now: who is told may submit again right away, and would be told again for ever.
        repeat(waiting.count) {
            waiting.poll()?.endUnanswered(cause)
        }
    }

    /** Adds to [expired] whose time is over at [nowNanos]; returns when that of the next one will be. */
    fun collectExpired(
        nowNanos: Long,
        expired: MutableList<Request<R>>,
    ): Long {
        var soonest = Request.NO_DEADLINE
        session?.forEachPending {
            val request = it as Request<R>
            val deadline = request.deadlineNanos
            if (!request.isAbandoned && deadline != Request.NO_DEADLINE) {
                if (deadline <= nowNanos) expired += request else soonest = minOf(soonest, deadline)
            }
        }
        waiting.forEach {
            if (it.deadlineNanos <= nowNanos) expired += it else soonest = minOf(soonest, it.deadlineNanos)
        }
        return soonest
    }
}

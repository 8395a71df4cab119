package dev.uring.client

import dev.uring.bytes.ByteSink
import dev.uring.client.jfr.CommandEvent
import dev.uring.client.session.Pending
import dev.uring.net.Connection
import jdk.jfr.FlightRecorder

/**
 * Something that goes out over a [Link] and waits for one reply or several.
 *
 * A request is in one place at a time: in a queue of those that are not sent yet, in a session of those that are, or in
 * nobody's hands. *Invariant:* it is used again only in the last case. So one that was cancelled after it was sent stays
 * with its session, abandoned, until the replies that belong to it have come.
 *
 * Thread: the worker of its link.
 */
public abstract class Request<R> : Pending<R>() {
    // Members of a RequestQueue.
    internal var previous: Request<R>? = null
    internal var next: Request<R>? = null
    internal var queue: RequestQueue<R>? = null

    /** Longest time from submission to reply, and when that will be over; [NO_DEADLINE] has no end. */
    internal var timeoutNanos = NO_DEADLINE
    internal var deadlineNanos = NO_DEADLINE

    // What is said of it to a recording; null as long as none wants to know, which is nearly always.
    private var record: CommandEvent? = null

    // Whether its link is its own, and free again when it has ended.
    internal var ownsLink = false

    /** Where it was submitted; null in nobody's hands. */
    public var link: Link<R>? = null
        internal set

    /** Whether it is with a session. */
    public var isSent: Boolean = false
        internal set

    /** What errors call it. */
    public abstract val name: String

    /** What it takes in the send queue. */
    public abstract val sizeBytes: Long

    /** Whether it may be sent again, though it may have had its effect. */
    public open val isReplayable: Boolean get() = false

    /** The connection that it is good for, as [Link.generation] counts them, or [ANY_GENERATION]. */
    public open val generation: Long get() = ANY_GENERATION

    /** What it takes on the wire: [sizeBytes], and memory that it hands over to the connection. */
    public open val bytesOnWire: Long get() = sizeBytes

    /** How many replies it will have. */
    public open val replies: Int get() = 1

    final override fun repliesCount(): Int = replies

    /** Writes it. A request that may be replayed writes the same again when asked again. */
    public abstract fun writeTo(sink: ByteSink)

    /** Writes it into the send queue of [connection]. What hands memory over to the connection overrides this. */
    public open fun writeTo(connection: Connection): Unit = writeTo(connection.output())

    /** Whether a recording wants to know what becomes of it: then there is a use in [noteReply]. */
    public val isRecorded: Boolean get() = record != null

    /** For recordings: a reply of [bytes] has come; [refusal] is what the server refused with, or null. */
    public fun noteReply(
        bytes: Long,
        refusal: String? = null,
    ) {
        record?.replied(bytes, refusal)
    }

    internal fun beginRecord(side: WorkerSide<R>) {
        record = if (FlightRecorder.isInitialized()) CommandEvent.beginIfWanted() else null
        record?.about(side.failures.protocol, name, side.links.address, side.worker.index())
    }

    internal fun noteSent(connectionId: Long) {
        record?.sent(connectionId, bytesOnWire)
    }

    /** It has ended as it did. */
    internal fun endRecord() {
        record?.finish()
        record = null
    }

    /** Nobody waits for it any more, though it may still be with a session. */
    internal fun endRecord(how: String) {
        record?.finishEarly(how)
        record = null
    }

    /** As [failed], and recorded. */
    internal fun endUnanswered(cause: Throwable) {
        record?.failed(cause.message)
        failed(cause)
    }

    /** No reply will come: it is in nobody's hands any more. */
    public abstract fun failed(cause: Throwable)

    /** Nobody may wait longer. If it is with a session it stays there, abandoned. */
    public abstract fun expired(cause: Exception)

    /** Nobody waits for it any more: it is not sent, or what comes for it is dropped. Does nothing in nobody's hands. */
    public fun giveUp() {
        val submittedTo = link ?: return
        endRecord(CommandEvent.CANCELLED)
        if (isSent) {
            submittedTo.gaveUp(this)
        } else {
            queue?.remove(this)
            drained()
        }
    }

    // It was abandoned, and its connection is gone.
    internal fun dropAbandoned() = drained()

    /** What the members are when there is none. */
    public companion object {
        /** Of a request that may wait for ever. */
        public const val NO_DEADLINE: Long = Long.MAX_VALUE

        /** Of a request that any connection may answer. */
        public const val ANY_GENERATION: Long = 0L
    }
}

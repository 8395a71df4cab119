package dev.uring.memcache

import dev.uring.bytes.ByteSink
import dev.uring.client.SuspendedRequest
import dev.uring.memcache.codec.CommandWord
import dev.uring.memcache.codec.MemcacheReply
import dev.uring.memcache.codec.MemcacheWriter
import dev.uring.memcache.session.Exchange
import kotlin.coroutines.Continuation
import kotlin.coroutines.resumeWithException

/** One request that a coroutine waits for. Used again and again: a call allocates nothing but its result. */
internal class MemcacheCall(
    private val side: MemcacheSide,
) : SuspendedRequest<MemcacheReply>(side),
    Exchange {
    private var writer: MemcacheWriter? = null
    private var answer: Answer<*>? = null
    private var word = CommandWord.MN
    private var sofar: Any? = null
    private var failure: Throwable? = null

    override val name: String get() = word.toString()

    override var sizeBytes: Long = 0
        private set

    override var isReplayable: Boolean = false
        private set

    override var replies: Int = 1
        private set

    private var joinsLine = false
    private var hasItem = false

    /** On the worker: sends and suspends, or throws with this object given back. */
    fun begin(
        newWriter: MemcacheWriter,
        newAnswer: Answer<*>,
        continuation: Continuation<Any?>,
    ): Any {
        renew()
        writer = newWriter
        answer = newAnswer
        word = newWriter.firstWord()
        replies = newWriter.repliesCount()
        sizeBytes = newWriter.size().toLong()
        isReplayable = side.mayReplay && newWriter.isIdempotent
        try {
            val suspended = park(continuation)
            side.submit(this)
            return suspended
        } catch (refusal: Throwable) {
            unpark()
            giveBack()
            throw refusal
        }
    }

    /** On the worker, for a coroutine of another thread: what goes wrong is thrown there. */
    fun beginFor(
        newWriter: MemcacheWriter,
        newAnswer: Answer<*>,
        continuation: Continuation<Any?>,
    ) {
        try {
            begin(newWriter, newAnswer, continuation)
        } catch (refusal: Throwable) {
            continuation.resumeWithException(refusal)
        }
    }

    override fun writeTo(sink: ByteSink) {
        val written = checkNotNull(writer)
        val mayShareLine = side.config.combinesGets && written.isGetOfOne
        if (mayShareLine) {
            joinsLine = side.getLine.add(written, sink)
        } else {
            joinsLine = false
            side.getLine.end()
            written.writeTo(sink)
        }
        hasItem = false
        // What was collected belonged to a connection that was lost.
        sofar = answer?.start
        failure = null
        // Its key says which item is its own.
        if (!isReplayable && !mayShareLine) {
            writer = null
            side.giveBack(written)
        }
    }

    // An error ends a reply whatever the command is: nothing follows it, but behind a fence.
    override fun isEndedBy(line: MemcacheReply): Boolean {
        val reading = answer
        return reading == null || reading.ends(line) || (line.kind().isError && !reading.outlastsErrors)
    }

    override fun joinsLine(): Boolean = joinsLine

    override fun claims(line: MemcacheReply): Boolean {
        if (hasItem || !line.hasLastKeyOf(checkNotNull(writer))) return false
        hasItem = true
        return true
    }

    override fun part(line: MemcacheReply) {
        if (failure != null) return
        try {
            sofar = checkNotNull(answer).part(line, sofar)
        } catch (thrown: Throwable) {
            failure = thrown
        }
    }

    override fun replied(
        line: MemcacheReply,
        isLast: Boolean,
    ) {
        if (failure == null) {
            try {
                sofar =
                    if (line.kind().isError) throw refused(line) else checkNotNull(answer).last(line, sofar)
            } catch (thrown: Throwable) {
                failure = thrown
            }
        }
        if (!isLast) return
        val thrown = failure
        val value = sofar
        giveBack()
        // Last: what follows may be the next call of the same coroutine, in this very object.
        if (thrown == null) resume(value) else fail(thrown)
    }

    private fun refused(line: MemcacheReply): MemcacheException {
        side.counters.errorReplies++
        return MemcacheFailures.refused(name, line)
    }

    override fun giveBack() {
        writer?.let(side::giveBack)
        writer = null
        answer = null
        sofar = null
        failure = null
        side.ended(this)
        side.giveBack(this)
    }
}

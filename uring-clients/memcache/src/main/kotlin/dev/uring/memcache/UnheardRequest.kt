package dev.uring.memcache

import dev.uring.bytes.ByteSink
import dev.uring.client.Request
import dev.uring.memcache.codec.CommandWord
import dev.uring.memcache.codec.MemcacheReply
import dev.uring.memcache.codec.MemcacheWriter
import dev.uring.memcache.codec.ReplyKind
import dev.uring.memcache.session.Exchange
import kotlinx.coroutines.CancellableContinuation
import kotlin.coroutines.resume
import kotlin.coroutines.resumeWithException

/**
 * A command that nobody waits for the answer of, and a fence behind it: whatever the server says before it answers the fence
 * belongs to this command. Somebody may wait until it has been sent. Used again and again.
 *
 * Thread: the worker's.
 */
internal class UnheardRequest(
    private val side: MemcacheSide,
) : Request<MemcacheReply>(),
    Exchange {
    private var writer: MemcacheWriter? = null
    private var waiter: CancellableContinuation<Unit>? = null
    private var word = CommandWord.MN
    private var isSubmitting = false
    private var refusal: Throwable? = null

    override val name: String get() = word.toString()

    override var sizeBytes: Long = 0
        private set

    /** Sends it, or leaves it with its link until that may be done. Says whether it was sent; throws when it was refused. */
    fun begin(newWriter: MemcacheWriter): Boolean {
        renew()
        writer = newWriter
        word = newWriter.firstWord()
        sizeBytes = newWriter.size().toLong()
        isSubmitting = true
        try {
            side.submit(this)
        } catch (thrown: Throwable) {
            giveBack()
            throw thrown
        } finally {
            isSubmitting = false
        }
        // An address that is none is known before it has been left with the link.
        refusal?.let { throw it.also { refusal = null } }
        return writer == null
    }

    /** Resumes [continuation] when it has been sent, or will not be. */
    fun await(continuation: CancellableContinuation<Unit>) {
        waiter = continuation
        continuation.invokeOnCancellation {
            side.executeUnlessStopped {
                // Otherwise it was sent meanwhile, and this object may be somebody else's.
                if (waiter === continuation) {
                    waiter = null
                    side.counters.cancellations++
                    giveUp()
                }
            }
        }
    }

    override fun writeTo(sink: ByteSink) {
        val written = checkNotNull(writer)
        writer = null
        side.getLine.end()
        written.writeTo(sink)
        side.giveBack(written)
        waiter?.resume(Unit)
        waiter = null
    }

    override fun isEndedBy(line: MemcacheReply): Boolean =
        line.kind() == ReplyKind.META_NOOP || line.kind() == ReplyKind.VERSION

    override fun part(line: MemcacheReply) {
        if (line.kind().isError) side.unheardErrors++
    }

    override fun replied(
        line: MemcacheReply,
        isLast: Boolean,
    ): Unit = giveBack()

    override fun failed(cause: Throwable) {
        val waiting = waiter
        when {
            isSubmitting -> refusal = cause
            waiting == null -> side.unheardErrors++
        }
        giveBack()
        waiting?.resumeWithException(cause)
    }

    override fun expired(cause: Exception) {
        side.counters.timeouts++
        val waiting = waiter
        // One that was sent stays where it is, abandoned, until its fence is answered.
        if (isSent) side.unheardErrors++ else giveBack()
        waiting?.resumeWithException(cause)
    }

    override fun drained(): Unit = giveBack()

    private fun giveBack() {
        writer?.let(side::giveBack)
        writer = null
        waiter = null
        side.ended(this)
        side.giveBack(this)
    }
}

package dev.uring.memcache

import dev.uring.UringRuntime
import dev.uring.bytes.ByteSink
import dev.uring.client.Dialer
import dev.uring.client.Link
import dev.uring.client.LinkConfig
import dev.uring.client.Request
import dev.uring.client.RequestPool
import dev.uring.client.WorkerSide
import dev.uring.client.session.ProtocolSession
import dev.uring.memcache.codec.CommandWord
import dev.uring.memcache.codec.MemcacheReply
import dev.uring.memcache.codec.MemcacheWriter
import dev.uring.memcache.session.Exchange
import dev.uring.memcache.session.MemcacheSession
import dev.uring.worker.Worker
import kotlin.coroutines.CoroutineContext

/**
 * What one client has on one worker: its link, and objects to use again. Thread: the worker's, but for what is val.
 */
internal class MemcacheSide(
    runtime: UringRuntime,
    worker: Worker,
    val config: MemcacheConfig,
    links: LinkConfig,
    dialer: Dialer,
    private val writers: WriterPool,
) : WorkerSide<MemcacheReply>(runtime, worker, links, dialer, MemcacheFailures) {
    private val calls = RequestPool { MemcacheCall(this) }

    private val unheardRequests = ArrayList<UnheardRequest>()

    val getLine = GetLine(worker)

    /** What the server refused, or may not have got, with nobody to hear of it. */
    var unheardErrors = 0L

    val mayReplay: Boolean = config.replay == ReplayRule.AT_LEAST_ONCE

    override fun openSession(link: Link<MemcacheReply>): ProtocolSession<MemcacheReply> =
        MemcacheSession(config.limits, sessionRepliesMax)

    override fun greet(link: Link<MemcacheReply>) {
        if (config.username == null) return link.greeted()
        val credentials = checkNotNull(config.credentials(writer()))
        link.writeAhead(
            OwnRequest(this, credentials, "authentication") { reply ->
                if (reply.kind().isError) {
                    link.refused(
                        MemcacheFailures.refused("authentication", reply),
                    )
                } else {
                    link.greeted()
                }
            },
        )
    }

    // Not mn: servers before 1.6 do not know it.
    override fun ping(link: Link<MemcacheReply>): Boolean {
        if (link.session?.hasRoom(1) == true) {
            link.writeAhead(OwnRequest(this, writer().command(CommandWord.VERSION).end(), "ping") { })
        }
        return true
    }

    /** Sends [request] without waiting for its answer; what has to wait for its turn is returned. */
    fun sendUnheard(request: MemcacheWriter): UnheardRequest? {
        val unheard = unheardRequests.removeLastOrNull() ?: UnheardRequest(this)
        return if (unheard.begin(request)) null else unheard
    }

    fun giveBack(request: UnheardRequest) {
        if (unheardRequests.size < UNHEARD_KEPT_MAX) unheardRequests.add(request)
    }

    fun writer(): MemcacheWriter = writers.take()

    fun giveBack(writer: MemcacheWriter): Unit = writers.giveBack(writer)

    fun call(context: CoroutineContext): MemcacheCall = calls.take(context)

    fun giveBack(call: MemcacheCall): Unit = calls.giveBack(call)

    private companion object {
        // As many as usually are under way; each object is a hundred bytes.
        const val UNHEARD_KEPT_MAX = 4096
    }
}

/** Writers that are in nobody's hands. One for each worker, and for all servers of a pool. Thread: the worker's. */
internal class WriterPool {
    private val kept = ArrayList<MemcacheWriter>()

    fun take(): MemcacheWriter = (kept.removeLastOrNull() ?: MemcacheWriter()).clear()

    // Cleared now and not when it is taken: a large value shall not be held by a writer that nobody uses.
    fun giveBack(writer: MemcacheWriter) {
        if (kept.size < KEPT_MAX) kept.add(writer.clear())
    }

    private companion object {
        // As many coroutines as usually wait at once; each object is a few hundred bytes.
        const val KEPT_MAX = 4096
    }
}

/** A command of the client's own, answered by one line. [whenAnswered] is not called when no reply comes. */
private class OwnRequest(
    private val side: MemcacheSide,
    private val writer: MemcacheWriter,
    override val name: String,
    private val whenAnswered: (MemcacheReply) -> Unit,
) : Request<MemcacheReply>(),
    Exchange {
    override val sizeBytes: Long = writer.size().toLong()

    override fun writeTo(sink: ByteSink) {
        side.getLine.end()
        writer.writeTo(sink)
        side.giveBack(writer)
    }

    override fun isEndedBy(line: MemcacheReply): Boolean = true

    override fun part(line: MemcacheReply): Unit = Unit

    override fun replied(
        reply: MemcacheReply,
        isLast: Boolean,
    ): Unit = whenAnswered(reply)

    // Who greets or asks hears from the link that its connection is gone.
    override fun failed(cause: Throwable): Unit = Unit

    override fun expired(cause: Exception): Unit = Unit
}

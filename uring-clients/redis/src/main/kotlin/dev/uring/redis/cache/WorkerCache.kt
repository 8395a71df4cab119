package dev.uring.redis.cache

import dev.uring.bytes.ByteWindow
import dev.uring.codec.DecodeStatus
import dev.uring.redis.codec.CommandWriter
import dev.uring.redis.codec.Reply
import dev.uring.redis.codec.ReplyLimits
import dev.uring.redis.codec.ReplyReader
import dev.uring.redis.codec.ReplyType
import dev.uring.redis.codec.RespReplyDecoder
import dev.uring.redis.session.PushListener
import java.lang.foreign.Arena
import java.lang.foreign.MemorySegment
import java.lang.foreign.ValueLayout

/**
 * The cache of one worker, and what its connection hears of changes.
 *
 * Source: Redis documentation, "Client-side caching in Redis"; CLIENT TRACKING.
 *
 * Thread: the worker's.
 */
internal class WorkerCache(
    private val config: CacheConfig,
    limits: ReplyLimits,
    nanoTime: () -> Long,
) : PushListener {
    private val store = ReplyStore(config, nanoTime)
    private val prefixes = config.prefixes.map { it.toByteArray() }
    private val decoder = RespReplyDecoder(limits)
    private val window = ByteWindow("a cached reply, until Reply.read returns")

    // Replies are kept on the heap and read in native memory, as all that is received: readers then meet one kind only.
    private var scratch = MemorySegment.NULL

    val counters: CacheCounters get() = store.counters

    /** The reply to the finished command in [writer], or null. */
    fun find(writer: CommandWriter): CachedReply? = store.find(writer)

    /** Reads [found], as if it had just come. */
    fun <T> read(
        found: CachedReply,
        reply: Reply<T>,
    ): T {
        val bytes = checkNotNull(found.reply)
        if (scratch.byteSize() <
            bytes.size
        ) {
            scratch = Arena.ofAuto().allocate(maxOf(bytes.size.toLong(), SCRATCH_BYTES_MIN))
        }
        MemorySegment.copy(bytes, 0, scratch, ValueLayout.JAVA_BYTE, 0, bytes.size)
        window.lend(scratch, 0, bytes.size)
        try {
            check(decoder.decode(window, 0) == DecodeStatus.DONE) { "a reply was read before, and cannot be again" }
            return reply.read(decoder.reader())
        } finally {
            window.end()
        }
    }

    /** Takes a place for the reply to [writer], or null when it will not be kept. */
    fun begin(writer: CommandWriter): CachedReply? = if (isTold(writer)) store.begin(writer) else null

    /** Makes [reply] keep what it reads. */
    fun <T> keeping(
        place: CachedReply,
        reply: Reply<T>,
    ): Reply<T> =
        Reply { reader ->
            if (store.isWorthIt(reader.replyBytes())) store.fill(place, reader.copyReply())
            reply.read(reader)
        }

    /** No reply to keep has come for [place]. */
    fun giveUp(place: CachedReply) = store.giveUp(place)

    /** [writer] is about to be sent, and changes its keys: what is kept of them must not be read any more. */
    fun forgetKeys(writer: CommandWriter) {
        for (i in 0..<writer.keysCount()) store.invalidate(ByteKey(writer.keyAt(i)))
    }

    /** Everything may have changed, or nobody would tell. */
    fun flush() = store.flush()

    override fun pushed(reader: ReplyReader) {
        if (reader.peek() != ReplyType.PUSH || reader.readArrayHeader() < 2 || !reader.isString("invalidate")) return
        reader.skip()
        if (reader.readNull()) return flush()
        repeat(reader.readArrayHeader()) { store.invalidate(ByteKey(reader.readBytes())) }
    }

    // Of other keys the server says nothing.
    private fun isTold(writer: CommandWriter): Boolean =
        prefixes.isEmpty() ||
            (0..<writer.keysCount()).all { index ->
                val key = writer.keyAt(index)
                prefixes.any { it.size <= key.size && key.copyOf(it.size).contentEquals(it) }
            }

    private companion object {
        const val SCRATCH_BYTES_MIN = 4096L
    }
}

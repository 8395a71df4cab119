package dev.uring.redis.cache

import dev.uring.redis.codec.CommandWriter

/**
 * Replies by the command that they answer, and the keys that make them outdated.
 *
 * A reply that is on its way has its place already, from the moment its command is sent: a change that is told of meanwhile
 * takes the place away, so that a reply which was true when it was made, and is not any more, is never kept.
 *
 * *Invariant:* an entry is in [byCommand] and under each of its keys in [byKey], or it is dropped and in neither.
 *
 * Thread: that of the worker whose connection the replies come from.
 */
internal class ReplyStore(
    private val config: CacheConfig,
    private val nanoTime: () -> Long,
) {
    private val byCommand = HashMap<Any, CachedReply>()
    private val byKey = HashMap<ByteKey, ArrayList<CachedReply>>(0)
    private val probe = CommandProbe()
    private val lifetimeNanos = config.lifetimeMax.run { if (isFinite()) inWholeNanoseconds else Long.MAX_VALUE }

    // The one used last stands first. Only those that have their reply.
    private var newest: CachedReply? = null
    private var oldest: CachedReply? = null

    val counters = CacheCounters()

    /** The reply to the finished command in [writer], or null. */
    fun find(writer: CommandWriter): CachedReply? {
        val found = byCommand[probe.of(writer)]
        probe.clear()
        if (found?.reply == null) {
            counters.misses++
            return null
        }
        if (nanoTime() - found.filledAt >= lifetimeNanos) {
            drop(found)
            counters.evictions++
            counters.misses++
            return null
        }
        counters.hits++
        if (found !== newest) {
            unlink(found)
            link(found)
        }
        return found
    }

    /** Takes a place for the reply to [writer], which is not sent yet; null when its reply is on its way already. */
    fun begin(writer: CommandWriter): CachedReply? {
        val command = ByteKey(writer.copy())
        if (command in byCommand) return null
        val entry = CachedReply(command, Array(writer.keysCount()) { ByteKey(writer.keyAt(it)) })
        byCommand[command] = entry
        for (key in entry.keys) byKey.getOrPut(key) { ArrayList(1) } += entry
        return entry
    }

    /** Keeps [reply], unless something has changed since [begin]. */
    fun fill(
        entry: CachedReply,
        reply: ByteArray,
    ) {
        if (entry.isDropped || entry.reply != null) return
        entry.reply = reply
        entry.filledAt = nanoTime()
        counters.entries++
        counters.bytes += entry.bytes
        link(entry)
        while (counters.entries > config.entriesMax || counters.bytes > config.bytesMax) {
            drop(checkNotNull(oldest))
            counters.evictions++
        }
    }

    /** Whether a reply of so many bytes is kept at all. */
    fun isWorthIt(bytes: Int): Boolean = bytes <= config.bytesMax / SHARE_MAX

    /** No reply to keep has come for [entry]. */
    fun giveUp(entry: CachedReply) {
        if (entry.reply == null && !entry.isDropped) drop(entry)
    }

    /** [key] has changed. */
    fun invalidate(key: ByteKey) {
        val outdated = byKey.remove(key) ?: return
        for (entry in outdated) {
            if (!entry.isDropped) drop(entry)
            counters.invalidations++
        }
    }

    /** Everything may have changed. */
    fun flush() {
        counters.flushes++
        for (entry in byCommand.values) entry.isDropped = true
        byCommand.clear()
        byKey.clear()
        newest = null
        oldest = null
        counters.entries = 0
        counters.bytes = 0
    }

    private fun drop(entry: CachedReply) {
        entry.isDropped = true
        byCommand.remove(entry.command)
        for (key in entry.keys) {
            val others = byKey[key] ?: continue
            others.remove(entry)
            if (others.isEmpty()) byKey.remove(key)
        }
        if (entry.reply == null) return
        counters.entries--
        counters.bytes -= entry.bytes
        unlink(entry)
    }

    private fun link(entry: CachedReply) {
        entry.older = newest
        newest?.newer = entry
        newest = entry
        if (oldest == null) oldest = entry
    }

    private fun unlink(entry: CachedReply) {
        val newer = entry.newer
        val older = entry.older
        if (newer == null) newest = older else newer.older = older
        if (older == null) oldest = newer else older.newer = newer
        entry.newer = null
        entry.older = null
    }

    private companion object {
        const val SHARE_MAX = 16
    }
}

/** One reply as it came, or the place for one that is on its way. */
internal class CachedReply(
    val command: ByteKey,
    val keys: Array<ByteKey>,
) {
    var reply: ByteArray? = null
    var filledAt = 0L
    var isDropped = false
    var newer: CachedReply? = null
    var older: CachedReply? = null

    val bytes: Long get() =
        OVERHEAD_BYTES + command.bytes.size + (reply?.size ?: 0) + keys.sumOf { it.bytes.size + KEY_OVERHEAD_BYTES }

    private companion object {
        // Objects, array headers and places in maps and lists, about: a bound need not be exact to hold.
        const val OVERHEAD_BYTES = 200L
        const val KEY_OVERHEAD_BYTES = 150L
    }
}

/** Bytes that are found by what is in them. */
internal class ByteKey(
    val bytes: ByteArray,
) {
    private val hash = bytes.contentHashCode()

    override fun hashCode(): Int = hash

    override fun equals(other: Any?): Boolean =
        other is ByteKey && hash == other.hash && bytes.contentEquals(other.bytes)
}

/** Finds the [ByteKey] of a command that is still in its writer, without a copy of it. */
private class CommandProbe {
    private var writer: CommandWriter? = null
    private var hash = 0

    fun of(newWriter: CommandWriter): CommandProbe {
        writer = newWriter
        hash = newWriter.hash()
        return this
    }

    fun clear() {
        writer = null
    }

    override fun hashCode(): Int = hash

    // Asked of the one that is looked for, never of those that are in the map.
    override fun equals(other: Any?): Boolean =
        other is ByteKey && other.hashCode() == hash && checkNotNull(writer).isSame(other.bytes)
}

/** Plain, as all counters of a worker. */
internal class CacheCounters {
    var hits = 0L
    var misses = 0L
    var invalidations = 0L
    var evictions = 0L
    var flushes = 0L
    var entries = 0L
    var bytes = 0L
}

package dev.uring.redis.server

import dev.uring.redis.store.Entry
import dev.uring.redis.store.GlobPattern
import dev.uring.redis.store.Keyspace

/**
 * A cursor of SCAN over the shards of all workers, one after the other: which worker's turn it is, and how far it has come.
 *
 * ### Shapes and units
 * Worker and position are one number, for clients give back what they were given: position × workers + worker. With one
 * worker that is the position.
 */
public class ScanCursor internal constructor(
    cursor: ULong,
    private val workersCount: Int,
) {
    /** The worker whose shard is to be scanned. */
    public val worker: Int = (cursor % workersCount.toULong()).toInt()

    /** Where [Keyspace.scan] of that shard goes on. */
    public val position: Long = (cursor / workersCount.toULong()).toLong()

    /** The cursor to answer with when the scan of this shard goes on at [nextPosition], or with 0 is done. */
    public fun next(nextPosition: Long): String =
        when {
            nextPosition != 0L -> (nextPosition.toULong() * workersCount.toULong() + worker.toULong()).toString()
            worker + 1 < workersCount -> (worker + 1).toString()
            else -> "0"
        }
}

/** Reads the cursor at argument [index]; anything but an unsigned 64-bit number is `ERR invalid cursor`. */
public fun RespCall<*>.scanCursor(index: Int): ScanCursor =
    ScanCursor(latin1(index).toULongOrNull() ?: throw RespError.INVALID_CURSOR, workersCount)

/** What may stand behind the cursor of SCAN: `MATCH pattern`, `COUNT n`, `TYPE type`. */
public class ScanOptions internal constructor(
    /** About how many entries to look at. */
    public val count: Int,
    private val pattern: GlobPattern?,
    private val acceptsStrings: Boolean,
) {
    /** Whether [entry] is asked for. Every entry of a [Keyspace] is a string. */
    public fun accepts(entry: Entry): Boolean = acceptsStrings && pattern?.matches(entry.key()) != false

    internal companion object {
        private const val COUNT_DEFAULT = 10

        fun read(
            call: RespCall<*>,
            from: Int,
        ): ScanOptions {
            var entriesCount = COUNT_DEFAULT
            var pattern: GlobPattern? = null
            var acceptsStrings = true
            for (at in from until call.count step 2) {
                if (at + 1 == call.count) throw RespError.SYNTAX
                when {
                    call.isWord(at, "COUNT") -> {
                        val wanted = call.long(at + 1)
                        if (wanted < 1) throw RespError.SYNTAX
                        entriesCount = wanted.coerceAtMost(Int.MAX_VALUE.toLong()).toInt()
                    }

                    call.isWord(at, "MATCH") -> {
                        pattern = call.glob(at + 1)
                    }

                    call.isWord(at, "TYPE") -> {
                        acceptsStrings = call.isWord(at + 1, "string")
                    }

                    else -> {
                        throw RespError.SYNTAX
                    }
                }
            }
            return ScanOptions(entriesCount, pattern, acceptsStrings)
        }
    }
}

/** Reads the options of SCAN from argument [from] to the last. */
public fun RespCall<*>.scanOptions(from: Int): ScanOptions = ScanOptions.read(this, from)

/** The argument at [index] as a pattern of KEYS. */
public fun RespCall<*>.glob(
    index: Int,
    letterCase: GlobPattern.Case = GlobPattern.Case.SENSITIVE,
): GlobPattern = GlobPattern(arg(index).toByteArray(), letterCase)

/** The value of [entry], or none. */
public fun RespReply.bulk(entry: Entry?) {
    if (entry == null) nil() else bulk(entry.bytes(), 0, entry.size())
}

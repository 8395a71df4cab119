package dev.uring.redis.cache

import dev.uring.base.ConfigException
import kotlin.time.Duration
import kotlin.time.Duration.Companion.minutes

/**
 * What a client keeps of the replies it has read, and how it hears of changes. The bounds are for each worker, which has a
 * cache of its own.
 *
 * @property mode how the server finds out whom to tell
 * @property prefixes with [TrackingMode.BROADCAST] the beginnings of keys that are kept; empty is every key
 * @property entriesMax most replies kept; the one that was not used for longest goes. Default 10000
 * @property bytesMax most memory of replies, commands and what it takes to find them. Default 16 MiB. A reply larger than a
 * sixteenth of it is not kept: it would drive out many
 * @property lifetimeMax longest time for which a reply is used. Default 1 min: bounds what it costs when a server dies in
 * silence, or when a slot of a cluster moves with a key that was missing there. `Duration.INFINITE` is no limit
 */
public data class CacheConfig(
    val mode: TrackingMode = TrackingMode.DEFAULT,
    val prefixes: List<String> = emptyList(),
    val entriesMax: Int = 10_000,
    val bytesMax: Long = 16L shl 20,
    val lifetimeMax: Duration = 1.minutes,
) {
    init {
        if (entriesMax < 1) throw ConfigException("entriesMax", "entriesMax=$entriesMax must be at least 1")
        if (bytesMax < BYTES_MIN) throw ConfigException("bytesMax", "bytesMax=$bytesMax must be at least $BYTES_MIN")
        if (!lifetimeMax.isPositive()) {
            throw ConfigException(
                "lifetimeMax",
                "lifetimeMax=$lifetimeMax must be positive; Duration.INFINITE is no limit",
            )
        }
        if (prefixes.isNotEmpty() && mode != TrackingMode.BROADCAST) {
            throw ConfigException("prefixes", "prefixes=$prefixes need mode=BROADCAST: else the server tells by key")
        }
    }

    private companion object {
        const val BYTES_MIN = 4096L
    }
}

/** How a server knows who has to hear of a change. */
public enum class TrackingMode {
    /** It remembers who has read which key: costs it memory, and tells only what concerns us. */
    DEFAULT,

    /** It tells of each changed key that begins with one of the prefixes: costs it nothing, and us a message for each. */
    BROADCAST,
}

/** What the caches of a client have counted, all workers together; the last two are of now. */
public data class CacheSnapshot(
    val hits: Long,
    val misses: Long,
    val invalidations: Long,
    val evictions: Long,
    val flushes: Long,
    val entries: Long,
    val bytes: Long,
)

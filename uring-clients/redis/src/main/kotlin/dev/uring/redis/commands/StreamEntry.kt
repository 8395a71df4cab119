package dev.uring.redis.commands

import dev.uring.redis.codec.Reply

/**
 * An entry of a stream.
 *
 * @property fields as they were added: in order, and a name may come more than once. Empty when the entry was deleted
 *     while it was pending for a consumer
 */
public data class StreamEntry<out K, out V>(
    public val id: String,
    public val fields: List<Pair<K, V>>,
) {
    /** The value of the first field of this name; null when there is none. */
    public operator fun get(field: @UnsafeVariance K): V? = fields.firstOrNull { it.first == field }?.second

    /** The fields by name; of fields with the same name the last one. */
    public fun toMap(): Map<@UnsafeVariance K, V> = fields.toMap()
}

/**
 * One step of a walk over entries that were pending for too long.
 *
 * @property next where the next step begins; [StreamIds.FIRST] when the walk is over
 * @property items what now belongs to the consumer
 * @property deletedIds entries that were pending but are not in the stream any more; empty before Redis 7
 */
public data class AutoClaimed<out T>(
    public val next: String,
    public val items: List<T>,
    public val deletedIds: List<String>,
)

internal fun <K, V> streamEntryReply(
    field: Reply<K>,
    value: Reply<V>,
): Reply<StreamEntry<K, V>> {
    val fields = pairs(field, value)
    return Reply { r ->
        r.readArrayHeader()
        StreamEntry(r.readString(), fields.read(r))
    }
}

internal fun <T> autoClaimedReply(item: Reply<T>): Reply<AutoClaimed<T>> =
    Reply { r ->
        val count = r.readArrayHeader()
        AutoClaimed(
            r.readString(),
            elements(item).read(r),
            if (count > 2) elements(Reply.STRING).read(r) else emptyList(),
        )
    }

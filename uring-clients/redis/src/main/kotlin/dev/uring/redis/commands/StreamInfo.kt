package dev.uring.redis.commands

import dev.uring.redis.codec.Reply
import kotlin.time.Duration
import kotlin.time.Duration.Companion.milliseconds

/**
 * What is known of a stream.
 *
 * @property length how many entries it has
 * @property lastId the id of the last entry that was added
 * @property maxDeletedId the greatest id that was deleted; null before Redis 7
 * @property entriesAdded how many entries were ever added; null before Redis 7
 * @property groups how many consumer groups it has
 * @property more whatever else the server says, by its names
 */
public data class StreamInfo<out K, out V>(
    public val length: Long,
    public val lastId: String,
    public val maxDeletedId: String?,
    public val entriesAdded: Long?,
    public val groups: Long,
    public val firstEntry: StreamEntry<K, V>?,
    public val lastEntry: StreamEntry<K, V>?,
    public val more: Map<String, Any?>,
)

internal fun <K, V> streamInfoReply(
    field: Reply<K>,
    value: Reply<V>,
): Reply<StreamInfo<K, V>> {
    val entry = Reply.nullable(streamEntryReply(field, value))
    return Reply { r ->
        var info = StreamInfo<K, V>(0, "", null, null, 0, null, null, emptyMap())
        val more = LinkedHashMap<String, Any?>()
        r.eachField { name ->
            when (name) {
                "length" -> info = info.copy(length = r.readLong())
                "last-generated-id" -> info = info.copy(lastId = r.readString())
                "max-deleted-entry-id" -> info = info.copy(maxDeletedId = r.readString())
                "entries-added" -> info = info.copy(entriesAdded = r.readLong())
                "groups" -> info = info.copy(groups = r.readLong())
                "first-entry" -> info = info.copy(firstEntry = entry.read(r))
                "last-entry" -> info = info.copy(lastEntry = entry.read(r))
                else -> more[name] = r.readAny()
            }
        }
        info.copy(more = more)
    }
}

/**
 * What is known of a consumer group.
 *
 * @property pending how many entries were delivered and are not done with
 * @property entriesRead how many entries the group has read; null when the server does not know
 * @property lag how many entries it has still to read; null when the server does not know
 */
public data class ConsumerGroupInfo(
    public val name: String,
    public val consumers: Long,
    public val pending: Long,
    public val lastDeliveredId: String,
    public val entriesRead: Long?,
    public val lag: Long?,
) {
    internal companion object {
        val reply: Reply<ConsumerGroupInfo> =
            Reply { r ->
                var info = ConsumerGroupInfo("", 0, 0, "", null, null)
                r.eachField { name ->
                    when (name) {
                        "name" -> info = info.copy(name = r.readString())
                        "consumers" -> info = info.copy(consumers = r.readLong())
                        "pending" -> info = info.copy(pending = r.readLong())
                        "last-delivered-id" -> info = info.copy(lastDeliveredId = r.readString())
                        "entries-read" -> info = info.copy(entriesRead = Reply.LONG_OR_NULL.read(r))
                        "lag" -> info = info.copy(lag = Reply.LONG_OR_NULL.read(r))
                        else -> r.skip()
                    }
                }
                info
            }
    }
}

/**
 * What is known of a consumer.
 *
 * @property pending how many entries it has that are not done with
 * @property idle how long ago it last tried to get any
 * @property inactive how long ago it last got any; null before Redis 7.2
 */
public data class ConsumerInfo(
    public val name: String,
    public val pending: Long,
    public val idle: Duration,
    public val inactive: Duration?,
) {
    internal companion object {
        val reply: Reply<ConsumerInfo> =
            Reply { r ->
                var info = ConsumerInfo("", 0, Duration.ZERO, null)
                r.eachField { name ->
                    when (name) {
                        "name" -> info = info.copy(name = r.readString())
                        "pending" -> info = info.copy(pending = r.readLong())
                        "idle" -> info = info.copy(idle = r.readLong().milliseconds)
                        "inactive" -> info = info.copy(inactive = r.readLong().milliseconds)
                        else -> r.skip()
                    }
                }
                info
            }
    }
}

package dev.uring.redis

import dev.uring.redis.codec.ValueCodec
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.map

/**
 * Something that happened to a key.
 *
 * @property event what the server calls it: `set`, `del`, `expired`, `evicted`, `rename_from`, …
 */
public data class KeyspaceEvent(
    val key: String,
    val event: String,
)

/**
 * What happens to the keys that match one of the glob-style [patterns], in [database], as long as this is collected.
 *
 * ### Shapes and units
 * The server says nothing unless it is configured to: `CONFIG SET notify-keyspace-events KEA`, or some of these letters. In a
 * cluster each node tells only of its own keys: collect one flow for each of `RedisCluster.masters()`. Otherwise as
 * [psubscribe]: what happens while the connection is away is lost, so this is no way to keep a copy of the data.
 *
 * @sample samples.redis.printExpirations
 */
public fun RedisExecutor<*, *>.keyspaceEvents(
    vararg patterns: String = arrayOf("*"),
    database: Int = 0,
    onSubscribed: suspend () -> Unit = {},
): Flow<KeyspaceEvent> {
    require(database >= 0) { "database=$database must be at least 0" }
    val prefix = "__keyspace@${database}__:"
    val channels = Array(patterns.size) { prefix + patterns[it] }
    return messages(PSUBSCRIBE, channels, ValueCodec.UTF8, onSubscribed)
        .map { KeyspaceEvent(it.channel.removePrefix(prefix), it.payload) }
}

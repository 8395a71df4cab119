package dev.uring.redis

import dev.uring.bytes.ByteView
import dev.uring.redis.codec.Command
import dev.uring.redis.codec.Reply
import dev.uring.redis.codec.ReplyReader

/**
 * Reads a value where it was received, without a copy.
 *
 * ### Shapes and units
 * [read] gets the value, or null when there is no such key; what it returns is returned.
 * ### Ownership
 * The view is borrowed until [read] returns.
 * ### Threading and cancellation
 * [read] runs on the connection's worker and must be quick: replies behind this one wait. Not called for a cancelled
 * caller.
 * ### Errors
 * As [RedisExecutor], and what [read] throws.
 *
 * @sample samples.redis.lengthOfValue
 */
public suspend fun <K : Any, R> RedisExecutor<K, *>.getView(
    key: K,
    read: (value: ByteView?) -> R,
): R = execute(command(GET).key(codec.keys, key), ViewReply(read))

private class ViewReply<R>(
    private val block: (ByteView?) -> R,
) : Reply<R> {
    override fun read(reader: ReplyReader): R = block(if (reader.readNull()) null else reader.readView())
}

private val GET = Command.of("GET", Command.READONLY or Command.IDEMPOTENT)

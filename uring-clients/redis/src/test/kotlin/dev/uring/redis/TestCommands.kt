package dev.uring.redis

import dev.uring.redis.codec.Command
import dev.uring.redis.codec.Reply

// The few typed commands that these tests need; the library's own are generated.

private val GET = Command.of("GET", Command.READONLY or Command.IDEMPOTENT)
private val SET = Command.of("SET", Command.IDEMPOTENT)
private val INCR = Command.of("INCR")
private val ECHO = Command.of("ECHO", Command.READONLY or Command.IDEMPOTENT)
private val BLPOP = Command.of("BLPOP", Command.BLOCKING)
private val PUBLISH = Command.of("PUBLISH")

internal suspend fun <K : Any, V : Any> RedisExecutor<K, V>.fetch(key: K): V? =
    execute(command(GET).key(codec.keys, key), codec.valueOrNull)

internal suspend fun <K : Any, V : Any> RedisExecutor<K, V>.store(
    key: K,
    value: V,
): Unit = execute(command(SET).key(codec.keys, key).value(codec.values, value), Replies.unit)

internal suspend fun <K : Any> RedisExecutor<K, *>.bump(key: K): Long =
    execute(command(INCR).key(codec.keys, key), Reply.LONG)

internal suspend fun RedisExecutor<*, *>.echoed(text: String): String = execute(command(ECHO).arg(text), Reply.STRING)

internal suspend fun <K : Any, V : Any> RedisExecutor<K, V>.popFirst(
    key: K,
    seconds: Double,
): Pair<K, V>? =
    execute(
        command(BLPOP).key(codec.keys, key).arg(seconds).blocks((seconds * 1000).toLong()),
        Reply.nullable(
            Reply {
                it.readArrayHeader()
                it.read(codec.keys) to it.read(codec.values)
            },
        ),
    )

internal suspend fun <V : Any> RedisExecutor<*, V>.announce(
    channel: String,
    message: V,
): Long = execute(command(PUBLISH).arg(channel).value(codec.values, message), Reply.LONG)

internal fun <K : Any, V : Any> RedisBatch<K, V>.fetch(key: K): BatchResult<V?> =
    execute(command(GET).key(codec.keys, key), codec.valueOrNull)

internal fun <K : Any, V : Any> RedisBatch<K, V>.store(
    key: K,
    value: V,
): BatchResult<Unit> = execute(command(SET).key(codec.keys, key).value(codec.values, value), Replies.unit)

internal fun <K : Any> RedisBatch<K, *>.bump(key: K): BatchResult<Long> =
    execute(command(INCR).key(codec.keys, key), Reply.LONG)

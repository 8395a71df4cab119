package dev.uring.redis

import dev.uring.redis.codec.Command
import dev.uring.redis.codec.CommandWriter
import dev.uring.redis.codec.Reply
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.flow

/**
 * All keys, or those that match, page by page as they are collected.
 *
 * ### Shapes and units
 * [count] is how many places of its table the server looks at for a page, about as many keys come. As Redis says of SCAN:
 * a key that is there all the time comes at least once, one that comes or goes meanwhile may or may not.
 *
 * @sample samples.redis.countKeys
 */
public fun <K : Any> RedisExecutor<K, *>.scanFlow(
    match: String? = null,
    count: Int? = null,
    type: String? = null,
): Flow<K> = pages(SCAN, codec.keyList, match, count, type) { this }

/** The fields of the hash at [key] with their values; otherwise as [scanFlow]. */
public fun <K : Any, V : Any> RedisExecutor<K, V>.hscanFlow(
    key: K,
    match: String? = null,
    count: Int? = null,
): Flow<Pair<K, V>> = pages(HSCAN, pairs(codec.key, codec.value), match, count) { key(codec.keys, key) }

/** The members of the set at [key]; otherwise as [scanFlow]. */
public fun <K : Any, V : Any> RedisExecutor<K, V>.sscanFlow(
    key: K,
    match: String? = null,
    count: Int? = null,
): Flow<V> = pages(SSCAN, codec.valueList, match, count) { key(codec.keys, key) }

/** The members of the sorted set at [key] with their scores; otherwise as [scanFlow]. */
public fun <K : Any, V : Any> RedisExecutor<K, V>.zscanFlow(
    key: K,
    match: String? = null,
    count: Int? = null,
): Flow<Pair<V, Double>> = pages(ZSCAN, pairs(codec.value, Reply.DOUBLE), match, count) { key(codec.keys, key) }

private fun <T> RedisExecutor<*, *>.pages(
    command: Command,
    items: Reply<List<T>>,
    match: String?,
    count: Int?,
    type: String? = null,
    begin: CommandWriter.() -> CommandWriter,
): Flow<T> {
    require(count == null || count > 0) { "count=$count must be positive: how many the server looks at for one page" }
    val page =
        Reply { reader ->
            check(reader.readArrayHeader() == 2) { "$command: a page is a cursor and a list" }
            reader.readString() to items.read(reader)
        }
    return flow {
        var cursor = "0"
        do {
            val request = command(command).begin().arg(cursor)
            match?.let { request.arg("MATCH").arg(it) }
            count?.let { request.arg("COUNT").arg(it.toLong()) }
            type?.let { request.arg("TYPE").arg(it) }
            val (next, found) = execute(request, page)
            for (item in found) emit(item)
            cursor = next
        } while (cursor != "0")
    }
}

private fun <A, B> pairs(
    first: Reply<A>,
    second: Reply<B>,
): Reply<List<Pair<A, B>>> =
    Reply { reader ->
        List(reader.readMapHeader()) { first.read(reader) to second.read(reader) }
    }

private val SCAN = Command.of("SCAN", Command.READONLY or Command.IDEMPOTENT)
private val HSCAN = Command.of("HSCAN", Command.READONLY or Command.IDEMPOTENT)
private val SSCAN = Command.of("SSCAN", Command.READONLY or Command.IDEMPOTENT)
private val ZSCAN = Command.of("ZSCAN", Command.READONLY or Command.IDEMPOTENT)

package dev.uring.redis

import dev.uring.redis.cluster.RedisCluster
import dev.uring.redis.commands.AggregateRow
import dev.uring.redis.commands.Aggregation
import dev.uring.redis.commands.ftAggregateWithCursor
import dev.uring.redis.commands.ftCursorDel
import dev.uring.redis.commands.ftCursorRead
import kotlinx.coroutines.NonCancellable
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.flow
import kotlinx.coroutines.withContext
import kotlin.time.Duration

/**
 * The rows of an aggregation, however many, piece by piece as they are collected.
 *
 * ### Shapes and units
 * [count] rows come in a piece, by default as many as the server sends (1000). The server forgets the rest when nobody asked
 * for it for [maxIdle], by default 5 minutes, which is longer than any collector should take for a piece.
 * ### Threading and cancellation
 * A collector that stops early, or is cancelled, gives the cursor up. Of a cluster one node, chosen at random, does all the
 * work: a cursor is at the server that made it.
 * ### Errors
 * As [RedisExecutor]; [RedisException] `Cursor not found`: the collector took longer than [maxIdle].
 * ### Source
 * `FT.AGGREGATE WITHCURSOR`, `FT.CURSOR`, since RediSearch 1.1.0.
 *
 * @sample samples.redis.aggregating
 */
public fun RedisExecutor<*, *>.ftAggregateFlow(
    index: String,
    query: String,
    aggregation: Aggregation = Aggregation(),
    count: Long? = null,
    maxIdle: Duration? = null,
): Flow<AggregateRow> =
    flow {
        val server = oneServer()
        var page = server.ftAggregateWithCursor(index, query, aggregation, count, maxIdle)
        try {
            while (true) {
                page.rows.forEach { emit(it) }
                if (page.isLast) break
                page = server.ftCursorRead(index, page.cursor, count)
            }
        } finally {
            if (!page.isLast) withContext(NonCancellable) { server.giveUp(index, page.cursor) }
        }
    }

private suspend fun RedisExecutor<*, *>.oneServer(): RedisExecutor<*, *> =
    if (this is RedisCluster<*, *>) masters().values.random() else this

private suspend fun RedisExecutor<*, *>.giveUp(
    index: String,
    cursor: Long,
) {
    try {
        ftCursorDel(index, cursor)
    } catch (_: RedisFailure) {
        // The server gives it up by itself after a while, or is gone with it.
    }
}

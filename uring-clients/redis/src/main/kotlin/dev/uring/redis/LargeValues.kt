package dev.uring.redis

import dev.uring.client.PIECE_BYTES
import dev.uring.client.pieces
import dev.uring.redis.codec.Command
import dev.uring.redis.codec.CommandWriter
import dev.uring.redis.codec.Reply
import kotlinx.coroutines.NonCancellable
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.flow
import kotlinx.coroutines.withContext
import kotlinx.io.Source
import java.util.UUID
import kotlin.time.Duration
import kotlin.time.Duration.Companion.minutes

/**
 * The value at [key] in pieces of [pieceBytes], so that no more than one of them is in memory at a time.
 *
 * ### Shapes and units
 * Each piece is a GETRANGE, asked for when the one before was collected. Nothing comes of a key that is not there. The value
 * is read over many commands: somebody who changes it meanwhile is seen from the next piece on; who replaces it whole, as
 * [setStream] does, should do so under another key.
 * ### Threading and cancellation
 * Other commands of the worker run between any two pieces. Cancelling costs at most the piece that was asked for.
 * ### Errors
 * As [RedisExecutor].
 *
 * @sample samples.redis.copyLargeValue
 */
public fun <K : Any> RedisExecutor<K, *>.getStream(
    key: K,
    pieceBytes: Int = PIECE_BYTES,
): Flow<ByteArray> {
    require(pieceBytes > 0) { "pieceBytes=$pieceBytes must be positive" }
    return flow {
        var at = 0L
        do {
            val range = command(GETRANGE).key(codec.keys, key).arg(at).arg(at + pieceBytes - 1)
            val piece = execute(range, Reply.BYTES)
            if (piece.isNotEmpty()) emit(piece)
            at += piece.size
        } while (piece.size == pieceBytes)
    }
}

/**
 * Sets the value at [key] to all of [pieces], one behind the other, so that no more than one of them is in memory at a time.
 * Returns its size in bytes.
 *
 * ### Shapes and units
 * The pieces are appended to a key of their own, `{key}:` and a random name, which lies in the slot of [key] and takes its
 * place at the end, at once: readers see the old value or the new one and never a part. Its time to live is that
 * of a new key, none, or [expiry]. Redis holds at most 512 MiB in one value. Pieces of some 64 KiB are good; larger than
 * what the send queue takes are refused.
 * ### Threading and cancellation
 * A caller that is cancelled, or whose [pieces] fail, leaves the old value, and deletes what was appended. Where not even
 * that is possible, since the connection is gone, the server deletes it after ten minutes without a piece.
 * ### Errors
 * As [RedisExecutor]. A piece is not sent again after a lost connection: that fails the whole.
 *
 * @sample samples.redis.copyLargeValue
 */
public suspend fun RedisExecutor<String, *>.setStream(
    key: String,
    pieces: Flow<ByteArray>,
    expiry: Duration? = null,
): Long {
    require(expiry == null || expiry.isPositive()) { "expiry=$expiry must be positive; null is none" }
    val place = "{${tagOf(key)}}:${UUID.randomUUID()}"
    var size = 0L
    try {
        execute(
            command(SET)
                .key(place)
                .arg("")
                .arg("PX")
                .arg(ABANDONED_AFTER.inWholeMilliseconds),
            Replies.unit,
        )
        pieces.collect { size = append(place, it) }
        val done = run(PUT, place, key) { arg(expiry?.inWholeMilliseconds ?: 0L) }
        checkIsThere(done, place)
    } catch (failure: Throwable) {
        withContext(NonCancellable) {
            // It expires by itself if this fails as well; what the caller has to hear of is what failed first.
            runCatching { execute(command(UNLINK).key(place), Replies.unit) }
        }
        throw failure
    }
    return size
}

/** As [setStream] with the bytes of [source], which is read to its end and must not block; close it yourself. */
public suspend fun RedisExecutor<String, *>.setStream(
    key: String,
    source: Source,
    expiry: Duration? = null,
): Long = setStream(key, source.pieces(), expiry)

private suspend fun RedisExecutor<String, *>.append(
    place: String,
    piece: ByteArray,
): Long {
    val millis = ABANDONED_AFTER.inWholeMilliseconds
    return run(APPEND, place) { arg(piece).arg(millis) }.also { checkIsThere(it, place) }
}

private fun checkIsThere(
    answer: Long,
    place: String,
) = check(answer >= 0) { "the place of an unfinished value, $place, is gone: somebody deleted it, so nothing was set" }

private suspend fun RedisExecutor<String, *>.run(
    script: RedisScript,
    vararg keys: String,
    arguments: CommandWriter.() -> CommandWriter,
): Long {
    suspend fun send(
        command: Command,
        text: String,
    ): Long {
        val request = command(command).arg(text).arg(keys.size.toLong())
        for (key in keys) request.key(key)
        return execute(request.arguments(), Reply.LONG)
    }
    return try {
        send(script.bySha, script.sha1)
    } catch (unknown: RedisException) {
        if (unknown.code != "NOSCRIPT") throw unknown
        send(script.byText, script.text)
    }
}

/** What decides on the slot of [key], as HASH_SLOT of the cluster specification has it. */
private fun tagOf(key: String): String {
    val from = key.indexOf('{')
    val until = if (from < 0) -1 else key.indexOf('}', from)
    return if (until > from + 1) key.substring(from + 1, until) else key
}

private val ABANDONED_AFTER = 10.minutes
private val GETRANGE = Command.of("GETRANGE", Command.READONLY or Command.IDEMPOTENT)
private val SET = Command.of("SET")
private val UNLINK = Command.of("UNLINK")

// As scripts: a piece and its new time to live, or the new value and its expiry, go together or not at all.
private val APPEND =
    RedisScript(
        """
        if redis.call('EXISTS', KEYS[1]) == 0 then return -1 end
        local size = redis.call('APPEND', KEYS[1], ARGV[1])
        redis.call('PEXPIRE', KEYS[1], ARGV[2])
        return size
        """.trimIndent(),
    )
private val PUT =
    RedisScript(
        """
        if redis.call('EXISTS', KEYS[1]) == 0 then return -1 end
        redis.call('RENAME', KEYS[1], KEYS[2])
        if ARGV[1] == '0' then redis.call('PERSIST', KEYS[2]) else redis.call('PEXPIRE', KEYS[2], ARGV[1]) end
        return 1
        """.trimIndent(),
    )

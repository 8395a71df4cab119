package dev.uring.memcache

import dev.uring.bytes.ByteView
import dev.uring.client.PIECE_BYTES
import dev.uring.client.pieces
import dev.uring.memcache.codec.CommandWord
import dev.uring.memcache.codec.MemcacheWriter
import dev.uring.memcache.codec.ReplyKind
import kotlinx.coroutines.async
import kotlinx.coroutines.channels.Channel
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.buffer
import kotlinx.coroutines.flow.channelFlow
import kotlinx.coroutines.flow.flow
import kotlinx.coroutines.withTimeoutOrNull
import kotlinx.io.Source
import java.util.Objects
import kotlin.time.Duration

/**
 * A value that is read in pieces, as it comes.
 *
 * ### Ownership
 * Lent to the block of [getStream]: of no use behind it.
 * ### Threading and cancellation
 * One reader at a time, on the worker that the block runs on. What is not read waits at the server: beyond a few receive
 * buffers nothing is taken from it.
 * ### Errors
 * Each read: [MemcacheConnectionException] the server is gone, or what it sends is no value ·
 * [MemcacheTimeoutException] nothing has come for [MemcacheConfig.commandTimeout]. The value is of no use then.
 */
public class ValueStream internal constructor(
    private val connection: ValueConnection,
    /** Bytes of the whole value. */
    public val sizeBytes: Int,
    /** The program's own 32 bits. */
    public val clientFlags: Int,
    /** The number that [cas] wants. */
    public val cas: Long,
) {
    /** Bytes that are still to be read. */
    public var leftBytes: Int = sizeBytes
        private set

    /**
     * Lends the next bytes to [block], where they were received; false, without calling it, when all have been read.
     *
     * ### Ownership
     * The view, of at least 1 byte, is borrowed until [block] returns, which consumes all of it; if it throws, the same bytes
     * come again.
     * ### Errors
     * As [ValueStream]; also when the value is not followed by its end, which is looked at with the last byte.
     */
    public suspend fun receive(block: (ByteView) -> Unit): Boolean = leftBytes > 0 && take(leftBytes, block) > 0

    /** Copies the next bytes, 1 to [count] of them, to [target] and returns how many; -1 when all have been read. */
    public suspend fun read(
        target: ByteArray,
        from: Int = 0,
        count: Int = target.size - from,
    ): Int {
        Objects.checkFromIndexSize(from, count, target.size)
        require(count > 0) { "read of $count bytes: at least 1 can be read" }
        if (leftBytes == 0) return -1
        return take(minOf(count, leftBytes)) { it.copyTo(0, target, from, it.size()) }
    }

    /** What is left, in arrays of its own of up to 64 KiB, as they come. */
    public fun pieces(): Flow<ByteArray> =
        flow {
            while (leftBytes > 0) emit(piece())
        }

    internal suspend fun piece(): ByteArray {
        var piece: ByteArray? = null
        take(minOf(leftBytes, PIECE_BYTES)) { piece = it.toByteArray() }
        return checkNotNull(piece)
    }

    private suspend fun take(
        maxBytes: Int,
        block: (ByteView) -> Unit,
    ): Int {
        val count = connection.take(maxBytes, block)
        leftBytes -= count
        if (leftBytes == 0) connection.checkValueEnd()
        return count
    }
}

/**
 * Reads the value of [key] as it comes, without ever holding it whole.
 *
 * ### Shapes and units
 * [read] gets the value, or null when there is no such key; what it returns is returned. It may suspend as long as it likes,
 * and need not read to the end.
 * ### Ownership
 * The value has a connection of its own, opened for it and closed behind it, because the replies of others would wait behind
 * it on a shared one. That costs a round trip, or a handshake with TLS: for small values [get] and [getView] are cheaper. At
 * most [MemcacheConfig.streamsMax] values are under way at a time; more wait.
 * ### Threading and cancellation
 * For any coroutine; [read] runs on the connection's worker, which it must not block. If it is cancelled or fails, or has
 * not read everything, the connection is reset: nobody else ever uses it.
 * ### Errors
 * As [Memcache] and [ValueStream], and what [read] throws. In a pool these failures do not count against a server.
 *
 * @sample samples.memcache.sizeOfLargeValue
 */
public suspend fun <R> Memcache<*>.getStream(
    key: String,
    read: suspend (value: ValueStream?) -> R,
): R {
    val command =
        MemcacheWriter()
            .clear()
            .command(CommandWord.GETS)
            .key(key)
            .end()
            .toByteArray()
    return withConnection(key) { connection ->
        connection.send("GETS", command)
        connection.sent()
        val value = connection.openValue()
        val result = read(value)
        if (value != null && value.leftBytes > 0) connection.abort()
        result
    }
}

/**
 * The value of [key] in pieces of up to 64 KiB; nothing comes of a key that is not there.
 *
 * ### Threading and cancellation
 * A piece is taken from the server when the one before was collected: no more than two are in memory. For any dispatcher.
 * Otherwise as the other [getStream].
 *
 * @sample samples.memcache.copyLargeValue
 */
public fun Memcache<*>.getStream(key: String): Flow<ByteArray> =
    channelFlow {
        getStream(key) { value ->
            while (value != null && value.leftBytes > 0) send(value.piece())
        }
    }.buffer(Channel.RENDEZVOUS)

/**
 * Stores the [sizeBytes] bytes that [pieces] has, one behind the other, without ever holding them whole.
 *
 * ### Shapes and units
 * The protocol says the size first, so it must be known. Pieces of any size; some 64 KiB are good. Beyond 1 MiB the server
 * must have been told (`memcached -I`).
 * ### Ownership
 * A connection of its own, as [getStream] has. A piece may be used again when the next one is asked for.
 * ### Threading and cancellation
 * For any coroutine; [pieces] are collected on the connection's worker, which they must not block, and no further than the
 * server takes them. A caller that is cancelled, or whose [pieces] fail, stores nothing: the server has not seen the end of
 * the value, the connection is reset, and the old value stays.
 * ### Errors
 * `IllegalArgumentException` [pieces] have more or fewer bytes than [sizeBytes]; the old value stays ·
 * [ItemTooLargeException], [MemcacheOutOfMemoryException] as soon as the server says so; the old value is gone · otherwise as
 * [Memcache]. In a pool these failures do not count against a server.
 *
 * @sample samples.memcache.copyLargeValue
 */
public suspend fun Memcache<*>.setStream(
    key: String,
    sizeBytes: Int,
    pieces: Flow<ByteArray>,
    expiresIn: Duration = Duration.INFINITE,
    clientFlags: Int = 0,
) {
    require(sizeBytes >= 0) { "sizeBytes=$sizeBytes must not be negative" }
    val head =
        MemcacheWriter()
            .clear()
            .command(CommandWord.SET)
            .key(key)
            .number(Integer.toUnsignedLong(clientFlags))
            .expiry(expiresIn)
            .number(sizeBytes.toLong())
            .end()
            .toByteArray()
    withConnection(key) { it.store(key, head, sizeBytes, pieces) }
}

/** As the other [setStream] with the bytes of [source], which must not block; close it yourself. */
public suspend fun Memcache<*>.setStream(
    key: String,
    sizeBytes: Int,
    source: Source,
    expiresIn: Duration = Duration.INFINITE,
    clientFlags: Int = 0,
): Unit = setStream(key, sizeBytes, source.pieces(), expiresIn, clientFlags)

private suspend fun ValueConnection.openValue(): ValueStream? {
    val value =
        line("GETS", answerTimeout) { reply ->
            when (reply.kind()) {
                ReplyKind.VALUE -> ValueStream(this, reply.valueBytes(), reply.clientFlags(), reply.cas())
                ReplyKind.END -> null
                else -> throw mad("memcache: ${reply.kind()} in answer to gets")
            }
        }
    if (value?.sizeBytes == 0) checkValueEnd()
    return value
}

private suspend fun ValueConnection.store(
    key: String,
    head: ByteArray,
    sizeBytes: Int,
    pieces: Flow<ByteArray>,
): Unit =
    coroutineScope {
        var isWhole = false
        // From the beginning: a server that refuses says so at once, and there is no need to send it the rest.
        val answer =
            async {
                line("SET", Duration.INFINITE) { reply ->
                    if (reply.kind() != ReplyKind.STORED) throw mad("memcache: ${reply.kind()} in answer to set")
                    if (!isWhole) throw mad("memcache: STORED before the value was sent")
                }
            }
        send("SET", head)
        sent()
        var leftBytes = sizeBytes
        pieces.collect { piece ->
            // The value would be whole to the server: told before its last byte is sent.
            require(piece.size <= leftBytes) { wrongSize(key, "more", sizeBytes) }
            send("SET", piece)
            leftBytes -= piece.size
        }
        require(leftBytes == 0) { wrongSize(key, "only ${sizeBytes - leftBytes}", sizeBytes) }
        isWhole = true
        send("SET", LINE_END)
        withTimeoutOrNull(answerTimeout) { answer.await() } ?: throw late("SET")
    }

private fun wrongSize(
    key: String,
    found: String,
    sizeBytes: Int,
) = "the pieces of '$key' have $found bytes, and sizeBytes=$sizeBytes was promised: nothing was stored.\n" +
    "  The server is told the size before the first piece; say how many bytes will come."

private val LINE_END = "\r\n".toByteArray()

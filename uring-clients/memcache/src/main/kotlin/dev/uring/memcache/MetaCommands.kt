package dev.uring.memcache

import dev.uring.memcache.codec.CommandWord
import dev.uring.memcache.codec.MemcacheReply
import dev.uring.memcache.codec.MemcacheWriter
import dev.uring.memcache.codec.ReplyKind
import dev.uring.memcache.codec.Transcoder

/** What the meta commands answer about an item; what was not asked for has the value that is named there. */
public data class MetaItem<V>(
    /** The value; null if it was not asked for. */
    val value: V?,
    /** The program's own 32 bits (`f`), or 0. */
    val clientFlags: Int,
    /** The number for compare-and-store (`c`), or 0. */
    val cas: Long,
    /** Seconds until it expires (`t`); -1 for never; null if not asked for. */
    val ttlSeconds: Long?,
    /** Size of the value (`s`), or -1. */
    val sizeBytes: Int,
    /** Whether it was read before (`h`); null if not asked for. */
    val wasRead: Boolean?,
    /** Seconds since it was last read (`l`); null if not asked for. */
    val idleSeconds: Long?,
    /** `W`: the caller is the one to make the value anew. */
    val isWon: Boolean,
    /** `X`: the value is out of date. */
    val isStale: Boolean,
    /** `Z`: somebody else is making the value anew. */
    val isWonByOther: Boolean,
    /** The opaque (`O`) that was sent; null without. */
    val opaque: String?,
    /** The key (`k`); null if not asked for. */
    val key: String?,
)

/** What became of a meta command that changes an item. */
public enum class MetaResult {
    DONE,

    /** The condition of its mode does not hold. */
    NOT_STORED,

    /** The item has another cas. */
    EXISTS,
    NOT_FOUND,
}

/** [MetaResult] with what else was asked for. */
public data class MetaOutcome(
    val result: MetaResult,
    /** The item's new cas, if it was asked for, or 0. */
    val cas: Long,
    /** The opaque that was sent; null without. */
    val opaque: String?,
    /** Of arithmetic: the number; null if it was not done. */
    val number: Long?,
    /** Of arithmetic: seconds until the item expires; null if not asked for. */
    val ttlSeconds: Long?,
    /** The key (`k`); null if not asked for. */
    val key: String? = null,
)

/**
 * Reads an item, with what [flags] asks for; null without one.
 *
 * @sample samples.memcache.metaGetWithTtl
 */
public suspend fun <V : Any> Memcache<V>.metaGet(
    key: String,
    flags: MetaGet.() -> Unit = {},
): MetaItem<V>? = metaGet(request().command(CommandWord.MG).key(key), MetaGet().apply(flags))

/** As the other [metaGet], with a key of any bytes, which goes as base64. */
public suspend fun <V : Any> Memcache<V>.metaGet(
    key: ByteArray,
    flags: MetaGet.() -> Unit = {},
): MetaItem<V>? = metaGet(request().command(CommandWord.MG).anyKey(key), MetaGet().apply(flags))

private suspend fun <V : Any> Memcache<V>.metaGet(
    writer: MemcacheWriter,
    asked: MetaGet,
): MetaItem<V>? {
    asked.writeTo(writer)
    return execute(writer.end(), MetaItemAnswer(transcoder))
}

/** Stores [value] as [flags] says. */
public suspend fun <V : Any> Memcache<V>.metaSet(
    key: String,
    value: V,
    flags: MetaSet.() -> Unit = {},
): MetaOutcome = execute(metaStoring(key, value, MetaSet().apply(flags)).end(), OUTCOME)

/** As the other [metaSet], with a key of any bytes, which goes as base64. */
public suspend fun <V : Any> Memcache<V>.metaSet(
    key: ByteArray,
    value: V,
    flags: MetaSet.() -> Unit = {},
): MetaOutcome {
    val writer = request()
    val clientFlags = transcoder.write(value, writer)
    writer
        .command(CommandWord.MS)
        .keyBase64(key)
        .valueSize()
        .flag('b')
    return execute(writer.flags(clientFlags, MetaSet().apply(flags)).end(), OUTCOME)
}

/** A meta set up to its flags. */
internal fun <V : Any> Memcache<V>.metaStoring(
    key: String,
    value: V,
    asked: MetaSet,
): MemcacheWriter {
    val writer = request()
    val clientFlags = transcoder.write(value, writer)
    return writer
        .command(CommandWord.MS)
        .key(key)
        .valueSize()
        .flags(clientFlags, asked)
}

private fun MemcacheWriter.flags(
    clientFlags: Int,
    asked: MetaSet,
): MemcacheWriter {
    if (clientFlags != 0) flag('F', Integer.toUnsignedLong(clientFlags))
    asked.writeTo(this)
    return this
}

private fun MemcacheWriter.anyKey(key: ByteArray) = keyBase64(key).flag('b')

/** Deletes an item, or marks it as stale, as [flags] says. */
public suspend fun Memcache<*>.metaDelete(
    key: String,
    flags: MetaDelete.() -> Unit = {},
): MetaOutcome = metaDelete(request().command(CommandWord.MD).key(key), MetaDelete().apply(flags))

/** As the other [metaDelete], with a key of any bytes, which goes as base64. */
public suspend fun Memcache<*>.metaDelete(
    key: ByteArray,
    flags: MetaDelete.() -> Unit = {},
): MetaOutcome = metaDelete(request().command(CommandWord.MD).anyKey(key), MetaDelete().apply(flags))

private suspend fun Memcache<*>.metaDelete(
    writer: MemcacheWriter,
    asked: MetaDelete,
): MetaOutcome {
    asked.writeTo(writer)
    return execute(writer.end(), OUTCOME)
}

/** Adds to a number, or takes from it, as [flags] says. */
public suspend fun Memcache<*>.metaArithmetic(
    key: String,
    flags: MetaArithmetic.() -> Unit = {},
): MetaOutcome = metaArithmetic(request().command(CommandWord.MA).key(key), MetaArithmetic().apply(flags))

/** As the other [metaArithmetic], with a key of any bytes, which goes as base64. */
public suspend fun Memcache<*>.metaArithmetic(
    key: ByteArray,
    flags: MetaArithmetic.() -> Unit = {},
): MetaOutcome = metaArithmetic(request().command(CommandWord.MA).anyKey(key), MetaArithmetic().apply(flags))

private suspend fun Memcache<*>.metaArithmetic(
    writer: MemcacheWriter,
    asked: MetaArithmetic,
): MetaOutcome {
    asked.writeTo(writer)
    return execute(writer.end(), OUTCOME)
}

/** What the server knows of an item, by the server's own names; null without one. Not counted as a read. */
public suspend fun Memcache<*>.metaDebug(key: String): Map<String, String>? =
    execute(request().command(CommandWord.ME).key(key).end(), DEBUG)

/** As the other [metaDebug], with a key of any bytes, which goes as base64. */
public suspend fun Memcache<*>.metaDebug(key: ByteArray): Map<String, String>? =
    execute(request().command(CommandWord.ME).anyKey(key).end(), DEBUG)

/** Waits until the first server has done everything that this worker sent it before. */
public suspend fun Memcache<*>.metaNoop() {
    val server = servers().first()
    server.execute(server.request().command(CommandWord.MN).end(), Answer.DONE)
}

private val DEBUG: Answer<Map<String, String>?> =
    Answer.line { line ->
        if (line.kind() != ReplyKind.META_DEBUG) {
            null
        } else {
            line
                .text()
                .split(' ')
                .drop(1)
                .associate { it.substringBefore('=') to it.substringAfter('=', "") }
        }
    }

private const val NONE = Long.MIN_VALUE

private val OUTCOME: Answer<MetaOutcome> =
    Answer.line { line ->
        val result =
            when (line.kind()) {
                ReplyKind.META_NOT_STORED -> MetaResult.NOT_STORED
                ReplyKind.META_EXISTS -> MetaResult.EXISTS
                ReplyKind.META_NOT_FOUND -> MetaResult.NOT_FOUND
                else -> MetaResult.DONE
            }
        MetaOutcome(
            result = result,
            cas = line.cas(),
            opaque = line.text('O'),
            number =
                if (line.kind() == ReplyKind.META_VALUE) {
                    line
                        .value()
                        .toUtf8()
                        .toULong()
                        .toLong()
                } else {
                    null
                },
            ttlSeconds = line.number('t', NONE).takeIf { it != NONE },
            key = line.metaKey()?.decodeToString(),
        )
    }

private class MetaItemAnswer<V : Any>(
    private val transcoder: Transcoder<V>,
) : Answer<MetaItem<V>?>() {
    override fun last(
        line: MemcacheReply,
        sofar: Any?,
    ): Any? =
        if (line.kind() == ReplyKind.META_MISS) {
            null
        } else {
            val value = if (line.kind() == ReplyKind.META_VALUE && !isStub(line)) line.value() else null
            MetaItem(
                value = value?.let { transcoder.read(it, line.clientFlags()) },
                clientFlags = line.clientFlags(),
                cas = line.cas(),
                ttlSeconds = line.number('t', NONE).takeIf { it != NONE },
                sizeBytes = line.number('s', -1).toInt(),
                wasRead = line.number('h', -1).takeIf { it >= 0 }?.let { it == 1L },
                idleSeconds = line.number('l', NONE).takeIf { it != NONE },
                isWon = line.hasFlag('W'),
                isStale = line.hasFlag('X'),
                isWonByOther = line.hasFlag('Z'),
                opaque = line.text('O'),
                key = line.metaKey()?.decodeToString(),
            )
        }

    // What `N` has made is empty until somebody stores: there is no value in it for a transcoder to read.
    private fun isStub(line: MemcacheReply) =
        line.valueBytes() == 0 && !line.hasFlag('X') && (line.hasFlag('W') || line.hasFlag('Z'))
}

package dev.uring.memcache

import dev.uring.memcache.codec.CommandWord
import dev.uring.memcache.codec.MemcacheReply
import dev.uring.memcache.codec.MemcacheWriter
import dev.uring.memcache.codec.ReplyKind
import dev.uring.memcache.codec.Transcoder
import kotlin.time.Duration

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
)

/** What one meta get asks for; each property is a flag of `mg`. All are off but [value]. */
public class MetaGet internal constructor() {
    /** `v` and `f`. */
    public var value: Boolean = true

    /** `c`. */
    public var cas: Boolean = false

    /** `t`. */
    public var ttl: Boolean = false

    /** `s`. */
    public var size: Boolean = false

    /** `h`. */
    public var wasRead: Boolean = false

    /** `l`. */
    public var idle: Boolean = false

    /** `k`. */
    public var key: Boolean = false

    /** `O`: comes back with the reply; ASCII without spaces, up to 32. */
    public var opaque: String? = null

    /** `T`: from now on it expires so long from now. */
    public var touch: Duration? = null

    /** `N`: a missing item is made, empty, for so long, and the caller wins it. */
    public var createFor: Duration? = null

    /** `R`: who reads it with less time left than this wins it. */
    public var recacheBelow: Duration? = null

    internal fun writeTo(writer: MemcacheWriter) {
        if (value) writer.flag('v').flag('f')
        if (cas) writer.flag('c')
        if (ttl) writer.flag('t')
        if (size) writer.flag('s')
        if (wasRead) writer.flag('h')
        if (idle) writer.flag('l')
        if (key) writer.flag('k')
        opaque?.let { writer.flag('O', it) }
        touch?.let { writer.flag('T', expirySeconds(it)) }
        createFor?.let { writer.flag('N', expirySeconds(it)).once() }
        recacheBelow?.let { writer.flag('R', expirySeconds(it)).once() }
    }
}

/** What a meta set does. */
public enum class SetMode(
    internal val letter: String,
) {
    SET("S"),
    ADD("E"),
    REPLACE("R"),
    APPEND("A"),
    PREPEND("P"),
}

/** How one meta set stores; each property is a flag of `ms`. */
public class MetaSet internal constructor() {
    /** `M`. */
    public var mode: SetMode = SetMode.SET

    /** `T`. */
    public var expiresIn: Duration = Duration.INFINITE

    /** `C`: only if the item has this cas. */
    public var compareCas: Long? = null

    /** `I`: with [compareCas], an item with a higher cas takes the value too, and is marked stale. */
    public var invalidate: Boolean = false

    /** `c`: the new cas is wanted. */
    public var cas: Boolean = false

    /** `N`: of append and prepend: an item that is missing is made, for so long. */
    public var createFor: Duration? = null

    /** `O`. */
    public var opaque: String? = null

    internal fun writeTo(writer: MemcacheWriter) {
        if (mode != SetMode.SET) writer.flag('M', mode.letter)
        if (expiresIn.isFinite()) writer.flag('T', expirySeconds(expiresIn))
        compareCas?.let { writer.flagUnsigned('C', it) }
        if (invalidate) writer.flag('I')
        if (cas) writer.flag('c')
        createFor?.let { writer.flag('N', expirySeconds(it)) }
        opaque?.let { writer.flag('O', it) }
    }
}

/** How one meta delete deletes; each property is a flag of `md`. */
public class MetaDelete internal constructor() {
    /** `C`: only if the item has this cas. */
    public var compareCas: Long? = null

    /** `I`: the item stays, marked stale, and the next reader wins it. */
    public var invalidate: Boolean = false

    /** `T`: with [invalidate], how long it stays. */
    public var staleFor: Duration? = null

    /** `O`. */
    public var opaque: String? = null

    internal fun writeTo(writer: MemcacheWriter) {
        compareCas?.let { writer.flagUnsigned('C', it) }
        if (invalidate) writer.flag('I')
        staleFor?.let { writer.flag('T', expirySeconds(it)) }
        opaque?.let { writer.flag('O', it) }
    }
}

/** What one meta arithmetic does; each property is a flag of `ma`. */
public class MetaArithmetic internal constructor() {
    /** `D`: unsigned. */
    public var delta: Long = 1

    /** `M`: takes away instead of adding. */
    public var decrement: Boolean = false

    /** `N`: a missing item is made, for so long, with [initial]. */
    public var createFor: Duration? = null

    /** `J`: unsigned. */
    public var initial: Long = 0

    /** `T`: from now on it expires so long from now. */
    public var touch: Duration? = null

    /** `C`: only if the item has this cas. */
    public var compareCas: Long? = null

    /** `c`. */
    public var cas: Boolean = false

    /** `t`. */
    public var ttl: Boolean = false

    /** `O`. */
    public var opaque: String? = null

    internal fun writeTo(writer: MemcacheWriter) {
        writer.flag('v').flagUnsigned('D', delta)
        if (decrement) writer.flag('M', "D")
        createFor?.let { writer.flag('N', expirySeconds(it)).flagUnsigned('J', initial) }
        touch?.let { writer.flag('T', expirySeconds(it)) }
        compareCas?.let { writer.flagUnsigned('C', it) }
        if (cas) writer.flag('c')
        if (ttl) writer.flag('t')
        opaque?.let { writer.flag('O', it) }
    }
}

/**
 * Reads an item, with what [flags] asks for; null without one.
 *
 * @sample samples.memcache.metaGetWithTtl
 */
public suspend fun <V : Any> Memcache<V>.metaGet(
    key: String,
    flags: MetaGet.() -> Unit = {},
): MetaItem<V>? {
    val asked = MetaGet().apply(flags)
    val writer = request().command(CommandWord.MG).key(key)
    asked.writeTo(writer)
    return execute(writer.end(), MetaItemAnswer(transcoder))
}

/** As the other [metaGet], with a key of any bytes, which goes as base64. */
public suspend fun <V : Any> Memcache<V>.metaGet(
    key: ByteArray,
    flags: MetaGet.() -> Unit = {},
): MetaItem<V>? {
    val asked = MetaGet().apply(flags)
    val writer = request().command(CommandWord.MG).keyBase64(key).flag('b')
    asked.writeTo(writer)
    return execute(writer.end(), MetaItemAnswer(transcoder))
}

/** Stores [value] as [flags] says. */
public suspend fun <V : Any> Memcache<V>.metaSet(
    key: String,
    value: V,
    flags: MetaSet.() -> Unit = {},
): MetaOutcome {
    val asked = MetaSet().apply(flags)
    val writer = request()
    val clientFlags = transcoder.write(value, writer)
    return metaSet(writer.command(CommandWord.MS).key(key).valueSize(), clientFlags, asked)
}

/** As the other [metaSet], with a key of any bytes, which goes as base64. */
public suspend fun <V : Any> Memcache<V>.metaSet(
    key: ByteArray,
    value: V,
    flags: MetaSet.() -> Unit = {},
): MetaOutcome {
    val asked = MetaSet().apply(flags)
    val writer = request()
    val clientFlags = transcoder.write(value, writer)
    return metaSet(
        writer
            .command(CommandWord.MS)
            .keyBase64(key)
            .valueSize()
            .flag('b'),
        clientFlags,
        asked,
    )
}

private suspend fun Memcache<*>.metaSet(
    writer: MemcacheWriter,
    clientFlags: Int,
    asked: MetaSet,
): MetaOutcome {
    if (clientFlags != 0) writer.flag('F', Integer.toUnsignedLong(clientFlags))
    asked.writeTo(writer)
    return execute(writer.end(), OUTCOME)
}

/** Deletes an item, or marks it as stale, as [flags] says. */
public suspend fun Memcache<*>.metaDelete(
    key: String,
    flags: MetaDelete.() -> Unit = {},
): MetaOutcome {
    val asked = MetaDelete().apply(flags)
    val writer = request().command(CommandWord.MD).key(key)
    asked.writeTo(writer)
    return execute(writer.end(), OUTCOME)
}

/** As the other [metaDelete], with a key of any bytes, which goes as base64. */
public suspend fun Memcache<*>.metaDelete(
    key: ByteArray,
    flags: MetaDelete.() -> Unit = {},
): MetaOutcome {
    val asked = MetaDelete().apply(flags)
    val writer = request().command(CommandWord.MD).keyBase64(key).flag('b')
    asked.writeTo(writer)
    return execute(writer.end(), OUTCOME)
}

/** Adds to a number, or takes from it, as [flags] says. */
public suspend fun Memcache<*>.metaArithmetic(
    key: String,
    flags: MetaArithmetic.() -> Unit = {},
): MetaOutcome {
    val asked = MetaArithmetic().apply(flags)
    val writer = request().command(CommandWord.MA).key(key)
    asked.writeTo(writer)
    return execute(writer.end(), OUTCOME)
}

/** What the server knows of an item, by the server's own names; null without one. Not counted as a read. */
public suspend fun Memcache<*>.metaDebug(key: String): Map<String, String>? =
    execute(request().command(CommandWord.ME).key(key).end(), DEBUG)

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

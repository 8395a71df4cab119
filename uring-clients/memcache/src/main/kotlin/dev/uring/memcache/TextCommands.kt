package dev.uring.memcache

import dev.uring.bytes.ByteView
import dev.uring.memcache.codec.CommandWord
import dev.uring.memcache.codec.MemcacheReply
import dev.uring.memcache.codec.MemcacheWriter
import dev.uring.memcache.codec.ReplyKind
import dev.uring.memcache.codec.Transcoder
import kotlin.time.Duration

/** A value with the number that [cas] wants to store in its place, and the program's own 32 bits. */
public data class CasValue<V>(
    val value: V,
    val cas: Long,
    val clientFlags: Int,
)

/** What became of a [cas]. */
public enum class CasResult {
    STORED,

    /** Another has changed the item since its cas was read. */
    EXISTS,

    /** The item is gone. */
    NOT_FOUND,

    /** The server did not store it for another reason. */
    NOT_STORED,
}

/** The value of [key], or null. */
public suspend fun <V : Any> Memcache<V>.get(key: String): V? =
    execute(request().command(CommandWord.GET).key(key).end(), transcoder.item())

/** The value of [key] with its cas, or null. */
public suspend fun <V : Any> Memcache<V>.gets(key: String): CasValue<V>? =
    execute(request().command(CommandWord.GETS).key(key).end(), CasItem(transcoder))

/** The value of [key], or null; from now on it expires [expiresIn] from now. */
public suspend fun <V : Any> Memcache<V>.gat(
    key: String,
    expiresIn: Duration,
): V? =
    execute(
        request()
            .command(CommandWord.GAT)
            .expiry(expiresIn)
            .key(key)
            .end(),
        transcoder.item(),
    )

/** As [gat], with the value's cas. */
public suspend fun <V : Any> Memcache<V>.gats(
    key: String,
    expiresIn: Duration,
): CasValue<V>? =
    execute(
        request()
            .command(CommandWord.GATS)
            .expiry(expiresIn)
            .key(key)
            .end(),
        CasItem(transcoder),
    )

/**
 * Reads a value where it was received, without a copy.
 *
 * ### Shapes and units
 * [read] gets the value, or null when there is no such key; what it returns is returned.
 * ### Ownership
 * The view is borrowed until [read] returns.
 * ### Threading and cancellation
 * [read] runs on the connection's worker and must be quick: replies behind this one wait. Not called for a cancelled caller.
 * ### Errors
 * As [Memcache], and what [read] throws.
 *
 * @sample samples.memcache.lengthOfValue
 */
public suspend fun <R> Memcache<*>.getView(
    key: String,
    read: (value: ByteView?) -> R,
): R = execute(request().command(CommandWord.GET).key(key).end(), ViewItem(read))

/** Stores [value], whatever was there. It is gone [expiresIn] from now, in whole seconds, rounded up. */
public suspend fun <V : Any> Memcache<V>.set(
    key: String,
    value: V,
    expiresIn: Duration = Duration.INFINITE,
): Unit = execute(store(CommandWord.SET, key, value, expiresIn), Answer.UNIT)

/** Stores [value] if there is none; says whether. */
public suspend fun <V : Any> Memcache<V>.add(
    key: String,
    value: V,
    expiresIn: Duration = Duration.INFINITE,
): Boolean = execute(store(CommandWord.ADD, key, value, expiresIn), Answer.DONE)

/** Stores [value] if there is one already; says whether. */
public suspend fun <V : Any> Memcache<V>.replace(
    key: String,
    value: V,
    expiresIn: Duration = Duration.INFINITE,
): Boolean = execute(store(CommandWord.REPLACE, key, value, expiresIn), Answer.DONE)

/** Puts the bytes of [value] behind those of the item, whose flags and expiry stay; says whether there is one. */
public suspend fun <V : Any> Memcache<V>.append(
    key: String,
    value: V,
): Boolean = execute(store(CommandWord.APPEND, key, value, Duration.INFINITE), Answer.DONE)

/** Puts the bytes of [value] before those of the item; otherwise as [append]. */
public suspend fun <V : Any> Memcache<V>.prepend(
    key: String,
    value: V,
): Boolean = execute(store(CommandWord.PREPEND, key, value, Duration.INFINITE), Answer.DONE)

/** Stores [value] if the item is still the one that [cas] was read with. */
public suspend fun <V : Any> Memcache<V>.cas(
    key: String,
    value: V,
    cas: Long,
    expiresIn: Duration = Duration.INFINITE,
): CasResult = execute(storing(CommandWord.CAS, key, value, expiresIn).unsigned(cas).end(), CAS)

/** Deletes the item; says whether there was one. */
public suspend fun Memcache<*>.delete(key: String): Boolean =
    execute(request().command(CommandWord.DELETE).key(key).end(), Answer.DONE)

/** Adds [delta], unsigned, to the decimal number that is the item's value, modulo 2^64; the sum, or null without an item. */
public suspend fun Memcache<*>.incr(
    key: String,
    delta: Long = 1,
): Long? =
    execute(
        request()
            .command(CommandWord.INCR)
            .key(key)
            .unsigned(delta)
            .end(),
        NUMBER,
    )

/** Takes [delta], unsigned, from the decimal number that is the item's value, not below 0; otherwise as [incr]. */
public suspend fun Memcache<*>.decr(
    key: String,
    delta: Long = 1,
): Long? =
    execute(
        request()
            .command(CommandWord.DECR)
            .key(key)
            .unsigned(delta)
            .end(),
        NUMBER,
    )

/** Lets the item expire [expiresIn] from now; says whether there is one. */
public suspend fun Memcache<*>.touch(
    key: String,
    expiresIn: Duration,
): Boolean =
    execute(
        request()
            .command(CommandWord.TOUCH)
            .key(key)
            .expiry(expiresIn)
            .end(),
        Answer.DONE,
    )

/** Forgets every item of every server that was stored before [after] from now. */
public suspend fun Memcache<*>.flushAll(after: Duration = Duration.ZERO) {
    for (server in servers()) {
        val writer = server.request().command(CommandWord.FLUSH_ALL)
        if (after.isPositive()) writer.expiry(after)
        server.execute(writer.end(), Answer.DONE)
    }
}

/** How much each server logs: 0, 1 or 2. */
public suspend fun Memcache<*>.verbosity(level: Int) {
    for (server in servers()) {
        server.execute(
            server
                .request()
                .command(CommandWord.VERBOSITY)
                .number(level.toLong())
                .end(),
            Answer.DONE,
        )
    }
}

/** The version of the first server. */
public suspend fun Memcache<*>.version(): String {
    val server = servers().first()
    return server.execute(server.request().command(CommandWord.VERSION).end(), Answer.TEXT)
}

/**
 * Statistics of the first server: of [section], such as `items`, `slabs`, `sizes`, `settings` or `conns`, or the general
 * ones. `reset` clears them; `cachedump 1 100` and `detail dump` list, too.
 */
public suspend fun Memcache<*>.stats(section: String = ""): Map<String, String> {
    val server = servers().first()
    val writer = server.request().command(CommandWord.STATS)
    section.split(' ').filter { it.isNotEmpty() }.forEach(writer::word)
    return server.execute(writer.end(), Answer.STATS)
}

private fun <V : Any> Memcache<V>.store(
    word: CommandWord,
    key: String,
    value: V,
    expiresIn: Duration,
): MemcacheWriter = storing(word, key, value, expiresIn).end()

/** A command that stores [value], up to the value's size. */
internal fun <V : Any> Memcache<V>.storing(
    word: CommandWord,
    key: String,
    value: V,
    expiresIn: Duration,
): MemcacheWriter {
    val writer = request()
    val flags = transcoder.write(value, writer)
    return writer
        .command(word)
        .key(key)
        .number(Integer.toUnsignedLong(flags))
        .expiry(expiresIn)
        .valueSize()
}

private val NUMBER: Answer<Long?> = Answer.line { if (it.kind() == ReplyKind.NUMBER) it.number() else null }

private val CAS: Answer<CasResult> =
    Answer.line {
        when (it.kind()) {
            ReplyKind.STORED -> CasResult.STORED
            ReplyKind.EXISTS -> CasResult.EXISTS
            ReplyKind.NOT_FOUND -> CasResult.NOT_FOUND
            else -> CasResult.NOT_STORED
        }
    }

/** One item up to `END`. */
internal abstract class ItemAnswer<T> : Answer<T>() {
    final override fun ends(line: MemcacheReply): Boolean = line.kind() != ReplyKind.VALUE

    override fun last(
        line: MemcacheReply,
        sofar: Any?,
    ): Any? = sofar
}

internal class Item<V : Any>(
    private val transcoder: Transcoder<V>,
) : ItemAnswer<V?>() {
    override fun part(
        line: MemcacheReply,
        sofar: Any?,
    ): Any = transcoder.read(line.value(), line.clientFlags())
}

private val TEXT_ITEM = Item(Transcoder.UTF8)
private val BYTES_ITEM = Item(Transcoder.BYTES)

// The usual transcoders have one answer for all: a get allocates its value and nothing else.
@Suppress("UNCHECKED_CAST")
internal fun <V : Any> Transcoder<V>.item(): Answer<V?> =
    when (this) {
        Transcoder.UTF8 -> TEXT_ITEM as Answer<V?>
        Transcoder.BYTES -> BYTES_ITEM as Answer<V?>
        else -> Item(this)
    }

private class CasItem<V : Any>(
    private val transcoder: Transcoder<V>,
) : ItemAnswer<CasValue<V>?>() {
    override fun part(
        line: MemcacheReply,
        sofar: Any?,
    ): Any = CasValue(transcoder.read(line.value(), line.clientFlags()), line.cas(), line.clientFlags())
}

private class ViewItem<R>(
    private val read: (ByteView?) -> R,
) : ItemAnswer<R>() {
    override val start: Any get() = MISSING

    override fun part(
        line: MemcacheReply,
        sofar: Any?,
    ): Any? = read(line.value())

    override fun last(
        line: MemcacheReply,
        sofar: Any?,
    ): Any? = if (sofar === MISSING) read(null) else sofar

    private companion object {
        val MISSING = Any()
    }
}

package dev.uring.memcache

import dev.uring.memcache.codec.CommandWord
import dev.uring.memcache.codec.MemcacheWriter
import kotlin.time.Duration

/**
 * Commands that are sent and not waited for: `noreply` of the text protocol, flag `q` of the meta commands.
 *
 * ### Shapes and units
 * A call returns when its command lies in the connection's send queue. Whether it was done, or its condition held, nobody is
 * told. Commands of one coroutine are done in their order, and before what it sends after them on the same worker. For many at
 * once [quietly] is cheaper, and says which were not done.
 * ### Threading and cancellation
 * As [Memcache]. A call suspends only while the connection has no room, or there is none. Cancelled by then, it is not sent.
 * ### Errors
 * Thrown: as [Memcache], as long as the command has not been sent. Lost: everything later. What the server refuses is counted
 * in [MemcacheSnapshot.unheardErrors], and so is a command that was under way when its connection was lost, or whose time was
 * over; no such command is ever sent twice.
 *
 * Servers answer some errors although they were told not to: a value that is too large, for one. So that no such line is taken
 * for the answer to something else, each command is followed by a fence (`version`, or `mn` behind a meta command), and all
 * that comes before the fence's answer is its own.
 * ### Source
 * protocol.txt, "noreply" and "Meta Commands", flag q.
 *
 * @sample samples.memcache.countWithoutWaiting
 */
public class NoReply<V : Any> internal constructor(
    private val memcache: Memcache<V>,
) {
    /** As [Memcache.set]. */
    public suspend fun set(
        key: String,
        value: V,
        expiresIn: Duration = Duration.INFINITE,
    ): Unit = store(CommandWord.SET, key, value, expiresIn)

    /** As [Memcache.add]. */
    public suspend fun add(
        key: String,
        value: V,
        expiresIn: Duration = Duration.INFINITE,
    ): Unit = store(CommandWord.ADD, key, value, expiresIn)

    /** As [Memcache.replace]. */
    public suspend fun replace(
        key: String,
        value: V,
        expiresIn: Duration = Duration.INFINITE,
    ): Unit = store(CommandWord.REPLACE, key, value, expiresIn)

    /** As [Memcache.append]. */
    public suspend fun append(
        key: String,
        value: V,
    ): Unit = store(CommandWord.APPEND, key, value, Duration.INFINITE)

    /** As [Memcache.prepend]. */
    public suspend fun prepend(
        key: String,
        value: V,
    ): Unit = store(CommandWord.PREPEND, key, value, Duration.INFINITE)

    /** As [Memcache.cas]. */
    public suspend fun cas(
        key: String,
        value: V,
        cas: Long,
        expiresIn: Duration = Duration.INFINITE,
    ): Unit = text(memcache.storing(CommandWord.CAS, key, value, expiresIn).unsigned(cas))

    /** As [Memcache.delete]. */
    public suspend fun delete(key: String): Unit = text(command(CommandWord.DELETE).key(key))

    /** As [Memcache.incr]. */
    public suspend fun incr(
        key: String,
        delta: Long = 1,
    ): Unit = text(command(CommandWord.INCR).key(key).unsigned(delta))

    /** As [Memcache.decr]. */
    public suspend fun decr(
        key: String,
        delta: Long = 1,
    ): Unit = text(command(CommandWord.DECR).key(key).unsigned(delta))

    /** As [Memcache.touch]. */
    public suspend fun touch(
        key: String,
        expiresIn: Duration,
    ): Unit = text(command(CommandWord.TOUCH).key(key).expiry(expiresIn))

    /** As [Memcache.flushAll]. */
    public suspend fun flushAll(after: Duration = Duration.ZERO) {
        for (server in memcache.servers()) {
            val writer = server.request().command(CommandWord.FLUSH_ALL)
            if (after.isPositive()) writer.expiry(after)
            server.send(writer.word("noreply").end().fence(CommandWord.VERSION))
        }
    }

    /** As [Memcache.metaSet]. */
    public suspend fun metaSet(
        key: String,
        value: V,
        flags: MetaSet.() -> Unit = {},
    ): Unit = meta(memcache.metaStoring(key, value, MetaSet().apply(flags)))

    /** As [Memcache.metaDelete]. */
    public suspend fun metaDelete(
        key: String,
        flags: MetaDelete.() -> Unit = {},
    ) {
        val writer = command(CommandWord.MD).key(key)
        MetaDelete().apply(flags).writeTo(writer)
        meta(writer)
    }

    /** As [Memcache.metaArithmetic]; the number is not told. */
    public suspend fun metaArithmetic(
        key: String,
        flags: MetaArithmetic.() -> Unit = {},
    ) {
        val writer = command(CommandWord.MA).key(key)
        MetaArithmetic().apply(flags).writeTo(writer)
        meta(writer)
    }

    private fun command(word: CommandWord) = memcache.request().command(word)

    private suspend fun store(
        word: CommandWord,
        key: String,
        value: V,
        expiresIn: Duration,
    ) = text(memcache.storing(word, key, value, expiresIn))

    private suspend fun text(writer: MemcacheWriter) =
        memcache.send(writer.word("noreply").end().fence(CommandWord.VERSION))

    private suspend fun meta(writer: MemcacheWriter) = memcache.send(writer.flag('q').end().fence(CommandWord.MN))
}

/** The same, without answers: see [NoReply]. */
public val <V : Any> Memcache<V>.noReply: NoReply<V> get() = NoReply(this)

package dev.uring.memcache

import dev.uring.memcache.codec.CommandWord
import dev.uring.memcache.codec.MemcacheReply
import dev.uring.memcache.codec.MemcacheWriter
import dev.uring.memcache.codec.ReplyKind
import dev.uring.memcache.codec.Transcoder
import kotlin.time.Duration

/**
 * Commands whose success is not answered, collected for one server. They are meta commands with flag `q`, and a `mn` behind
 * them: its answer says that the server has done them all, and so nothing it says on the way can be taken for the answer to
 * something else.
 */
public class QuietBatch<V : Any> internal constructor(
    private val transcoder: Transcoder<V>,
    internal val writer: MemcacheWriter,
) {
    internal var count = 0L

    /** As [Memcache.set]. */
    public fun set(
        key: String,
        value: V,
        expiresIn: Duration = Duration.INFINITE,
    ): Unit = store(key, value, expiresIn, NO_MODE)

    /** As [Memcache.add]: stores only what is not there. */
    public fun add(
        key: String,
        value: V,
        expiresIn: Duration = Duration.INFINITE,
    ): Unit = store(key, value, expiresIn, 'E')

    /** As [Memcache.append]. */
    public fun append(
        key: String,
        value: V,
    ): Unit = store(key, value, Duration.INFINITE, 'A')

    /** As [Memcache.delete]. */
    public fun delete(key: String) {
        numbered(writer.command(CommandWord.MD).key(key)).end()
    }

    /** As [Memcache.touch]. */
    public fun touch(
        key: String,
        expiresIn: Duration,
    ) {
        // Quiet mg is silent about a miss only; a hit without other flags is a short line, and dropped.
        numbered(writer.command(CommandWord.MG).key(key).flag('T', expirySeconds(expiresIn))).end()
    }

    private fun store(
        key: String,
        value: V,
        expiresIn: Duration,
        mode: Char,
    ) {
        val clientFlags = transcoder.write(value, writer)
        writer.command(CommandWord.MS).key(key).valueSize()
        if (clientFlags != 0) writer.flag('F', Integer.toUnsignedLong(clientFlags))
        if (expiresIn.isFinite()) writer.flag('T', expirySeconds(expiresIn))
        if (mode != NO_MODE) writer.flag('M', mode.toString())
        numbered(writer).end()
    }

    // The opaque of a command is its number: what is answered says which one it was.
    private fun numbered(line: MemcacheWriter) = line.flag('q').flag('O', count++)

    private companion object {
        const val NO_MODE = ' '
    }
}

/** What became of a quiet batch. */
public data class QuietResult(
    /** How many commands there were. */
    val commands: Int,
    /** Numbers, from 0 in the order of the calls, of those whose condition did not hold, such as an `add` of what is there. */
    val notDone: List<Int>,
    /** What the server said of those that failed. */
    val errors: List<String>,
)

/**
 * Sends many commands to this server in one piece, of which only failures are answered.
 *
 * ### Shapes and units
 * One round trip for all. Not for pools: [Memcache.split] first.
 * ### Errors
 * As [Memcache] for what concerns the connection; what the server refuses is in the result. Needs memcached 1.6.
 *
 * @sample samples.memcache.warmUp
 */
public suspend fun <V : Any> Memcache<V>.quietly(fill: QuietBatch<V>.() -> Unit): QuietResult {
    val server =
        servers().singleOrNull()
            ?: error("a quiet batch goes to one server: use split(keys) of the pool, and its parts")
    val batch = QuietBatch(transcoder, server.request().once())
    batch.fill()
    return server.execute(batch.writer.fence(), QuietAnswer(batch.count.toInt()))
}

private class QuietAnswer(
    private val commands: Int,
) : Answer<QuietResult>() {
    private val notDone = mutableListOf<Int>()
    private val errors = mutableListOf<String>()

    override val outlastsErrors: Boolean get() = true

    override fun ends(line: MemcacheReply): Boolean = line.kind() == ReplyKind.META_NOOP

    override fun part(
        line: MemcacheReply,
        sofar: Any?,
    ): Any? {
        when (line.kind()) {
            // A touch that hit.
            ReplyKind.META_DONE -> {
                return sofar
            }

            ReplyKind.META_NOT_STORED, ReplyKind.META_EXISTS, ReplyKind.META_NOT_FOUND, ReplyKind.META_MISS -> {
                notDone += line.number('O', -1).toInt()
            }

            else -> {
                errors += "${line.kind()} ${line.text()}".trimEnd()
            }
        }
        return sofar
    }

    override fun last(
        line: MemcacheReply,
        sofar: Any?,
    ): Any = QuietResult(commands, notDone, errors)
}

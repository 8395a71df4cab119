package dev.uring.memcache

import dev.uring.memcache.codec.CommandWord
import dev.uring.memcache.codec.MemcacheReply
import dev.uring.memcache.codec.MemcacheWriter
import dev.uring.memcache.codec.ReplyKind
import kotlinx.coroutines.async
import kotlinx.coroutines.awaitAll
import kotlinx.coroutines.coroutineScope
import kotlin.time.Duration

// Memcached reads a line of up to 2 KiB whatever the command is; a longer one must be a get or gets. The cut costs 5 bytes.
internal const val LINE_BYTES_MAX = 2000

/**
 * The values of those of [keys] that are there, in the order of [keys].
 *
 * ### Shapes and units
 * Any number of keys: they leave together and take one round trip to each server, to all servers at once.
 * ### Errors
 * As [Memcache]. If one server fails, all of it fails; see the pool's policy of failover.
 *
 * @sample samples.memcache.manyAtOnce
 */
public suspend fun <V : Any> Memcache<V>.getAll(keys: Collection<String>): Map<String, V> =
    collect(keys) { server, part ->
        server.execute(
            server.request().lines(part) {
                command(CommandWord.GET)
            },
            Items(part.toTypedArray()) { it.read(server) },
        )
    }

/** As [getAll], each with its cas. */
public suspend fun <V : Any> Memcache<V>.getsAll(keys: Collection<String>): Map<String, CasValue<V>> =
    collect(keys) { server, part ->
        server.execute(
            server.request().lines(part) { command(CommandWord.GETS) },
            Items(part.toTypedArray()) { CasValue(it.read(server), it.cas(), it.clientFlags()) },
        )
    }

/** As [getAll]; from now on those that are there expire [expiresIn] from now. */
public suspend fun <V : Any> Memcache<V>.gatAll(
    keys: Collection<String>,
    expiresIn: Duration,
): Map<String, V> =
    collect(keys) { server, part ->
        server.execute(
            server.request().lines(part) { command(CommandWord.GAT).expiry(expiresIn) },
            Items(part.toTypedArray()) { it.read(server) },
        )
    }

private fun <V : Any> MemcacheReply.read(memcache: Memcache<V>): V = memcache.transcoder.read(value(), clientFlags())

private suspend fun <V : Any, R> Memcache<V>.collect(
    keys: Collection<String>,
    ask: suspend (server: Memcache<V>, part: Collection<String>) -> Map<String, R>,
): Map<String, R> {
    if (keys.isEmpty()) return emptyMap()
    val parts = split(keys).entries
    if (parts.size == 1) return parts.first().let { ask(it.key, it.value) }
    val found = coroutineScope { parts.map { (server, part) -> async { ask(server, part) } }.awaitAll() }
    val all = HashMap<String, R>()
    found.forEach(all::putAll)
    val inOrder = LinkedHashMap<String, R>()
    for (key in keys) all[key]?.let { inOrder[key] = it }
    return inOrder
}

private inline fun MemcacheWriter.lines(
    keys: Collection<String>,
    begin: MemcacheWriter.() -> Unit,
): MemcacheWriter {
    var lineFrom = Int.MIN_VALUE
    for (key in keys) {
        // A key's bytes are at most three for each of its chars; too many is the safe side.
        if (lineFrom == Int.MIN_VALUE || size() - lineFrom + 3 * key.length > LINE_BYTES_MAX) {
            if (lineFrom != Int.MIN_VALUE) end()
            lineFrom = size()
            begin()
        }
        key(key)
    }
    return end()
}

/** Items of several lines of keys, each up to its `END`. Belongs to one command. */
private class Items<R>(
    private val keys: Array<String>,
    private val read: (MemcacheReply) -> R,
) : Answer<Map<String, R>>() {
    private var cursor = 0

    // A request that is sent again begins again.
    override val start: Any
        get() {
            cursor = 0
            return LinkedHashMap.newLinkedHashMap<String, R>(keys.size)
        }

    override fun ends(line: MemcacheReply): Boolean = line.kind() != ReplyKind.VALUE

    @Suppress("UNCHECKED_CAST")
    override fun part(
        line: MemcacheReply,
        sofar: Any?,
    ): Any {
        val found = sofar as LinkedHashMap<String, R>
        found[key(line)] = read(line)
        return found
    }

    override fun last(
        line: MemcacheReply,
        sofar: Any?,
    ): Any? = sofar

    // Items come in the order of the keys that were asked for, so the caller's own string is most often the next one.
    private fun key(line: MemcacheReply): String {
        for (at in cursor until keys.size) {
            if (line.hasAsciiKey(keys[at])) {
                cursor = at + 1
                return keys[at]
            }
        }
        return line.key()
    }
}

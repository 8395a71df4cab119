package dev.uring.redis.modules

import dev.uring.bytes.ByteWindow
import dev.uring.codec.DecodeStatus
import dev.uring.redis.RedisCodec
import dev.uring.redis.RedisCommands
import dev.uring.redis.codec.Command
import dev.uring.redis.codec.CommandWriter
import dev.uring.redis.codec.Reply
import dev.uring.redis.codec.ReplyLimits
import dev.uring.redis.codec.RespReplyDecoder
import redis.clients.jedis.CommandObject
import java.lang.foreign.MemorySegment

/** Writes commands and sends none. */
internal object Written : RedisCommands<String, String> {
    override val codec = RedisCodec.UTF8

    override fun command(command: Command) = CommandWriter().begin(command)
}

/** What this client sends: bytes as Latin-1 text. */
internal fun sent(write: RedisCommands<String, String>.() -> CommandWriter): String {
    val writer = Written.write()
    writer.finish()
    return String(writer.copy(), Charsets.ISO_8859_1)
}

/** What Jedis sends for [command]: bytes as Latin-1 text; without its last words, which must be [end]. */
internal fun sentByJedis(
    command: CommandObject<*>,
    end: String = "",
): String {
    val words = command.arguments.map { String(it.raw, Charsets.ISO_8859_1) }
    val left = if (end.isEmpty()) emptyList() else end.split(' ')
    check(words.takeLast(left.size) == left) { "$words do not end with $end" }
    return sentWords(words.dropLast(left.size))
}

/** What goes over the wire for [words], each of one byte per character. */
internal fun sentWords(words: List<String>): String =
    words.joinToString("", "*${words.size}\r\n") { "$${it.length}\r\n$it\r\n" }

/** The reply of a server that answers [tree], read as [reply]: maps, doubles and booleans are those of RESP3. */
internal fun <T> read(
    reply: Reply<T>,
    tree: Any?,
): T {
    val bytes = resp(tree).toByteArray()
    return RespReplyDecoder(ReplyLimits.defaults()).use { decoder ->
        val window = ByteWindow("a reply")
        window.lend(MemorySegment.ofArray(bytes), 0, bytes.size)
        check(decoder.decode(window, 0) == DecodeStatus.DONE) { "no whole reply: ${resp(tree)}" }
        val value = reply.read(decoder.reader())
        check(decoder.reader().isAtEnd) { "values were left behind in ${resp(tree)}" }
        window.end()
        value
    }
}

private fun resp(tree: Any?): String =
    when (tree) {
        null -> "_\r\n"
        is String -> "$${tree.toByteArray().size}\r\n$tree\r\n"
        is Int, is Long -> ":$tree\r\n"
        is Double -> ",$tree\r\n"
        is Boolean -> if (tree) "#t\r\n" else "#f\r\n"
        is List<*> -> tree.joinToString("", "*${tree.size}\r\n") { resp(it) }
        is Map<*, *> -> tree.entries.joinToString("", "%${tree.size}\r\n") { resp(it.key) + resp(it.value) }
        else -> error("no RESP for $tree")
    }

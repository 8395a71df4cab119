package dev.uring.redis

import dev.uring.redis.codec.Command
import dev.uring.redis.codec.CommandWriter
import dev.uring.redis.codec.Reply
import java.security.MessageDigest
import java.util.HexFormat

/**
 * A Lua script, sent by its hash where the server has it already.
 *
 * Immutable; make it once. [isReadonly] promises that it changes nothing: EVAL_RO is used, which replicas answer too.
 */
public class RedisScript
    @JvmOverloads
    constructor(
        public val text: String,
        public val isReadonly: Boolean = false,
    ) {
        /** What the server knows it by: SHA-1, in lower-case hexadecimal digits. */
        public val sha1: String =
            HexFormat.of().formatHex(MessageDigest.getInstance("SHA-1").digest(text.toByteArray(Charsets.UTF_8)))

        internal val bySha: Command get() = if (isReadonly) EVALSHA_RO else EVALSHA
        internal val byText: Command get() = if (isReadonly) EVAL_RO else EVAL

        private companion object {
            val EVAL = Command.of("EVAL")
            val EVALSHA = Command.of("EVALSHA")
            val EVAL_RO = Command.of("EVAL_RO", Command.READONLY or Command.IDEMPOTENT)
            val EVALSHA_RO = Command.of("EVALSHA_RO", Command.READONLY or Command.IDEMPOTENT)
        }
    }

/**
 * Runs [script] with [keys] as `KEYS` and [arguments] as `ARGV`.
 *
 * ### Shapes and units
 * Sent by its hash; a server that does not know it gets the text once, and remembers it.
 * ### Errors
 * As [RedisExecutor]. A [RedisException] may be what the script raised.
 *
 * @sample samples.redis.takeToken
 */
public suspend fun <K : Any, V : Any, T> RedisExecutor<K, V>.script(
    script: RedisScript,
    reply: Reply<T>,
    keys: List<K> = emptyList(),
    arguments: List<V> = emptyList(),
): T =
    try {
        execute(invocation(script.bySha, script.sha1, keys, arguments), reply)
    } catch (unknown: RedisException) {
        if (unknown.code != "NOSCRIPT") throw unknown
        execute(invocation(script.byText, script.text, keys, arguments), reply)
    }

private fun <K : Any, V : Any> RedisExecutor<K, V>.invocation(
    command: Command,
    script: String,
    keys: List<K>,
    arguments: List<V>,
): CommandWriter {
    val writer = command(command).arg(script).arg(keys.size.toLong())
    for (key in keys) writer.key(codec.keys, key)
    for (argument in arguments) writer.value(codec.values, argument)
    return writer
}

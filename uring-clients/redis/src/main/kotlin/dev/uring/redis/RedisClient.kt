package dev.uring.redis

import dev.uring.UringRuntime
import dev.uring.dns.Resolver
import dev.uring.dsl.UringScope
import dev.uring.redis.codec.Command
import dev.uring.redis.codec.CommandWriter
import dev.uring.redis.codec.Reply
import kotlin.coroutines.Continuation
import kotlin.coroutines.intrinsics.suspendCoroutineUninterceptedOrReturn

/**
 * A client of one Redis server, for coroutines.
 *
 * ### Shapes and units
 * Commands are extension functions of [RedisExecutor]. Every worker has one connection that all of its coroutines share:
 * what they send in one turn of the loop leaves together, and replies resume them in order. Commands that wait at the
 * server get connections of their own by themselves. Keys and values are strings; see [withCodec].
 * ### Ownership
 * Owns its connections, which are opened when they are first needed. [close] it, or leave that to the end of the runtime.
 * ### Threading and cancellation
 * For any coroutine. On a worker of the runtime a command runs right there; from elsewhere it goes to a worker and comes
 * back. Cancelling loses nothing for others: the reply to a cancelled command is dropped when it comes.
 * ### Errors
 * As [RedisExecutor].
 *
 * @sample samples.redis.visits
 */
public class RedisClient internal constructor(
    internal val core: ClientCore,
) : RedisExecutor<String, String>,
    AutoCloseable {
    /** A client that connects when it is first used; [resolver] looks names up, null makes one of its own. */
    public constructor(
        runtime: UringRuntime,
        config: RedisConfig,
        resolver: Resolver? = null,
    ) : this(ClientCore(runtime, config, resolver ?: Resolver.of(runtime)))

    override val codec: RedisCodec<String, String> get() = RedisCodec.UTF8

    /** How it was made. */
    public val config: RedisConfig get() = core.config

    override fun command(command: Command): CommandWriter = core.command(command)

    override suspend fun <T> execute(
        request: CommandWriter,
        reply: Reply<T>,
    ): T = core.await(null, request, reply)

    /** The same connections, with other types for keys and values. */
    public fun <K : Any, V : Any> withCodec(codec: RedisCodec<K, V>): RedisExecutor<K, V> = CodecExecutor(core, codec)

    /** What was counted so far. Any thread; nothing stops for it. */
    public fun snapshot(): RedisSnapshot = core.snapshot()

    /**
     * Takes no more commands, and closes the connections when those in flight are answered, at the latest after
     * [RedisConfig.commandTimeout]. Returns at once; repeated calls do nothing.
     */
    override fun close(): Unit = core.close()

    override fun toString(): String = "RedisClient(${config.place})"
}

/** The same client with another codec. */
internal class CodecExecutor<K : Any, V : Any>(
    val core: ClientCore,
    override val codec: RedisCodec<K, V>,
    val link: RedisLink? = null,
) : RedisExecutor<K, V> {
    override fun command(command: Command): CommandWriter = core.command(command)

    override suspend fun <T> execute(
        request: CommandWriter,
        reply: Reply<T>,
    ): T = core.await(link, request, reply)
}

// A tail call in every caller: no state machine, and nothing allocated on the way down.
@Suppress("UNCHECKED_CAST")
internal suspend fun <T> ClientCore.await(
    link: RedisLink?,
    request: CommandWriter,
    reply: Reply<T>,
): T =
    suspendCoroutineUninterceptedOrReturn { continuation ->
        execute(link, request, reply, continuation as Continuation<Any?>)
    }

/**
 * A client of the server at [url], connected on this worker.
 *
 * ### Shapes and units
 * See [RedisConfig.parse] for the forms of [url]; [configure] changes what it says.
 * ### Ownership
 * The caller closes the client; what is left open ends with the runtime.
 * ### Errors
 * `ConfigException` no such URL · what [RedisExecutor] says, if the server cannot be reached or refuses.
 *
 * @sample samples.redis.visits
 */
public suspend fun UringScope.redis(
    url: String,
    configure: RedisConfig.() -> RedisConfig = { this },
): RedisClient {
    val client = RedisClient(runtime, RedisConfig.parse(url).configure(), resolver)
    try {
        client.execute(client.command(Greeting.PING), Replies.unit)
    } catch (failure: Throwable) {
        client.close()
        throw failure
    }
    return client
}

/**
 * Sends a command that this library has no function for, word by word.
 *
 * ### Shapes and units
 * The reply as [Reply.ANY] reads it: null, `Long`, `Double`, `Boolean`, `String`, `List`, `Map`, `Set`. Nothing is known of
 * such a command: it is not sent twice, and one that waits at the server makes all others wait; give those to
 * [RedisCommands.command] with [Command.BLOCKING].
 *
 * @sample samples.redis.anyCommand
 */
public suspend fun RedisExecutor<*, *>.cmd(vararg words: String): Any? {
    require(words.isNotEmpty()) { "cmd() without a command" }
    val writer = command(Command.of(words[0]))
    for (i in 1 until words.size) writer.arg(words[i])
    return execute(writer, Reply.ANY)
}

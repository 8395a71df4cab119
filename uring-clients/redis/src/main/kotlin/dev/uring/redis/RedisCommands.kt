package dev.uring.redis

import dev.uring.redis.codec.Command
import dev.uring.redis.codec.CommandWriter
import dev.uring.redis.codec.Reply
import java.util.concurrent.CompletionStage

/**
 * What commands are built on, whether their replies are waited for by a coroutine, collected in a batch or given to a
 * `CompletionStage`.
 *
 * ### Shapes and units
 * A command is [command], its arguments, and then `execute` of one of the three kinds of receivers.
 * ### Ownership
 * The writer is borrowed from [command] until `execute`, which takes it back.
 */
public interface RedisCommands<K : Any, V : Any> {
    /** How keys and values are written and read. */
    public val codec: RedisCodec<K, V>

    /** Begins [command]: lends a writer for its arguments. */
    public fun command(command: Command): CommandWriter
}

/**
 * Sends commands and suspends until they are answered.
 *
 * ### Threading and cancellation
 * May be used from any coroutine; on a worker of the client's runtime the command goes out over that worker's connection
 * and the coroutine goes on right there. Cancelling takes nothing back that was sent: its reply is dropped when it comes.
 * ### Errors
 * [RedisException] the server refuses · [RedisConnectionException] the connection was lost before the reply ·
 * [RedisTimeoutException] · [RedisOverloadException] too many commands wait.
 */
public interface RedisExecutor<K : Any, V : Any> : RedisCommands<K, V> {
    /** Sends [request] and waits for its reply, read as [reply]. */
    public suspend fun <T> execute(
        request: CommandWriter,
        reply: Reply<T>,
    ): T
}

/** Collects commands that are sent together; see [pipeline] and [transaction]. */
public interface RedisBatch<K : Any, V : Any> : RedisCommands<K, V> {
    /** Adds [request]; the result is there when the batch has been run. */
    public fun <T> execute(
        request: CommandWriter,
        reply: Reply<T>,
    ): BatchResult<T>
}

/** Sends commands without coroutines: for Java. */
public interface RedisAsync<K : Any, V : Any> : RedisCommands<K, V> {
    /** Sends [request]; the stage completes on a worker of the client's runtime, which it must not block. */
    public fun <T> execute(
        request: CommandWriter,
        reply: Reply<T>,
    ): CompletionStage<T>
}

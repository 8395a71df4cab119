package dev.uring.redis

import dev.uring.redis.codec.Command
import dev.uring.redis.codec.CommandWriter
import dev.uring.redis.codec.Reply
import dev.uring.redis.commands.RedisBatchCommands
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.future.future
import java.util.concurrent.CompletionStage
import java.util.function.Function

/** What a block of `RedisAsyncClient.watch` reads with, and commits with; see [WatchScope]. */
public class RedisAsyncWatch<K : Any, V : Any> internal constructor(
    private val watched: WatchScope<K, V>,
    private val scope: CoroutineScope,
) : RedisAsync<K, V> {
    override val codec: RedisCodec<K, V> get() = watched.codec

    override fun command(command: Command): CommandWriter = watched.command(command)

    override fun <T> execute(
        request: CommandWriter,
        reply: Reply<T>,
    ): CompletionStage<T> = scope.future { watched.execute(request, reply) }

    /**
     * Executes the commands that [block] adds, if no watched key was changed; else the stage fails, with what the block of
     * the watch has to pass on, and that begins again. Once per run.
     */
    public fun <R> commit(block: Function<RedisBatchCommands<K, V>, R>): CompletionStage<R> =
        scope.future { watched.commit { block.apply(RedisBatchCommands.of(this)) } }
}

package dev.uring.redis.sharded

import dev.uring.UringRuntime
import dev.uring.redis.RedisAsyncCalls
import dev.uring.redis.RedisAsyncClient
import dev.uring.redis.RedisCodec
import dev.uring.redis.RedisExecutor
import dev.uring.redis.cache.CacheConfig
import dev.uring.redis.cache.CacheSnapshot
import dev.uring.redis.commands.RedisBatchCommands
import java.util.concurrent.CompletionStage
import java.util.function.Function

/**
 * A client of several servers that share the keys, for Java: see [RedisSharded], of which this is the other face.
 *
 * ### Ownership
 * Owns its connections; [close] it, or leave that to the end of the runtime.
 * ### Threading and cancellation
 * For any thread; commands take the workers by turns. Stages complete on a worker, which must not be blocked.
 * ### Errors
 * As [RedisSharded], in the stage.
 */
public class RedisAsyncSharded<K : Any, V : Any> internal constructor(
    runtime: UringRuntime,
    private val sharded: RedisSharded<K, V>,
) : RedisAsyncCalls<K, V>(runtime) {
    override val kotlin: RedisExecutor<K, V> get() = sharded

    override val kotlinText: RedisExecutor<String, String> get() = sharded.withCodec(RedisCodec.UTF8)

    /** Sends the commands that [block] adds in one piece to each server; see [RedisSharded.pipeline]. */
    public fun <R> pipeline(block: Function<RedisBatchCommands<K, V>, R>): CompletionStage<R> =
        stage { sharded.pipeline { block.apply(RedisBatchCommands.of(this)) } }

    /** Executes the commands that [block] adds as one, at one server; see [RedisSharded.transaction]. */
    public fun <R> transaction(block: Function<RedisBatchCommands<K, V>, R>): CompletionStage<R> =
        stage { sharded.transaction { block.apply(RedisBatchCommands.of(this)) } }

    /** The client of the server that [key] belongs to. */
    public fun serverOf(key: K): RedisAsyncClient<K, V> = RedisAsyncClient(sharded.serverOf(key).core, codec)

    /** A client of each server, by its name. */
    public fun servers(): Map<String, RedisAsyncClient<K, V>> =
        sharded.servers.mapValues { RedisAsyncClient(it.value.core, codec) }

    /** A client of the same servers that keeps what it reads; see [RedisSharded.cached]. The caller closes it. */
    @JvmOverloads
    public fun cached(cache: CacheConfig = CacheConfig()): RedisAsyncSharded<K, V> =
        RedisAsyncSharded(runtime, sharded.cached(cache))

    /** What the caches of [cached] have counted so far; zeros without one. */
    public fun cacheSnapshot(): CacheSnapshot = sharded.cacheSnapshot()

    /** The same connections, with other types for keys and values. */
    public fun <L : Any, W : Any> withCodec(codec: RedisCodec<L, W>): RedisAsyncSharded<L, W> =
        RedisAsyncSharded(runtime, sharded.withCodec(codec))

    /** As [RedisSharded.close]. */
    override fun close(): Unit = sharded.close()

    /** Makes clients. */
    public companion object {
        /** A client of the servers that [config] names; connects when it is first used. */
        @JvmStatic
        public fun create(
            runtime: UringRuntime,
            config: ShardedConfig,
        ): RedisAsyncSharded<String, String> =
            RedisAsyncSharded(runtime, RedisSharded(runtime, config, RedisCodec.UTF8))
    }
}

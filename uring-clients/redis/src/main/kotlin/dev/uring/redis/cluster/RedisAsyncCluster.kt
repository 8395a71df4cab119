package dev.uring.redis.cluster

import dev.uring.UringRuntime
import dev.uring.dns.Resolver
import dev.uring.dsl.dispatcher
import dev.uring.redis.RedisAsyncCalls
import dev.uring.redis.RedisAsyncClient
import dev.uring.redis.RedisClient
import dev.uring.redis.RedisCodec
import dev.uring.redis.RedisExecutor
import dev.uring.redis.cache.CacheConfig
import dev.uring.redis.cache.CacheSnapshot
import dev.uring.redis.commands.RedisBatchCommands
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.future.future
import java.util.concurrent.CompletionStage
import java.util.function.Function

/**
 * A client of a Redis cluster, for Java: each command gives a `CompletionStage`.
 *
 * ### Shapes and units
 * As [RedisCluster].
 * ### Ownership
 * Owns its connections; [close] it, or leave that to the end of the runtime.
 * ### Threading and cancellation
 * For any thread; commands take the workers by turns. Stages complete on a worker, which must not be blocked: go on elsewhere
 * with the `…Async` methods, or wait with [dev.uring.redis.RedisBlocking].
 * ### Errors
 * As [RedisCluster], in the stage.
 */
public class RedisAsyncCluster<K : Any, V : Any> internal constructor(
    runtime: UringRuntime,
    private val cluster: RedisCluster<K, V>,
) : RedisAsyncCalls<K, V>(runtime) {
    override val kotlin: RedisExecutor<K, V> get() = cluster

    override val kotlinText: RedisExecutor<String, String> get() = cluster.withCodec(RedisCodec.UTF8)

    /** Sends the commands that [block] adds in one piece to each node; see [RedisCluster.pipeline]. */
    public fun <R> pipeline(block: Function<RedisBatchCommands<K, V>, R>): CompletionStage<R> =
        stage { cluster.pipeline { block.apply(RedisBatchCommands.of(this)) } }

    /** Executes the commands that [block] adds as one, in one slot; see [RedisCluster.transaction]. */
    public fun <R> transaction(block: Function<RedisBatchCommands<K, V>, R>): CompletionStage<R> =
        stage { cluster.transaction { block.apply(RedisBatchCommands.of(this)) } }

    /** A client for each master that has slots, by address. */
    public fun masters(): CompletionStage<Map<String, RedisAsyncClient<K, V>>> = stage { faces(cluster.masters()) }

    /** A client for each node, masters and replicas, by address. */
    public fun nodes(): CompletionStage<Map<String, RedisAsyncClient<K, V>>> = stage { faces(cluster.nodes()) }

    /** A client of the same cluster that keeps what it reads; see [RedisCluster.cached]. The caller closes it. */
    @JvmOverloads
    public fun cached(cache: CacheConfig = CacheConfig()): CompletionStage<RedisAsyncCluster<K, V>> =
        stage { RedisAsyncCluster(runtime, cluster.cached(cache)) }

    /** What the caches of [cached] have counted so far; zeros without one. */
    public fun cacheSnapshot(): CacheSnapshot = cluster.cacheSnapshot()

    /** The same connections, with other types for keys and values. */
    public fun <L : Any, W : Any> withCodec(codec: RedisCodec<L, W>): RedisAsyncCluster<L, W> =
        RedisAsyncCluster(runtime, cluster.withCodec(codec))

    /** As [RedisClient.close], for each node. */
    override fun close(): Unit = cluster.close()

    private fun faces(clients: Map<String, RedisClient>) = clients.mapValues { RedisAsyncClient(it.value.core, codec) }

    /** Makes clients. */
    public companion object {
        /** A client of the cluster that [config] leads to; the stage fails when no seed answers as a node of one. */
        @JvmStatic
        public fun create(
            runtime: UringRuntime,
            config: ClusterConfig,
        ): CompletionStage<RedisAsyncCluster<String, String>> =
            CoroutineScope(runtime.worker(0).dispatcher).future {
                RedisAsyncCluster(runtime, RedisCluster.connect(runtime, config, Resolver.of(runtime)))
            }
    }
}

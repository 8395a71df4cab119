package dev.uring.redis.cluster

import dev.uring.UringRuntime
import dev.uring.dns.Resolver
import dev.uring.dsl.dispatcher
import dev.uring.redis.RedisAsync
import dev.uring.redis.RedisClient
import dev.uring.redis.RedisCodec
import dev.uring.redis.codec.Command
import dev.uring.redis.codec.CommandWriter
import dev.uring.redis.codec.Reply
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.SupervisorJob
import kotlinx.coroutines.future.future
import java.util.concurrent.CompletionStage
import java.util.concurrent.atomic.AtomicInteger

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
    private val runtime: UringRuntime,
    private val cluster: RedisCluster<K, V>,
) : RedisAsync<K, V>,
    AutoCloseable {
    private val scope = CoroutineScope(SupervisorJob())
    private val placedCount = AtomicInteger()

    override val codec: RedisCodec<K, V> get() = cluster.codec

    override fun command(command: Command): CommandWriter = cluster.command(command)

    override fun <T> execute(
        request: CommandWriter,
        reply: Reply<T>,
    ): CompletionStage<T> {
        val turn = Math.floorMod(placedCount.getAndIncrement(), runtime.workersCount())
        return scope.future(runtime.worker(turn).dispatcher) { cluster.execute(request, reply) }
    }

    /** The same connections, with other types for keys and values. */
    public fun <L : Any, W : Any> withCodec(codec: RedisCodec<L, W>): RedisAsyncCluster<L, W> =
        RedisAsyncCluster(runtime, cluster.withCodec(codec))

    /** As [RedisClient.close], for each node. */
    override fun close(): Unit = cluster.close()

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

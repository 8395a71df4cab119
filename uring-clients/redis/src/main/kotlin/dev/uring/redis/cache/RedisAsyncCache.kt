package dev.uring.redis.cache

import dev.uring.UringRuntime
import dev.uring.redis.RedisAsyncCalls
import dev.uring.redis.RedisAsyncClient
import dev.uring.redis.RedisCodec
import dev.uring.redis.RedisExecutor

/**
 * A client that keeps the replies to what it reads, for Java: see [RedisCache], of which this is the other face, and
 * [RedisAsyncClient.cached].
 *
 * ### Ownership
 * Has connections of its own. [close] it, or leave that to the end of the runtime.
 * ### Threading and cancellation
 * For any thread. Stages complete on a worker, also those of what was found there.
 */
public class RedisAsyncCache<K : Any, V : Any> internal constructor(
    runtime: UringRuntime,
    private val cache: RedisCache<K, V>,
) : RedisAsyncCalls<K, V>(runtime) {
    override val kotlin: RedisExecutor<K, V> get() = cache

    override val kotlinText: RedisExecutor<String, String> get() = cache.withCodec(RedisCodec.UTF8)

    /** The same connections and the same cache, with other types for keys and values. */
    public fun <L : Any, W : Any> withCodec(codec: RedisCodec<L, W>): RedisAsyncCache<L, W> =
        RedisAsyncCache(runtime, cache.withCodec(codec))

    /** What the caches have counted so far. */
    public fun snapshot(): CacheSnapshot = cache.snapshot()

    /** As [RedisAsyncClient.close]. */
    override fun close(): Unit = cache.close()
}

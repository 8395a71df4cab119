package dev.uring.redis.cache

import dev.uring.dsl.dispatcher
import dev.uring.redis.ClientCore
import dev.uring.redis.RedisClient
import dev.uring.redis.RedisCodec
import dev.uring.redis.RedisExecutor
import dev.uring.redis.RedisSide
import dev.uring.redis.await
import dev.uring.redis.codec.Command
import dev.uring.redis.codec.CommandWriter
import dev.uring.redis.codec.Reply
import kotlinx.coroutines.withContext

/**
 * A client that keeps the replies to what it reads, until the server says that a key has changed.
 *
 * ### Shapes and units
 * Reads whose replies depend on their keys alone are kept, as they came on the wire: GET, HGETALL, ZRANGE and their kind.
 * Everything else passes. Each worker has its own connection and its own cache. Bounds: see [CacheConfig].
 * ### Ownership
 * Has connections of its own. [close] it, or leave that to the end of the runtime.
 * ### Threading and cancellation
 * For any coroutine. A read that is found on the worker does not suspend. From other threads the first key decides which
 * worker is asked, so that a key is kept once.
 * ### Errors
 * As [RedisExecutor]. [dev.uring.redis.RedisException] when the server knows no RESP3 (before Redis 6).
 *
 * What is read is never older than the last change that this worker was told of: a change tells, and a lost connection or a
 * wait for one forgets, everything. What is written here is read here at once; what others write arrives as soon as the
 * server's message does. A server that dies in silence is noticed after at most twice
 * [pingInterval][dev.uring.redis.RedisConfig.pingInterval].
 *
 * ### Source
 * Redis documentation, "Client-side caching in Redis".
 *
 * @sample samples.redis.cachedProfile
 */
public class RedisCache<K : Any, V : Any> internal constructor(
    internal val core: ClientCore,
    override val codec: RedisCodec<K, V>,
) : RedisExecutor<K, V>,
    AutoCloseable {
    override fun command(command: Command): CommandWriter = core.command(command)

    override suspend fun <T> execute(
        request: CommandWriter,
        reply: Reply<T>,
    ): T {
        val side = core.here() ?: return withContext(sideFor(request).worker.dispatcher) { execute(request, reply) }
        val cache = checkNotNull(side.cache)
        when (CacheUse.of(request)) {
            CacheUse.KEEP -> return read(side, cache, request, reply)
            CacheUse.FORGET_KEYS -> cache.forgetKeys(request)
            CacheUse.FORGET_ALL -> cache.flush()
            CacheUse.PASS -> Unit
        }
        return core.await(null, request, reply)
    }

    private suspend fun <T> read(
        side: RedisSide,
        cache: WorkerCache,
        request: CommandWriter,
        reply: Reply<T>,
    ): T {
        // Without a connection nobody would tell of a change.
        if (!side.shared.isReady) {
            cache.counters.misses++
            return core.await(null, request, reply)
        }
        request.finish()
        val found = cache.find(request)
        if (found != null) {
            side.giveBack(request)
            return cache.read(found, reply)
        }
        val place = cache.begin(request) ?: return core.await(null, request, reply)
        return fetch(cache, place, request, reply)
    }

    // By itself, so that what is found costs no state machine.
    private suspend fun <T> fetch(
        cache: WorkerCache,
        place: CachedReply,
        request: CommandWriter,
        reply: Reply<T>,
    ): T =
        try {
            core.await(null, request, cache.keeping(place, reply))
        } finally {
            cache.giveUp(place)
        }

    private fun sideFor(request: CommandWriter): RedisSide =
        if (request.keysCount() == 0) core.place() else core.sideOf(request.keyAt(0).contentHashCode())

    /** The same connections and the same cache, with other types for keys and values. */
    public fun <L : Any, W : Any> withCodec(codec: RedisCodec<L, W>): RedisCache<L, W> = RedisCache(core, codec)

    /** What the caches have counted so far. Any thread. */
    public fun snapshot(): CacheSnapshot = core.cacheCounters().sum()

    /** As [RedisClient.close]. */
    override fun close(): Unit = core.close()

    override fun toString(): String = "RedisCache(${core.config.place})"
}

/**
 * A client of the same server that keeps what it reads; see [RedisCache].
 *
 * ### Ownership
 * The caller closes it; this client stays as it is.
 *
 * @sample samples.redis.cachedProfile
 */
public fun RedisClient.cached(cache: CacheConfig = CacheConfig()): RedisCache<String, String> =
    RedisCache(core.cached(cache), RedisCodec.UTF8)

internal fun List<CacheCounters>.sum(): CacheSnapshot =
    CacheSnapshot(
        hits = sumOf { it.hits },
        misses = sumOf { it.misses },
        invalidations = sumOf { it.invalidations },
        evictions = sumOf { it.evictions },
        flushes = sumOf { it.flushes },
        entries = sumOf { it.entries },
        bytes = sumOf { it.bytes },
    )

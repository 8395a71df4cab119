package dev.uring.redis.sharded

import dev.uring.UringRuntime
import dev.uring.client.routing.WeightedNode
import dev.uring.dns.Resolver
import dev.uring.redis.ClientCore
import dev.uring.redis.ConnectionUse
import dev.uring.redis.RedisClient
import dev.uring.redis.RedisCodec
import dev.uring.redis.RedisExecutor
import dev.uring.redis.cache.CacheConfig
import dev.uring.redis.cache.CacheCounters
import dev.uring.redis.cache.RedisCache
import dev.uring.redis.codec.CommandWriter

/** The servers of a [RedisSharded], and which key is whose. Thread: any. */
internal class Shards(
    private val runtime: UringRuntime,
    val config: ShardedConfig,
    private val resolver: Resolver,
    cache: CacheConfig? = null,
) : AutoCloseable {
    private val places = config.distribution.over(config.servers as List<WeightedNode>)

    /** In the order of the configuration. */
    val clients: List<RedisClient> = config.servers.map { RedisClient(core(it, null)) }

    private val caches: List<RedisCache<String, String>> =
        if (cache == null) emptyList() else config.servers.map { RedisCache(core(it, cache), RedisCodec.UTF8) }

    /** Who answers for each server: its client, or a cache in front of it. */
    val executors: List<RedisExecutor<String, String>> = caches.ifEmpty { clients }

    fun cached(cache: CacheConfig) = Shards(runtime, config, resolver, cache)

    fun cacheCounters(): List<CacheCounters> = caches.flatMap { it.core.cacheCounters() }

    /** The index of the server that [key] belongs to. */
    fun indexOf(key: ByteArray): Int = places.applyAsInt(config.hash.of(if (config.hashTags) tagOf(key) else key))

    /** The server of all keys of [request]; [SEVERAL], or [NONE] when it has no key. */
    fun indexOf(request: CommandWriter): Int {
        if (request.keysCount() == 0) return NONE
        val first = indexOf(request.keyAt(0))
        for (i in 1..<request.keysCount()) if (indexOf(request.keyAt(i)) != first) return SEVERAL
        return first
    }

    override fun close() {
        clients.forEach { it.close() }
        caches.forEach { it.close() }
    }

    // Fails at once while it is gone: who asks many servers for many keys shall not wait for the one that is not there.
    private fun core(
        shard: RedisShard,
        cache: CacheConfig?,
    ) = ClientCore(
        runtime,
        shard.config,
        resolver,
        ConnectionUse(isOneOfMany = true, cache = cache, serverName = shard.toString()),
    )

    companion object {
        const val NONE = -1
        const val SEVERAL = -2

        /** What decides: the first part in braces, unless it is empty. */
        fun tagOf(key: ByteArray): ByteArray {
            val open = key.indexOf('{'.code.toByte())
            if (open < 0) return key
            var close = open + 1
            while (close < key.size && key[close] != '}'.code.toByte()) close++
            return if (close == key.size || close == open + 1) key else key.copyOfRange(open + 1, close)
        }
    }
}

package dev.uring.redis.cluster

import dev.uring.UringRuntime
import dev.uring.dns.Resolver
import dev.uring.dsl.dispatcher
import dev.uring.redis.ClientCore
import dev.uring.redis.ConnectionUse
import dev.uring.redis.ReadFrom
import dev.uring.redis.RedisClient
import dev.uring.redis.RedisCodec
import dev.uring.redis.RedisConfig
import dev.uring.redis.RedisExecutor
import dev.uring.redis.RedisFailure
import dev.uring.redis.cache.CacheConfig
import dev.uring.redis.cache.CacheCounters
import dev.uring.redis.cache.RedisCache
import dev.uring.redis.commands.clusterSlots
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.SupervisorJob
import kotlinx.coroutines.cancel
import kotlinx.coroutines.launch
import kotlinx.coroutines.sync.Mutex
import kotlinx.coroutines.sync.withLock
import kotlinx.coroutines.withTimeoutOrNull
import java.util.concurrent.ConcurrentHashMap
import java.util.concurrent.atomic.AtomicLong
import java.util.concurrent.atomic.AtomicReference

/** What a cluster's client knows of its nodes, and a client for each of them. Thread: any. */
internal class ClusterTopology(
    private val runtime: UringRuntime,
    private val config: ClusterConfig,
    private val resolver: Resolver,
    private val cache: CacheConfig? = null,
) : AutoCloseable {
    private val map = AtomicReference(SlotMap.EMPTY)
    private val clients = ConcurrentHashMap<String, RedisClient>()
    private val caches = ConcurrentHashMap<String, RedisCache<String, String>>()
    private val replicas = ConcurrentHashMap<String, RedisClient>()
    private val refreshing = Mutex()
    private val scheme =
        if (config.node.address.startsWith(RedisConfig.TLS_SCHEME)) RedisConfig.TLS_SCHEME else ""

    private val scope = CoroutineScope(runtime.worker(0).dispatcher + SupervisorJob())
    private val intervalNanos = config.refreshInterval.run { if (isFinite()) inWholeNanoseconds else Long.MAX_VALUE }
    private val lookedAt = AtomicLong(System.nanoTime())

    @Volatile
    private var isClosed = false

    val slots: SlotMap get() = map.get()

    /** The client of the node at [address], which connects when it is first used. */
    fun client(address: String): RedisClient =
        clients.of(address) { RedisClient(core(it, ConnectionUse(isOneOfMany = true))) }

    /** Who answers commands for the slots of the master at [address]: its client, or a cache in front of it. */
    fun executor(address: String): RedisExecutor<String, String> {
        if (cache == null) return client(address)
        val use = ConnectionUse(isOneOfMany = true, cache = cache)
        return caches.of(address) { RedisCache(core(it, use), RedisCodec.UTF8) }
    }

    /** The client of the node at [address] that answers reads of its master's slots. */
    fun replica(address: String): RedisClient =
        replicas.of(address) { RedisClient(core(it, ConnectionUse(isOneOfMany = true, readsAsReplica = true))) }

    /** As [ClusterTopology], with connections of its own that keep what they read. */
    fun cached(cache: CacheConfig) = ClusterTopology(runtime, config, resolver, cache)

    fun cacheCounters(): List<CacheCounters> = caches.values.flatMap { it.core.cacheCounters() }

    /** Takes over what a node said of one slot. */
    fun moved(
        slot: Int,
        address: String,
    ) {
        val before = map.getAndUpdate { it.moved(slot, address) }
        forgetIfMoved(before)
    }

    /**
     * Asks nodes for the slots, one after the other until one answers: [first], those known, the seeds. Returns at once
     * when somebody else has asked since the caller got [seen]. That none answers is no failure: the map stays.
     */
    suspend fun refresh(
        seen: SlotMap,
        first: String? = null,
    ) {
        refreshing.withLock {
            if (slots !== seen || isClosed) return
            // Shuffled: two nodes may disagree for a while, and the one that is wrong must not be asked for ever.
            val candidates = listOfNotNull(first) + slots.nodes.shuffled() + config.seeds
            for (address in candidates.distinct()) {
                val ranges =
                    try {
                        withTimeoutOrNull(config.refreshTimeout) { client(address).clusterSlots() }
                    } catch (_: RedisFailure) {
                        null // a node that is gone, or does not know its cluster yet
                    }
                if (!ranges.isNullOrEmpty()) {
                    install(SlotMap.of(ranges, address.substringBeforeLast(':')))
                    return
                }
            }
        }
    }

    /** Begins to ask anew when that was long ago, for all who use the map. */
    fun refreshIfOld() {
        val before = lookedAt.get()
        val now = System.nanoTime()
        if (now - before < intervalNanos || !lookedAt.compareAndSet(before, now)) return
        scope.launch {
            try {
                refresh(slots)
            } catch (late: IllegalStateException) {
                if (!isClosed) throw late
            }
        }
    }

    private fun install(fresh: SlotMap) {
        forgetIfMoved(map.getAndSet(fresh))
        // What is in flight at others is still answered; what comes later gets a new client, should the node come back.
        clients.keepOnly(fresh.nodes + config.seeds)
        caches.keepOnly(fresh.nodes)
        replicas.keepOnly(fresh.nodes)
    }

    // A node says nothing of keys that it never had, and they may be somewhere by now.
    private fun forgetIfMoved(before: SlotMap) {
        if (cache != null && slots.hasMovedSince(before)) caches.values.forEach { it.core.flushCaches() }
    }

    private fun core(
        address: String,
        use: ConnectionUse,
    ) = ClientCore(runtime, config.node.copy(address = scheme + address, readFrom = ReadFrom.MASTER), resolver, use)

    private fun <C : Any> ConcurrentHashMap<String, C>.of(
        address: String,
        make: (String) -> C,
    ): C {
        check(!isClosed) { "the cluster's client is closed" }
        return computeIfAbsent(address, make)
    }

    private fun <C : AutoCloseable> ConcurrentHashMap<String, C>.keepOnly(addresses: Set<String>) {
        for ((address, client) in this) {
            if (address !in addresses && remove(address, client)) client.close()
        }
    }

    override fun close() {
        isClosed = true
        scope.cancel()
        for (kind in listOf(clients, caches, replicas)) kind.values.forEach(AutoCloseable::close)
    }
}

package dev.uring.redis.cluster

import dev.uring.UringRuntime
import dev.uring.redis.RedisClient
import dev.uring.redis.RedisFailure
import dev.uring.redis.commands.clusterSlots
import kotlinx.coroutines.sync.Mutex
import kotlinx.coroutines.sync.withLock
import kotlinx.coroutines.withTimeoutOrNull
import java.util.concurrent.ConcurrentHashMap
import java.util.concurrent.atomic.AtomicReference

/** What a cluster's client knows of its nodes, and a client for each of them. Thread: any. */
internal class ClusterTopology(
    private val runtime: UringRuntime,
    private val config: ClusterConfig,
) : AutoCloseable {
    private val map = AtomicReference(SlotMap.EMPTY)
    private val clients = ConcurrentHashMap<String, RedisClient>()
    private val refreshing = Mutex()

    @Volatile
    private var isClosed = false

    val slots: SlotMap get() = map.get()

    /** The client of the node at [address], which connects when it is first used. */
    fun client(address: String): RedisClient {
        check(!isClosed) { "the cluster's client is closed" }
        return clients.computeIfAbsent(address) { RedisClient(runtime, config.node.copy(address = it)) }
    }

    /** Takes over what a node said of one slot. */
    fun moved(
        slot: Int,
        address: String,
    ) {
        map.updateAndGet { it.moved(slot, address) }
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
            if (slots !== seen) return
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

    private fun install(fresh: SlotMap) {
        map.set(fresh)
        for ((address, client) in clients) {
            if (address in fresh.nodes || address in config.seeds) continue
            // What is in flight there is still answered; what comes later gets a new client, should the node come back.
            if (clients.remove(address, client)) client.close()
        }
    }

    override fun close() {
        isClosed = true
        clients.values.forEach(RedisClient::close)
    }
}

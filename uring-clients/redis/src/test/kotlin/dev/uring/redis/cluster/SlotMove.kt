package dev.uring.redis.cluster

import dev.uring.redis.commands.WireClient
import dev.uring.redis.routing.HashSlot

/** Moves the slot of a tag from its master to another one, step by step, as `redis-cli --cluster reshard` does. */
internal class SlotMove(
    private val real: RealCluster,
    tag: String,
    val from: Int = real.masterOf(HashSlot.of(tag.toByteArray()), 0),
    val to: Int = (from + 1) % RealCluster.MASTERS,
) : AutoCloseable {
    val slot: Int = HashSlot.of(tag.toByteArray())
    private val old = WireClient(real.nodes[from].url)

    fun begin() {
        real.ask(to, "CLUSTER", "SETSLOT", "$slot", "IMPORTING", real.ids[from])
        real.ask(from, "CLUSTER", "SETSLOT", "$slot", "MIGRATING", real.ids[to])
    }

    fun take(key: String) {
        // Replacing: after a failover the old side may have again what the new one has already.
        old.ask("MIGRATE", "127.0.0.1", "${real.ports[to]}", key, "0", "5000", "REPLACE")
    }

    /** Takes what is left, and gives the slot to its new master. */
    fun end() {
        while (true) {
            val left = old.ask("CLUSTER", "GETKEYSINSLOT", "$slot", "100") as List<*>
            if (left.isEmpty()) break
            left.forEach { take(it as String) }
        }
        for (node in listOf(to, from) + real.nodes.indices) {
            // One that is dead cannot be told, and a replica has it from its master.
            runCatching { real.ask(node, "CLUSTER", "SETSLOT", "$slot", "NODE", real.ids[to]) }
        }
    }

    override fun close() = old.close()
}

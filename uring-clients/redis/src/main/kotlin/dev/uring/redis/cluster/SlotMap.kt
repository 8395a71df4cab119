package dev.uring.redis.cluster

import dev.uring.redis.commands.ClusterSlots
import dev.uring.redis.hostAndPort
import dev.uring.redis.routing.HashSlot

/** Which nodes have which slot, as one node said at some moment. Immutable. */
internal class SlotMap private constructor(
    private val owners: Array<Owners?>,
    /** The masters that have slots, in no particular order. */
    val masters: List<String>,
    /** Masters and replicas. */
    val nodes: Set<String>,
) {
    /** The master of some slots, and those that copy from it. */
    class Owners(
        val primary: String,
        val replicas: List<String>,
    )

    /** The master of [slot], as `host:port`; null when nobody has it. */
    fun primaryOf(slot: Int): String? = owners[slot]?.primary

    /** The replicas of the master of [slot]. */
    fun replicasOf(slot: Int): List<String> = owners[slot]?.replicas.orEmpty()

    /** The same, but for one slot that has moved. */
    fun moved(
        slot: Int,
        address: String,
    ): SlotMap {
        if (primaryOf(slot) == address) return this
        val changed = owners.copyOf()
        changed[slot] = owners.find { it?.primary == address } ?: Owners(address, emptyList())
        return SlotMap(changed, (masters + address).distinct(), nodes + address)
    }

    /** Whether a slot has another master than in [other], so that what was read of it may be another's by now. */
    fun hasMovedSince(other: SlotMap): Boolean =
        owners.indices.any { other.owners[it] != null && primaryOf(it) != other.primaryOf(it) }

    companion object {
        val EMPTY = SlotMap(arrayOfNulls(HashSlot.COUNT), emptyList(), emptySet())

        /** What [ranges] say; a node that does not know its own host is reached as [askedHost], for it was the one asked. */
        fun of(
            ranges: List<ClusterSlots>,
            askedHost: String,
        ): SlotMap {
            val owners = arrayOfNulls<Owners>(HashSlot.COUNT)
            val masters = LinkedHashSet<String>()
            val nodes = LinkedHashSet<String>()
            for (range in ranges) {
                val addresses = range.nodes.map { hostAndPort(it.host.orEmpty().ifEmpty { askedHost }, "${it.port}") }
                val master = addresses.firstOrNull() ?: continue
                masters += master
                nodes += addresses
                val both = Owners(master, addresses.drop(1))
                for (slot in range.slots) owners[slot.toInt()] = both
            }
            return SlotMap(owners, masters.toList(), nodes)
        }
    }
}

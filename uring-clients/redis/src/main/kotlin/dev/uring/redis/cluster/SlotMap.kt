package dev.uring.redis.cluster

import dev.uring.redis.commands.ClusterSlots
import dev.uring.redis.routing.HashSlot

/** Which node has which slot, as one node said at some moment. Immutable. */
internal class SlotMap private constructor(
    private val primaries: Array<String?>,
    /** The masters that have slots, in no particular order. */
    val masters: List<String>,
    /** Masters and replicas. */
    val nodes: Set<String>,
) {
    /** The master of [slot], as `host:port`; null when nobody has it. */
    fun primaryOf(slot: Int): String? = primaries[slot]

    /** The same, but for one slot that has moved. */
    fun moved(
        slot: Int,
        address: String,
    ): SlotMap {
        if (primaries[slot] == address) return this
        val changed = primaries.copyOf()
        changed[slot] = address
        return SlotMap(changed, (masters + address).distinct(), nodes + address)
    }

    companion object {
        val EMPTY = SlotMap(arrayOfNulls(HashSlot.COUNT), emptyList(), emptySet())

        /** What [ranges] say; a node that does not know its own host is reached as [askedHost], for it was the one asked. */
        fun of(
            ranges: List<ClusterSlots>,
            askedHost: String,
        ): SlotMap {
            val primaries = arrayOfNulls<String>(HashSlot.COUNT)
            val masters = LinkedHashSet<String>()
            val nodes = LinkedHashSet<String>()
            for (range in ranges) {
                val addresses = range.nodes.map { "${it.host.orEmpty().ifEmpty { askedHost }}:${it.port}" }
                val master = addresses.firstOrNull() ?: continue
                masters += master
                nodes += addresses
                for (slot in range.slots) primaries[slot.toInt()] = master
            }
            return SlotMap(primaries, masters.toList(), nodes)
        }
    }
}

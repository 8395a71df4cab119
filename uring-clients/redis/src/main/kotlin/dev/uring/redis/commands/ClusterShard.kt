package dev.uring.redis.commands

import dev.uring.redis.codec.CommandWriter
import dev.uring.redis.codec.Reply
import dev.uring.redis.codec.ReplyReader

/** A master with its replicas, and the slots that they have. */
public data class ClusterShard(
    public val slots: List<LongRange>,
    public val nodes: List<Node>,
) {
    /**
     * A node of a shard.
     *
     * @property endpoint where clients reach it, as the node prefers to be called; null when it does not know
     * @property port for plain connections; null when it takes none
     * @property tlsPort for encrypted ones; null when it takes none
     * @property isMaster else a replica
     * @property health `online`, `failed` or `loading`
     */
    public data class Node(
        public val id: String,
        public val endpoint: String?,
        public val port: Long?,
        public val tlsPort: Long?,
        public val isMaster: Boolean,
        public val replicationOffset: Long,
        public val health: String,
    )

    internal companion object {
        val reply: Reply<ClusterShard> =
            Reply { r ->
                var shard = ClusterShard(emptyList(), emptyList())
                r.eachField { name ->
                    when (name) {
                        "slots" -> shard = shard.copy(slots = readSlots(r))
                        "nodes" -> shard = shard.copy(nodes = List(r.readArrayHeader()) { readNode(r) })
                        else -> r.skip()
                    }
                }
                shard
            }

        private fun readSlots(r: ReplyReader): List<LongRange> =
            List(r.readArrayHeader() / 2) { r.readLong()..r.readLong() }

        private fun readNode(r: ReplyReader): Node {
            var node = Node("", null, null, null, false, 0, "")
            r.eachField { name ->
                when (name) {
                    "id" -> node = node.copy(id = r.readString())
                    "endpoint" -> node = node.copy(endpoint = Reply.STRING_OR_NULL.read(r))
                    "port" -> node = node.copy(port = r.readLong())
                    "tls-port" -> node = node.copy(tlsPort = r.readLong())
                    "role" -> node = node.copy(isMaster = r.readString() == "master")
                    "replication-offset" -> node = node.copy(replicationOffset = r.readLong())
                    "health" -> node = node.copy(health = r.readString())
                    else -> r.skip()
                }
            }
            return node
        }
    }
}

/** A range of slots and the nodes that have it, the master first. */
public data class ClusterSlots(
    public val slots: LongRange,
    public val nodes: List<Node>,
) {
    /**
     * A node that has the slots.
     *
     * @property host where clients reach it; null for the one that was asked, which then does not know its address
     */
    public data class Node(
        public val host: String?,
        public val port: Long,
        public val id: String,
    )

    internal companion object {
        val reply: Reply<ClusterSlots> =
            Reply { r ->
                val count = r.readArrayHeader()
                ClusterSlots(r.readLong()..r.readLong(), List(count - 2) { readNode(r) })
            }

        private fun readNode(r: ReplyReader): Node {
            val count = r.readArrayHeader()
            val node = Node(Reply.STRING_OR_NULL.read(r), r.readLong(), if (count > 2) r.readString() else "")
            repeat(count - 3) { r.skip() } // host names and what else later versions add
            return node
        }
    }
}

/** Whom a slot belongs to, or to whom it is on its way. */
public sealed interface SlotState {
    /** This node takes it over from node [from]. */
    public data class Importing(
        public val from: String,
    ) : SlotState

    /** This node hands it over to node [to]. */
    public data class Migrating(
        public val to: String,
    ) : SlotState

    /** It belongs to node [owner]. */
    public data class Owned(
        public val owner: String,
    ) : SlotState

    /** It is not on its way any more. */
    public data object Stable : SlotState
}

internal fun SlotState.writeTo(request: CommandWriter) {
    when (this) {
        is SlotState.Importing -> request.arg("IMPORTING").arg(from)
        is SlotState.Migrating -> request.arg("MIGRATING").arg(to)
        is SlotState.Owned -> request.arg("NODE").arg(owner)
        SlotState.Stable -> request.arg("STABLE")
    }
}

/** How a slot is used, by the statistic's name. */
public data class SlotUse(
    public val slot: Long,
    public val statistics: Map<String, Long>,
) {
    internal companion object {
        private val byName = entries(Reply.STRING, Reply.LONG)

        val reply: Reply<SlotUse> =
            Reply { r ->
                r.readArrayHeader()
                SlotUse(r.readLong(), byName.read(r))
            }
    }
}

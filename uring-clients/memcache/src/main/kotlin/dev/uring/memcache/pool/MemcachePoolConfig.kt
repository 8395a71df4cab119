package dev.uring.memcache.pool

import dev.uring.base.ConfigException
import dev.uring.client.routing.Distribution
import dev.uring.client.routing.KeyHash
import dev.uring.memcache.MemcacheConfig
import dev.uring.memcache.routing.Node
import kotlin.time.Duration
import kotlin.time.Duration.Companion.seconds

/** A server of a pool: [node] is what all clients call it, [address] where it is. */
public data class PoolNode(
    val node: Node,
    val address: String = "${node.host}:${node.port}",
) {
    /** Reads addresses. */
    public companion object {
        /** `host`, `host:port` or `host:port:weight`. */
        @JvmStatic
        public fun parse(text: String): PoolNode = PoolNode(Node.parse(text))
    }
}

/** What becomes of the keys of a server that is out. */
public enum class Failover {
    /** Their commands fail at once: nobody reads an old value when the server is back. */
    FAIL,

    /** They belong to the servers that are left, as if the one that is out had never been there. */
    NEXT_NODE,
}

/**
 * How keys are spread over servers, and what happens when one fails.
 *
 * @property nodes at least one, each name once; their order matters for [Distribution.MODULA] only
 * @property distribution what is done with a key's hash; the default is libmemcached's weighted ketama
 * @property hash of the keys; ketama wants [KeyHash.MD5], twemproxy takes [KeyHash.FNV1A_64] by itself
 * @property failover what becomes of the keys of a server that is out
 * @property failuresToEject failures in a row (no connection, no reply in time) until a server is out; 0: never. Default 3:
 * one lost connection is no dead server. A server that refuses connections fails commands at once: unlike those of a single
 * client, they do not wait for it to come back.
 * @property ejectFor how long a server stays out; then one failure more suffices. Default 30 s, as twemproxy.
 * @property each what holds for every server, its limits (`maxInFlight`, `maxWaiting`) for each one and worker; its address
 * does not count
 */
public data class MemcachePoolConfig(
    val nodes: List<PoolNode>,
    val distribution: Distribution = Distribution.KETAMA,
    val hash: KeyHash = KeyHash.MD5,
    val failover: Failover = Failover.FAIL,
    val failuresToEject: Int = 3,
    val ejectFor: Duration = 30.seconds,
    val each: MemcacheConfig = MemcacheConfig(),
) {
    init {
        if (nodes.isEmpty() || nodes.distinctBy { it.node.identity() }.size < nodes.size) {
            throw ConfigException("nodes", "nodes=$nodes: a pool needs at least one server, and each one once")
        }
        if (failuresToEject <
            0
        ) {
            throw ConfigException("failuresToEject", "failuresToEject=$failuresToEject must not be negative")
        }
        if (!ejectFor.isPositive()) throw ConfigException("ejectFor", "ejectFor=$ejectFor must be positive")
    }
}

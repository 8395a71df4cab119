package dev.uring.redis.cluster

import dev.uring.base.ConfigException
import dev.uring.redis.RedisConfig
import kotlin.time.Duration
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds

/**
 * How a client finds its cluster, and how long it follows one that changes.
 *
 * @property seeds where some nodes are, each `host:port`; one that answers is enough
 * @property node how each node is connected to, and with [RedisConfig.readFrom] who answers reads. Of its address only
 * `tls://` is used. A node that hangs is given up when [RedisConfig.commandTimeout] is over, so this is also how long the
 * hanging of a master is felt
 * @property redirectsMax how often one command is sent elsewhere by MOVED and ASK. Default 5: two are usual while a slot
 * moves, and more is a cluster whose nodes do not agree
 * @property patience how long one command waits for a cluster that is down, changes masters or moves a slot. Default 30 s:
 * twice the default time after which a cluster notices that a master is gone
 * @property refreshTimeout for the answer of one node about the slots. Default 1 s: then another one is asked
 * @property refreshInterval how old what is known of the slots may get before a node is asked again as commands go on:
 * replicas that came and slots that moved are found without being sent there. Default 30 s; `Duration.INFINITE` asks only
 * when a node sends a command elsewhere
 */
public data class ClusterConfig(
    val seeds: List<String>,
    val node: RedisConfig = RedisConfig(),
    val redirectsMax: Int = 5,
    val patience: Duration = 30.seconds,
    val refreshTimeout: Duration = 1.seconds,
    val refreshInterval: Duration = 30.seconds,
) {
    init {
        if (seeds.isEmpty()) throw ConfigException("seeds", "seeds is empty: name at least one node as host:port")
        if (redirectsMax < 1) throw ConfigException("redirectsMax", "redirectsMax=$redirectsMax must be at least 1")
        if (!patience.isPositive()) throw ConfigException("patience", "patience=$patience must be positive")
        if (!refreshTimeout.isPositive()) {
            throw ConfigException("refreshTimeout", "refreshTimeout=$refreshTimeout must be positive")
        }
        if (!refreshInterval.isPositive()) {
            throw ConfigException("refreshInterval", "refreshInterval=$refreshInterval must be positive")
        }
        if (node.sentinel != null) {
            throw ConfigException("node", "node.sentinel=${node.sentinel}: a cluster watches its masters by itself")
        }
        if (node.database != 0) {
            throw ConfigException("node", "node.database=${node.database}: a cluster has only database 0")
        }
    }

    /** Reads configurations. */
    public companion object {
        // The first pause is about a round trip, the last one short against an election.
        internal val PAUSE_MIN = 5.milliseconds
        internal val PAUSE_MAX = 200.milliseconds

        /**
         * Reads where nodes are, each as for [RedisConfig.parse]. The first one says how all are connected to.
         *
         * ### Errors
         * `ConfigException` a form that has no host and port.
         */
        @JvmStatic
        public fun parse(urls: List<String>): ClusterConfig {
            val nodes = urls.map(RedisConfig::parse)
            return ClusterConfig(
                nodes.map { it.address.removePrefix(RedisConfig.TLS_SCHEME) },
                nodes.firstOrNull() ?: RedisConfig(),
            )
        }
    }
}

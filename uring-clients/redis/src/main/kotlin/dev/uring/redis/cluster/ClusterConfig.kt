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
 * @property node how each node is connected to; its address is not used. A command that waits for a node which is gone
 * fails over only when [RedisConfig.commandTimeout] is over, so this is also how long the loss of a master is felt
 * @property redirectsMax how often one command is sent elsewhere by MOVED and ASK. Default 5: two are usual while a slot
 * moves, and more is a cluster whose nodes do not agree
 * @property patience how long one command waits for a cluster that is down, changes masters or moves a slot. Default 30 s:
 * twice the default time after which a cluster notices that a master is gone
 * @property refreshTimeout for the answer of one node about the slots. Default 1 s: then another one is asked
 */
public data class ClusterConfig(
    val seeds: List<String>,
    val node: RedisConfig = RedisConfig(),
    val redirectsMax: Int = 5,
    val patience: Duration = 30.seconds,
    val refreshTimeout: Duration = 1.seconds,
) {
    init {
        if (seeds.isEmpty()) throw ConfigException("seeds", "seeds is empty: name at least one node as host:port")
        if (redirectsMax < 1) throw ConfigException("redirectsMax", "redirectsMax=$redirectsMax must be at least 1")
        if (!patience.isPositive()) throw ConfigException("patience", "patience=$patience must be positive")
        if (!refreshTimeout.isPositive()) {
            throw ConfigException("refreshTimeout", "refreshTimeout=$refreshTimeout must be positive")
        }
        if (node.database != 0) {
            throw ConfigException("node", "node.database=${node.database}: a cluster has only database 0")
        }
    }

    internal companion object {
        // The first pause is about a round trip, the last one short against an election.
        val PAUSE_MIN = 5.milliseconds
        val PAUSE_MAX = 200.milliseconds
    }
}

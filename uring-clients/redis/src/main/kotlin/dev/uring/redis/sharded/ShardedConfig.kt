package dev.uring.redis.sharded

import dev.uring.base.ConfigException
import dev.uring.client.routing.Distribution
import dev.uring.client.routing.KeyHash
import dev.uring.client.routing.WeightedNode
import dev.uring.redis.RedisConfig

/**
 * One of several servers that know nothing of each other.
 *
 * @property config how it is connected to
 * @property name what all clients call it, and errors too: clients with the same names send the same keys to the same servers,
 * wherever these are at the moment. Default its `host:port`, as ketama's clients have it
 * @property weight its share of the keys, beside those of the others. Default 1
 */
public data class RedisShard(
    val config: RedisConfig,
    val name: String = config.address.removePrefix("tls://"),
    val weight: Int = 1,
) : WeightedNode {
    /** The server at [url], see [RedisConfig.parse]. */
    public constructor(url: String, name: String, weight: Int = 1) : this(RedisConfig.parse(url), name, weight)

    init {
        if (weight < 1) {
            throw ConfigException(
                "weight",
                "weight=$weight of $name must be at least 1: leave out who shall have no keys",
            )
        }
        if (config.sentinel != null && name == config.address) {
            throw ConfigException("name", "a shard whose master changes its address needs a name that stays")
        }
    }

    override fun identity(): String = name

    override fun weight(): Int = weight

    override fun toString(): String = if (name == config.address) name else "$name (${config.place})"
}

/**
 * Which servers share the keys, and how.
 *
 * @property servers at least one, each name once
 * @property hash of keys. Default MD5, as ketama has it
 * @property distribution what becomes of a hash. Default ketama: a server more or less moves only its share of the keys
 * @property hashTags whether of a key with a tag, `{user7}.mail`, the tag alone decides, so that keys with the same tag lie
 * together. Default true; false for clients beside this one that know no tags
 */
public data class ShardedConfig(
    val servers: List<RedisShard>,
    val hash: KeyHash = KeyHash.MD5,
    val distribution: Distribution = Distribution.KETAMA,
    val hashTags: Boolean = true,
) {
    init {
        if (servers.isEmpty()) throw ConfigException("servers", "servers is empty: name at least one by its URL")
        val twice = servers.groupBy { it.name }.filterValues { it.size > 1 }.keys
        if (twice.isNotEmpty()) {
            throw ConfigException("servers", "servers are named twice: $twice; a greater share is a weight")
        }
        if (distribution == Distribution.RANDOM) {
            throw ConfigException("distribution", "distribution=RANDOM would not find again what it has written")
        }
    }

    /** Reads configurations. */
    public companion object {
        /** Servers of weight 1, named after their `host:port`, each URL as for [RedisConfig.parse]. */
        @JvmStatic
        public fun parse(urls: List<String>): ShardedConfig =
            ShardedConfig(urls.map { RedisShard(RedisConfig.parse(it)) })
    }
}

package dev.uring.redis.cache

import dev.uring.redis.codec.Command
import dev.uring.redis.codec.CommandWriter
import dev.uring.redis.commands.CommandTable

/** What a cache does with a command. */
internal enum class CacheUse {
    /** Its reply depends on its keys alone: it is kept until one of them changes. */
    KEEP,

    /** It changes its keys: what was kept of them is outdated. */
    FORGET_KEYS,

    /** It may change anything. */
    FORGET_ALL,

    /** Neither. */
    PASS,
    ;

    companion object {
        /*
         * Reads whose replies change only when a key does. Not among them: what depends on time (TTL, OBJECT IDLETIME,
         * XPENDING), on chance (RANDOMKEY, SRANDMEMBER), on keys that are not arguments (SORT_RO with BY or GET, scripts),
         * and cursors (SCAN and its kind).
         */
        private val kept =
            setOf(
                "BITCOUNT",
                "BITFIELD_RO",
                "BITPOS",
                "EXISTS",
                "GEODIST",
                "GEOHASH",
                "GEOPOS",
                "GEORADIUS_RO",
                "GEORADIUSBYMEMBER_RO",
                "GEOSEARCH",
                "GET",
                "GETBIT",
                "GETRANGE",
                "HEXISTS",
                "HGET",
                "HGETALL",
                "HKEYS",
                "HLEN",
                "HMGET",
                "HSTRLEN",
                "HVALS",
                "LCS",
                "LINDEX",
                "LLEN",
                "LPOS",
                "LRANGE",
                "MGET",
                "PFCOUNT",
                "SCARD",
                "SDIFF",
                "SINTER",
                "SINTERCARD",
                "SISMEMBER",
                "SMEMBERS",
                "SMISMEMBER",
                "STRLEN",
                "SUBSTR",
                "SUNION",
                "TYPE",
                "XLEN",
                "XRANGE",
                "XREVRANGE",
                "ZCARD",
                "ZCOUNT",
                "ZDIFF",
                "ZINTER",
                "ZINTERCARD",
                "ZLEXCOUNT",
                "ZMSCORE",
                "ZRANGE",
                "ZRANGEBYLEX",
                "ZRANGEBYSCORE",
                "ZRANK",
                "ZREVRANGE",
                "ZREVRANGEBYLEX",
                "ZREVRANGEBYSCORE",
                "ZREVRANK",
                "ZSCORE",
                "ZUNION",
            )

        fun of(writer: CommandWriter): CacheUse {
            val command = writer.command()
            val hasKeys = writer.keysCount() > 0
            return when {
                command.`is`(Command.READONLY) -> if (hasKeys && command.name() in kept) KEEP else PASS
                hasKeys -> FORGET_KEYS
                isHarmless(command) -> PASS
                else -> FORGET_ALL
            }
        }

        // PING, PUBLISH and the like. What the table does not have may be anything.
        private fun isHarmless(command: Command): Boolean {
            val info = CommandTable.commands[command.name()] ?: return false
            return "write" !in info.flags
        }
    }
}

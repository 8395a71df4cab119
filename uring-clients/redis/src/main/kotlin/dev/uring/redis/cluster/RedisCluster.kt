package dev.uring.redis.cluster

import dev.uring.UringRuntime
import dev.uring.dns.Resolver
import dev.uring.dsl.UringScope
import dev.uring.redis.RedisBatch
import dev.uring.redis.RedisClient
import dev.uring.redis.RedisCodec
import dev.uring.redis.RedisConfig
import dev.uring.redis.RedisConnectionException
import dev.uring.redis.RedisExecutor
import dev.uring.redis.RedisFailure
import dev.uring.redis.cache.CacheConfig
import dev.uring.redis.cache.CacheSnapshot
import dev.uring.redis.cache.RedisCache
import dev.uring.redis.cache.sum
import dev.uring.redis.codec.Command
import dev.uring.redis.codec.CommandWriter
import dev.uring.redis.codec.Reply
import dev.uring.redis.transaction
import kotlinx.coroutines.async
import kotlinx.coroutines.awaitAll
import kotlinx.coroutines.coroutineScope

/**
 * A client of a Redis cluster, for coroutines.
 *
 * ### Shapes and units
 * Each command goes to the master of its first key's slot, or if it only reads to whom
 * [ClusterConfig.node]'s [readFrom][RedisConfig.readFrom] says; one without keys to some master, or to all of them when that is
 * what it means (`DBSIZE`, `FLUSHALL`, `KEYS`, `SCRIPT LOAD`). `MGET`, `MSET`, `DEL`, `UNLINK`, `EXISTS` and `TOUCH` may
 * have keys of several slots: they are split, sent at the same time, and their replies joined; as a whole they are not
 * atomic then. Keys that shall lie together share a tag: `{user7}.name`, `{user7}.mail`.
 * ### Ownership
 * Owns a [RedisClient] for each node, with its connections. [close] it, or leave that to the end of the runtime.
 * ### Threading and cancellation
 * As [RedisClient]. MOVED, ASK, TRYAGAIN and CLUSTERDOWN, a master that is gone and one that was replaced are followed
 * inside the call, up to [ClusterConfig.patience].
 * ### Errors
 * As [RedisExecutor]. A command that was sent when its connection was lost is sent again only if it is read-only, or
 * idempotent under [AT_LEAST_ONCE][dev.uring.redis.ReplayRule.AT_LEAST_ONCE]. `IllegalArgumentException`: SCAN and
 * FT.CURSOR, which go on at one node: see [masters].
 */
public class RedisCluster<K : Any, V : Any> internal constructor(
    private val topology: ClusterTopology,
    private val config: ClusterConfig,
    override val codec: RedisCodec<K, V>,
) : RedisExecutor<K, V>,
    AutoCloseable {
    override fun command(command: Command): CommandWriter = CommandWriter().begin(command)

    override suspend fun <T> execute(
        request: CommandWriter,
        reply: Reply<T>,
    ): T = execute(ClusterRequest.of(request), reply)

    internal suspend fun <T> execute(
        copy: ClusterRequest,
        reply: Reply<T>,
    ): T {
        val command = copy.command
        refuseAtOneNodeOnly(command)
        val step = ReplyJoin.stepOf(command)
        return when {
            step > 0 && copy.isSpread(step) -> executeSplit(copy, step, reply)
            command.`is`(Command.ALL_NODES) -> executeOn(nodes().keys, copy, reply)
            command.`is`(Command.ALL_PRIMARIES) -> executeOn(masters().keys, copy, reply)
            else -> ClusterCall(topology, config, copy).execute(reply)
        }
    }

    /**
     * As [RedisClient]'s pipeline: sends the commands that [block] adds in one piece to each node, at the same time, and
     * follows what has to go elsewhere. Commands of one slot are executed in their order as long as the slot stays where it
     * is; a lost connection fails the commands that were sent over it, and not the others. To masters only.
     *
     * @sample samples.redis.severalInACluster
     */
    public suspend fun <R> pipeline(block: RedisBatch<K, V>.() -> R): R {
        val batch = ClusterBatch(codec)
        val result = batch.collect(block)
        known()
        ClusterPipeline(this, topology, config).run(batch.entries)
        return result
    }

    /**
     * As [RedisClient]'s transaction, for commands whose keys lie in one slot.
     *
     * ### Errors
     * `IllegalArgumentException` no key, or keys of several slots: give them a common tag, `{user7}.name`.
     */
    public suspend fun <R> transaction(block: RedisBatch<K, V>.() -> R): R {
        val batch = ClusterBatch(codec)
        val result = batch.collect(block)
        if (batch.entries.isEmpty()) return result
        val slots =
            batch.entries
                .map { it.request.slot }
                .filter { it != ClusterRequest.NO_SLOT }
                .distinct()
        require(slots.size == 1 && batch.entries.none { it.request.isForSeveral }) {
            "a transaction has keys of ${slots.size} slots, and a cluster executes those of one: give them a common tag"
        }
        ClusterCall(topology, config, ClusterRequest.to(slots.single(), EXEC)).executeWhole { node ->
            node.transaction { batch.entries.forEach { it.addTo(this) } }
        }
        batch.entries.forEach { it.settle() }
        return result
    }

    /** A client for each master that has slots, by address. */
    public suspend fun masters(): Map<String, RedisClient> = known().masters.associateWith(topology::client)

    /** A client for each node, masters and replicas, by address. */
    public suspend fun nodes(): Map<String, RedisClient> = known().nodes.associateWith(topology::client)

    /** The same connections, with other types for keys and values. */
    public fun <L : Any, W : Any> withCodec(codec: RedisCodec<L, W>): RedisCluster<L, W> =
        RedisCluster(topology, config, codec)

    /**
     * A client of the same cluster that keeps what it reads, for each node by itself; see [RedisCache].
     *
     * ### Shapes and units
     * Bounds are for each node and worker. A slot that moves makes it forget everything; a move that no command meets is
     * noticed within [ClusterConfig.refreshInterval].
     * ### Ownership
     * The caller closes it; this client stays as it is.
     */
    public suspend fun cached(cache: CacheConfig = CacheConfig()): RedisCluster<K, V> {
        val other = RedisCluster(topology.cached(cache), config, codec)
        try {
            other.connect()
        } catch (failure: RedisFailure) {
            other.close()
            throw failure
        }
        return other
    }

    /** What the caches of [cached] have counted so far; zeros without one. */
    public fun cacheSnapshot(): CacheSnapshot = topology.cacheCounters().sum()

    /** As [RedisClient.close], for each node. */
    override fun close(): Unit = topology.close()

    override fun toString(): String = "RedisCluster(${config.seeds})"

    internal suspend fun connect() {
        topology.refresh(SlotMap.EMPTY)
        if (topology.slots.masters.isEmpty()) {
            throw RedisConnectionException(
                "no node of a cluster answered at ${config.seeds}.\n" +
                    "  Likely cause: wrong addresses, or nodes whose slots nobody has. Check: redis-cli -p PORT cluster slots",
                wasSent = false,
            )
        }
    }

    private suspend fun known(): SlotMap {
        if (topology.slots.masters.isEmpty()) connect()
        return topology.slots
    }

    private suspend fun <T> executeSplit(
        request: ClusterRequest,
        step: Int,
        reply: Reply<T>,
    ): T {
        val parts = request.split(step)
        val results =
            coroutineScope {
                // Together: what goes to the same node leaves in one piece.
                parts.map { async { ClusterCall(topology, config, it.request).execute(reply) } }.awaitAll()
            }
        return ReplyJoin.byKey(request.command, parts.map { it.positions }, results)
    }

    private suspend fun <T> executeOn(
        addresses: Set<String>,
        request: ClusterRequest,
        reply: Reply<T>,
    ): T {
        val results =
            coroutineScope {
                addresses
                    .map { address ->
                        async {
                            val client = topology.client(address)
                            client.execute(request.writeTo(client.command(request.command)), reply)
                        }
                    }.awaitAll()
            }
        return ReplyJoin.byPolicy(request.command, results)
    }

    /** Makes clients. */
    public companion object {
        private val EXEC = Command.of("EXEC")

        // What makes sense at one node only.
        private fun refuseAtOneNodeOnly(command: Command) {
            val why =
                when (command.name()) {
                    "SCAN" -> {
                        "walks the keys of one node, and its cursor means nothing to another: " +
                            "scan each of RedisCluster.masters()"
                    }

                    "FT.CURSOR READ", "FT.CURSOR DEL" -> {
                        "is for the node that has the cursor: collect ftAggregateFlow, " +
                            "or go through one of RedisCluster.masters()"
                    }

                    else -> {
                        return
                    }
                }
            throw IllegalArgumentException("$command $why")
        }

        /**
         * A client of the cluster that [config] leads to.
         *
         * ### Errors
         * [RedisFailure] none of the seeds answers as a node of a cluster.
         */
        public suspend fun connect(
            runtime: UringRuntime,
            config: ClusterConfig,
            resolver: Resolver = Resolver.of(runtime),
        ): RedisCluster<String, String> {
            val cluster = RedisCluster(ClusterTopology(runtime, config, resolver), config, RedisCodec.UTF8)
            try {
                cluster.connect()
            } catch (failure: RedisFailure) {
                cluster.close()
                throw failure
            }
            return cluster
        }
    }
}

/**
 * A client of the cluster with nodes at [seeds], each `host:port` or a URL as for [RedisConfig.parse]; what the first one says
 * of user, password, TLS and settings is for all nodes.
 *
 * ### Ownership
 * The caller closes the client; what is left open ends with the runtime.
 * ### Errors
 * [RedisFailure] none of them answers as a node of a cluster.
 */
public suspend fun UringScope.redisCluster(
    vararg seeds: String,
    configure: ClusterConfig.() -> ClusterConfig = { this },
): RedisCluster<String, String> =
    RedisCluster.connect(runtime, ClusterConfig.parse(seeds.asList()).configure(), resolver)

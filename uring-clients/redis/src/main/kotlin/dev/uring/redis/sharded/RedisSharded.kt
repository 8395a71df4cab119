package dev.uring.redis.sharded

import dev.uring.UringRuntime
import dev.uring.dns.Resolver
import dev.uring.dsl.UringScope
import dev.uring.redis.RedisBatch
import dev.uring.redis.RedisClient
import dev.uring.redis.RedisCodec
import dev.uring.redis.RedisExecutor
import dev.uring.redis.cache.CacheConfig
import dev.uring.redis.cache.CacheSnapshot
import dev.uring.redis.cache.RedisCache
import dev.uring.redis.cache.sum
import dev.uring.redis.cluster.ClusterBatch
import dev.uring.redis.cluster.ClusterRequest
import dev.uring.redis.cluster.ReplyJoin
import dev.uring.redis.codec.Command
import dev.uring.redis.codec.CommandWriter
import dev.uring.redis.codec.Reply
import dev.uring.redis.pipeline
import dev.uring.redis.transaction
import kotlinx.coroutines.async
import kotlinx.coroutines.awaitAll
import kotlinx.coroutines.coroutineScope

/**
 * A client of several servers that know nothing of each other and share the keys by ketama, for coroutines.
 *
 * ### Shapes and units
 * Each command goes to the server of its keys. `MGET`, `MSET`, `DEL`, `UNLINK`, `EXISTS` and `TOUCH` may have keys of several
 * servers: they are split, sent at the same time, and their replies joined; as a whole they are not atomic then. What is
 * about all keys (`DBSIZE`, `FLUSHALL`, `KEYS`, `SCRIPT LOAD`) goes to every server. Keys that shall lie together share a tag:
 * `{user7}.name`, `{user7}.mail`. Whatever else is one server's is for [serverOf] or [servers]: scans, subscriptions, watching.
 * ### Ownership
 * Owns a [RedisClient] for each server, which connects when it is first needed. [close] it, or leave that to the end of the
 * runtime.
 * ### Threading and cancellation
 * As [RedisClient].
 * ### Errors
 * As [RedisExecutor], and each names its server. No server is ever left out: the keys of one that cannot be reached fail, at
 * once, until it is back, and those of the others do not move. (To take over its keys would be to lose them twice: when it
 * goes, and when it is back with values that others have changed meanwhile.) `IllegalArgumentException` a command without a
 * key that is not about all of them, and keys of several servers where that cannot be split.
 *
 * ### Source
 * ketama: see [dev.uring.client.routing.Continuum].
 *
 * @sample samples.redis.severalServers
 */
public class RedisSharded<K : Any, V : Any> internal constructor(
    private val shards: Shards,
    override val codec: RedisCodec<K, V>,
) : RedisExecutor<K, V>,
    AutoCloseable {
    /** A client that connects when it is first used; [resolver] looks names up, null makes one of its own. */
    public constructor(
        runtime: UringRuntime,
        config: ShardedConfig,
        codec: RedisCodec<K, V>,
        resolver: Resolver? = null,
    ) : this(Shards(runtime, config, resolver ?: Resolver.of(runtime)), codec)

    /** How it was made. */
    public val config: ShardedConfig get() = shards.config

    /** A client of each server, by its name. */
    public val servers: Map<String, RedisClient> =
        shards.config.servers
            .map { it.name }
            .zip(shards.clients)
            .toMap()

    /** The client of the server that [key] belongs to. */
    public fun serverOf(key: K): RedisClient {
        val writer = CommandWriter().begin(NAMELESS).key(codec.keys, key)
        return shards.clients[shards.indexOf(writer.keyAt(0))]
    }

    override fun command(command: Command): CommandWriter = shards.executors[0].command(command)

    override suspend fun <T> execute(
        request: CommandWriter,
        reply: Reply<T>,
    ): T {
        val index = shards.indexOf(request)
        return if (index >=
            0
        ) {
            shards.executors[index].execute(request, reply)
        } else {
            execute(ClusterRequest.of(request), reply)
        }
    }

    /** Of several servers, or about all keys. */
    internal suspend fun <T> execute(
        request: ClusterRequest,
        reply: Reply<T>,
    ): T {
        val step = ReplyJoin.stepOf(request.command)
        return when {
            step > 0 -> executeSplit(request, step, reply)
            isForAll(request.command) -> executeOnAll(request, reply)
            else -> throw noOneServer(request)
        }
    }

    private suspend fun <T> executeSplit(
        request: ClusterRequest,
        step: Int,
        reply: Reply<T>,
    ): T {
        val parts = request.split(step) { shards.indexOf(it) }
        val results =
            coroutineScope { parts.map { async { executeOn(it.request.slot, it.request, reply) } }.awaitAll() }
        return ReplyJoin.byKey(request.command, parts.map { it.positions }, results)
    }

    private suspend fun <T> executeOnAll(
        request: ClusterRequest,
        reply: Reply<T>,
    ): T {
        val results =
            coroutineScope {
                shards.executors.indices
                    .map { async { executeOn(it, request, reply) } }
                    .awaitAll()
            }
        return ReplyJoin.byPolicy(request.command, results)
    }

    private suspend fun <T> executeOn(
        index: Int,
        request: ClusterRequest,
        reply: Reply<T>,
    ): T {
        val server = shards.executors[index]
        return server.execute(request.writeTo(server.command(request.command)), reply)
    }

    /**
     * As [RedisClient]'s pipeline: sends the commands that [block] adds in one piece to each server, at the same time.
     *
     * Commands of one server are executed in their order; those that have to be split, and those about all keys, are sent
     * when all others have been answered. A lost connection fails the commands that were for that server, and no others.
     */
    public suspend fun <R> pipeline(block: RedisBatch<K, V>.() -> R): R {
        val batch = ClusterBatch(codec)
        val result = batch.collect(block)
        ShardedPipeline(this, shards).run(batch.entries)
        return result
    }

    /**
     * As [RedisClient]'s transaction, for commands whose keys all belong to one server.
     *
     * ### Errors
     * `IllegalArgumentException` no key, or keys of several servers: give them a common tag, `{user7}.name`.
     */
    public suspend fun <R> transaction(block: RedisBatch<K, V>.() -> R): R {
        val batch = ClusterBatch(codec)
        val result = batch.collect(block)
        if (batch.entries.isEmpty()) return result
        val places =
            batch.entries
                .flatMap { it.request.keyList() }
                .map { shards.indexOf(it) }
                .distinct()
        require(places.size == 1) {
            "a transaction has keys of ${places.size} servers, and one server executes it: give them a common tag"
        }
        val index = places.single()
        shards.clients[index].transaction { batch.entries.forEach { it.addTo(this) } }
        batch.entries.forEach { it.settleWith(shards.config.servers[index].toString()) }
        return result
    }

    /** The same connections, with other types for keys and values. */
    public fun <L : Any, W : Any> withCodec(codec: RedisCodec<L, W>): RedisSharded<L, W> = RedisSharded(shards, codec)

    /**
     * A client of the same servers that keeps what it reads, for each server by itself; see [RedisCache].
     *
     * The caller closes it; this client stays as it is.
     */
    public fun cached(cache: CacheConfig = CacheConfig()): RedisSharded<K, V> =
        RedisSharded(shards.cached(cache), codec)

    /** What the caches of [cached] have counted so far; zeros without one. */
    public fun cacheSnapshot(): CacheSnapshot = shards.cacheCounters().sum()

    /** As [RedisClient.close], for each server. */
    override fun close(): Unit = shards.close()

    override fun toString(): String = "RedisSharded(${config.servers})"

    private fun noOneServer(request: ClusterRequest) =
        IllegalArgumentException(
            if (request.keyList().isEmpty()) {
                "${request.command} has no key, so it is no server's: send it to one of RedisSharded.servers"
            } else {
                "${request.command} has keys of several servers, and cannot be split: give them a common tag, {user7}.name"
            },
        )

    internal companion object {
        private val NAMELESS = Command.of("KEY")

        /** Whether a command without keys means every server. */
        fun isForAll(command: Command): Boolean = command.`is`(Command.ALL_NODES) || command.`is`(Command.ALL_PRIMARIES)
    }
}

/**
 * A client of several servers that know nothing of each other; each of [urls] as for [dev.uring.redis.RedisConfig.parse].
 *
 * ### Shapes and units
 * The names of the servers, by which keys are distributed, are their `host:port` unless [configure] gives others.
 * ### Ownership
 * The caller closes the client; what is left open ends with the runtime.
 * ### Errors
 * `ConfigException` no such URL. A server that is not there fails its own keys, when they are asked for.
 *
 * @sample samples.redis.severalServers
 */
public fun UringScope.redisSharded(
    vararg urls: String,
    configure: ShardedConfig.() -> ShardedConfig = { this },
): RedisSharded<String, String> =
    RedisSharded(runtime, ShardedConfig.parse(urls.asList()).configure(), RedisCodec.UTF8, resolver)

/** A client of the servers that [config] names; otherwise as above. */
public fun UringScope.redisSharded(config: ShardedConfig): RedisSharded<String, String> =
    RedisSharded(runtime, config, RedisCodec.UTF8, resolver)

@file:OptIn(InternalUringApi::class)

package dev.uring.redis

import dev.uring.UringRuntime
import dev.uring.client.ClientCounters
import dev.uring.client.ClientSides
import dev.uring.client.Dialer
import dev.uring.dns.Resolver
import dev.uring.dsl.ConnectionOpener
import dev.uring.dsl.InternalUringApi
import dev.uring.redis.cache.CacheConfig
import dev.uring.redis.cache.CacheCounters
import dev.uring.redis.codec.Command
import dev.uring.redis.codec.CommandWriter
import dev.uring.redis.codec.Reply
import dev.uring.redis.commands.ServerRole
import java.util.concurrent.RejectedExecutionException
import kotlin.coroutines.Continuation
import kotlin.coroutines.intrinsics.COROUTINE_SUSPENDED
import kotlin.coroutines.intrinsics.intercepted

/**
 * What all faces of one client share: a [RedisSide] on each worker.
 *
 * [masterUse] is what its connections are for, [givenDialer] the way to a server that [config] does not name.
 *
 * Thread: any.
 */
internal class ClientCore(
    val runtime: UringRuntime,
    val config: RedisConfig,
    private val resolver: Resolver,
    masterUse: ConnectionUse = ConnectionUse.ANY,
    givenDialer: Dialer? = null,
) {
    private val places = ServerPlaces(ConnectionOpener(runtime, resolver), config)
    private val sentinels =
        if (givenDialer == null) config.sentinel?.let { Sentinels(runtime, it, resolver, ::masterMoved) } else null
    private val sides =
        ClientSides(runtime) {
            // A sentinel may not have heard of a failover yet.
            val use = if (sentinels == null) masterUse else masterUse.copy(role = ConnectionUse.Role.MASTER)
            RedisSide(runtime, it, config, givenDialer ?: dialer(), use)
        }
    private val replicas =
        if (givenDialer == null && config.readFrom != ReadFrom.MASTER) replicaReads() else null

    /** The side of the worker that this is called on, or null on another thread. */
    fun here(): RedisSide? = sides.here()

    /** [here], or the sides by turns. */
    fun place(): RedisSide = sides.place()

    fun command(command: Command): CommandWriter = here()?.writer(command) ?: CommandWriter().begin(command)

    fun content(): BatchContent = here()?.content() ?: BatchContent()

    fun giveBack(content: BatchContent) {
        here()?.giveBack(content)
    }

    fun execute(
        link: RedisLink?,
        request: CommandWriter,
        reply: Reply<*>,
        continuation: Continuation<Any?>,
    ): Any {
        val side = here()
        if (side != null) {
            val taker = if (link == null) taker(request, side) else side
            return taker.call(continuation.context).begin(link, request, reply, continuation)
        }
        val there = place()
        val intercepted = continuation.intercepted()
        try {
            there.worker.execute {
                taker(request, there).call(intercepted.context).beginFor(request, reply, intercepted)
            }
        } catch (stopped: RejectedExecutionException) {
            throw RedisConnectionException("${request.command()}: the runtime has stopped", wasSent = false, stopped)
        }
        return COROUTINE_SUSPENDED
    }

    /** Who takes [request] on the worker of [side]: itself, or that of a replica. On that worker. */
    fun taker(
        request: CommandWriter,
        side: RedisSide,
    ): RedisSide {
        val reads = replicas ?: return side
        return if (reads.takes(request)) checkNotNull(reads.core.here()) else side
    }

    /** The side that [hash] falls to, always the same. */
    fun sideOf(hash: Int): RedisSide = sides.all[Math.floorMod(hash, sides.all.size)]

    fun snapshot(): RedisSnapshot = counters().sum()

    /** Whether there is a connection already; if not, one is begun. */
    fun isReadyOrBegun(): Boolean {
        val side = place()
        if (side.shared.isReady) return true
        side.executeUnlessStopped { side.shared.connect() }
        return false
    }

    /** Forgets all that was kept. */
    fun flushCaches(): Unit = sides.all.forEach { side -> side.executeUnlessStopped { side.cache?.flush() } }

    fun cacheCounters(): List<CacheCounters> = sides.all.mapNotNull { it.cache?.counters }

    /** Connections of their own to the same server, that keep what they read. */
    fun cached(cache: CacheConfig): ClientCore =
        ClientCore(runtime, config.copy(readFrom = ReadFrom.MASTER), resolver, ConnectionUse(cache = cache))

    /** Closes all connections when they have answered what is in flight. */
    fun close() {
        sides.close()
        replicas?.core?.close()
        sentinels?.close()
    }

    private fun counters(): List<ClientCounters> = sides.all.map { it.counters } + replicas?.core?.counters().orEmpty()

    private fun dialer(): Dialer = if (sentinels == null) places.at(config.address) else places.masterOf(sentinels)

    private fun replicaReads(): ReplicaReads {
        val use = ConnectionUse(ConnectionUse.Role.REPLICA)
        return ReplicaReads(
            ClientCore(runtime, config, resolver, use, places.replica(::replicaAddresses)),
            config.readFrom,
        )
    }

    private suspend fun replicaAddresses(): List<String> {
        if (config.replicas.isNotEmpty()) return config.replicas
        if (sentinels != null) return sentinels.replicas()
        val role = await(null, command(ROLE), ServerRole.reply) as? ServerRole.Master ?: return emptyList()
        val scheme = if (config.address.startsWith(RedisConfig.TLS_SCHEME)) RedisConfig.TLS_SCHEME else ""
        return role.replicas.map { scheme + hostAndPort(it.host, it.port.toString()) }
    }

    private fun masterMoved(address: String) {
        val cause = RedisConnectionException("the sentinels have made $address the master", wasSent = true)
        for (side in sides.all) side.executeUnlessStopped { side.loseAll(cause) }
    }

    private companion object {
        val ROLE: Command = Command.of("ROLE")
    }
}

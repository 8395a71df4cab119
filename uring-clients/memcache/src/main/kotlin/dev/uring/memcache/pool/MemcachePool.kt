package dev.uring.memcache.pool

import dev.uring.UringRuntime
import dev.uring.dsl.UringScope
import dev.uring.memcache.Answer
import dev.uring.memcache.Memcache
import dev.uring.memcache.MemcacheClient
import dev.uring.memcache.MemcacheConnectionException
import dev.uring.memcache.MemcacheSnapshot
import dev.uring.memcache.MemcacheTimeoutException
import dev.uring.memcache.ValueConnection
import dev.uring.memcache.codec.MemcacheWriter
import dev.uring.memcache.codec.Transcoder

/**
 * A client of several servers that know nothing of each other: each key belongs to one of them.
 *
 * ### Shapes and units
 * A [Memcache] as a client of one server is. Commands without a key go to all servers, or to the first one where they return
 * something. [getAll][dev.uring.memcache.getAll] asks all servers at once.
 * ### Ownership
 * Owns its connections: one for each worker and server, opened when first needed. [close] it, or leave that to the end of the
 * runtime.
 * ### Threading and cancellation
 * For any coroutine; as [Memcache].
 * ### Errors
 * As [Memcache]. A server that fails [MemcachePoolConfig.failuresToEject] times in a row is out for
 * [MemcachePoolConfig.ejectFor]; what happens to its keys says [MemcachePoolConfig.failover].
 *
 * @sample samples.memcache.threeServers
 */
public class MemcachePool internal constructor(
    private val members: PoolMembers,
) : PoolFace<String>(members, Transcoder.UTF8),
    AutoCloseable {
    /** A pool that connects when it is first used. */
    public constructor(runtime: UringRuntime, config: MemcachePoolConfig) : this(PoolMembers(runtime, config))

    /** How it was made. */
    public val config: MemcachePoolConfig get() = members.config

    /** The addresses of the servers that are out now. */
    public fun ejected(): List<String> = members.ejected()

    /** What was counted so far, by the address of the server. */
    public fun snapshot(): Map<String, MemcacheSnapshot> = members.snapshot()

    /** As [MemcacheClient.close], for each server. */
    override fun close(): Unit = members.close()
}

/** One pool with one kind of values. */
public open class PoolFace<V : Any> internal constructor(
    private val members: PoolMembers,
    final override val transcoder: Transcoder<V>,
) : Memcache<V> {
    private val faces: List<Memcache<V>> = members.all.map { NodeFace(it, transcoder) }

    final override fun request(): MemcacheWriter = members.request()

    final override suspend fun <T> execute(
        request: MemcacheWriter,
        answer: Answer<T>,
    ): T {
        val member = members.of(keyOf(request))
        // Once it is under way its writer belongs to others: what is needed later is kept now.
        val copy = if (members.config.failover == Failover.NEXT_NODE && request.isIdempotent) request.copy() else null
        try {
            return member.execute(request, answer)
        } catch (failure: MemcacheConnectionException) {
            return again(member, copy, answer, failure)
        } catch (failure: MemcacheTimeoutException) {
            return again(member, copy, answer, failure)
        }
    }

    final override suspend fun send(request: MemcacheWriter): Unit = members.of(keyOf(request)).send(request)

    private fun keyOf(request: MemcacheWriter): ByteArray {
        val key = request.lastKey()
        require(key.isNotEmpty()) {
            "${request.firstWord()} has no key that would say which server it is for: use servers()"
        }
        return key
    }

    final override suspend fun <T> withConnection(
        key: String,
        use: suspend (ValueConnection) -> T,
    ): T = members.of(key.toByteArray()).withConnection(use)

    // Only when the failure was the one that ejected: until then the key is the failing server's, and elsewhere stale.
    private suspend fun <T> again(
        failed: PoolMember,
        copy: MemcacheWriter?,
        answer: Answer<T>,
        failure: Exception,
    ): T {
        val other = copy?.let { members.of(it.lastKey()) }
        if (other == null || other === failed) throw failure
        return other.execute(copy, answer)
    }

    final override fun split(keys: Collection<String>): Map<Memcache<V>, Collection<String>> =
        keys.groupBy { faces[members.of(it.toByteArray()).index] }

    final override fun servers(): List<Memcache<V>> = faces

    final override fun <W : Any> withTranscoder(transcoder: Transcoder<W>): Memcache<W> = PoolFace(members, transcoder)
}

/** One server of a pool, for who wants it alone; its failures count. */
private class NodeFace<V : Any>(
    private val member: PoolMember,
    override val transcoder: Transcoder<V>,
) : Memcache<V> {
    override fun request(): MemcacheWriter = member.core.request()

    override suspend fun <T> execute(
        request: MemcacheWriter,
        answer: Answer<T>,
    ): T = member.execute(request, answer)

    override suspend fun send(request: MemcacheWriter): Unit = member.send(request)

    override suspend fun <T> withConnection(
        key: String,
        use: suspend (ValueConnection) -> T,
    ): T = member.withConnection(use)

    override fun split(keys: Collection<String>): Map<Memcache<V>, Collection<String>> = mapOf(this to keys)

    override fun servers(): List<Memcache<V>> = listOf(this)

    override fun <W : Any> withTranscoder(transcoder: Transcoder<W>): Memcache<W> = NodeFace(member, transcoder)
}

/**
 * A pool of [servers], each `host`, `host:port` or `host:port:weight`.
 *
 * ### Ownership
 * The caller closes the pool; what is left open ends with the runtime.
 * ### Errors
 * `IllegalArgumentException` no servers, or one that is none. Nothing is connected yet.
 *
 * @sample samples.memcache.threeServers
 */
public fun UringScope.memcachePool(
    vararg servers: String,
    configure: MemcachePoolConfig.() -> MemcachePoolConfig = { this },
): MemcachePool = MemcachePool(runtime, MemcachePoolConfig(servers.map(PoolNode::parse)).configure())

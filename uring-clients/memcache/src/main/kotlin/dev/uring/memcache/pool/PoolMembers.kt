package dev.uring.memcache.pool

import dev.uring.UringRuntime
import dev.uring.memcache.Answer
import dev.uring.memcache.ClientCore
import dev.uring.memcache.ClientFace
import dev.uring.memcache.MemcacheConnectionException
import dev.uring.memcache.MemcacheFailure
import dev.uring.memcache.MemcacheSnapshot
import dev.uring.memcache.MemcacheTimeoutException
import dev.uring.memcache.ValueConnection
import dev.uring.memcache.codec.MemcacheWriter
import dev.uring.memcache.codec.Transcoder
import java.util.function.LongToIntFunction

/** The servers of a pool, and which of them a key belongs to now. Thread: any. */
internal class PoolMembers(
    runtime: UringRuntime,
    val config: MemcachePoolConfig,
) {
    private val writers = ClientCore.writersOf(runtime)
    val all: List<PoolMember> =
        config.nodes.mapIndexed { index, node ->
            val its = config.each.copy(address = node.address)
            PoolMember(this, index, ClientCore(runtime, its, writers, isOneOfMany = true))
        }
    private val lock = Any()

    @Volatile
    private var routing = Routing(all)

    fun request(): MemcacheWriter = all.first().core.request()

    fun of(key: ByteArray): PoolMember {
        if (routing.outUntilNanos != NOBODY_IS_OUT) readmit()
        val now = routing
        return now.members[now.nodeOf.applyAsInt(config.hash.of(key))]
    }

    fun ejected(): List<String> = all.filter { it.isOut }.map { it.core.config.address }

    fun snapshot(): Map<String, MemcacheSnapshot> = all.associate { it.core.config.address to it.core.snapshot() }

    fun close() = all.forEach { it.core.close() }

    fun eject(member: PoolMember) {
        synchronized(lock) {
            member.outUntilNanos = System.nanoTime() + config.ejectFor.inWholeNanoseconds
            member.isOut = true
            reroute()
        }
    }

    private fun readmit() {
        if (System.nanoTime() - routing.outUntilNanos < 0) return
        synchronized(lock) {
            for (member in all) {
                if (member.isOut && System.nanoTime() - member.outUntilNanos >= 0) member.isOut = false
            }
            reroute()
        }
    }

    private fun reroute() {
        val left = all.filterNot { it.isOut }
        // With nobody left, the keys are their own servers': those are asked, and say what is wrong.
        val serving = if (config.failover == Failover.FAIL || left.isEmpty()) all else left
        routing = Routing(serving)
    }

    private inner class Routing(
        val members: List<PoolMember>,
    ) {
        val nodeOf: LongToIntFunction = config.distribution.over(members.map { config.nodes[it.index].node })
        val outUntilNanos: Long = all.filter { it.isOut }.minOfOrNull { it.outUntilNanos } ?: NOBODY_IS_OUT
    }

    private companion object {
        const val NOBODY_IS_OUT = Long.MAX_VALUE
    }
}

/** One server of a pool, with its failures in a row. Thread: any; counting is not exact, and need not be. */
internal class PoolMember(
    private val members: PoolMembers,
    val index: Int,
    val core: ClientCore,
) {
    private val client = ClientFace(core, Transcoder.BYTES)

    @Volatile
    private var failures = 0

    @Volatile
    var isOut = false

    @Volatile
    var outUntilNanos = 0L

    suspend fun <T> execute(
        request: MemcacheWriter,
        answer: Answer<T>,
    ): T {
        refuseIfOut("${request.firstWord()}")
        return counted { client.execute(request, answer) }
    }

    suspend fun send(request: MemcacheWriter) {
        refuseIfOut("${request.firstWord()}")
        counted { client.send(request) }
    }

    private inline fun <T> counted(action: () -> T): T {
        val result =
            try {
                action()
            } catch (failure: MemcacheFailure) {
                if (failure is MemcacheConnectionException || failure is MemcacheTimeoutException) failed()
                throw failure
            }
        if (failures != 0) failures = 0
        return result
    }

    // What fails here does not count: it may be the other end of the value that has failed.
    suspend fun <T> withConnection(use: suspend (ValueConnection) -> T): T {
        refuseIfOut("a value in pieces")
        return core.withConnection(use)
    }

    private fun refuseIfOut(what: String) {
        if (isOut && members.config.failover == Failover.FAIL) throw out(what)
    }

    private fun failed() {
        val limit = members.config.failuresToEject
        if (limit == 0) return
        val count = failures + 1
        // Stays one below the limit: after its time a server is out again with its first failure.
        failures = minOf(count, limit - 1)
        if (count >= limit) members.eject(this)
    }

    private fun out(what: String) =
        MemcacheConnectionException(
            "$what: ${core.config.address} is out for up to ${members.config.ejectFor} after " +
                "failuresToEject=${members.config.failuresToEject} failures in a row.\n" +
                "  Likely cause: the server is down. Failover.NEXT_NODE would ask another one.",
            wasSent = false,
        )
}

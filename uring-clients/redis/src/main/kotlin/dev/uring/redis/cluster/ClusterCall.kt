package dev.uring.redis.cluster

import dev.uring.redis.ReadFrom
import dev.uring.redis.RedisClient
import dev.uring.redis.RedisConnectionException
import dev.uring.redis.RedisException
import dev.uring.redis.RedisFailure
import dev.uring.redis.RedisTimeoutException
import dev.uring.redis.Replies
import dev.uring.redis.codec.Command
import dev.uring.redis.codec.Reply
import dev.uring.redis.hostAndPort
import dev.uring.redis.pipeline
import kotlinx.coroutines.delay
import kotlin.random.Random
import kotlin.time.TimeSource

/** One command on its way through a cluster, from node to node as their answers say. */
internal class ClusterCall(
    private val topology: ClusterTopology,
    private val config: ClusterConfig,
    private val request: ClusterRequest,
) {
    private val deadline = TimeSource.Monotonic.markNow() + config.patience
    private var redirects = 0
    private var pause = ClusterConfig.PAUSE_MIN
    private var seen = topology.slots

    // Where an answer sent it; null goes by the map.
    private var target: String? = null
    private var isAsking = false

    suspend fun <T> execute(reply: Reply<T>): T = follow { address -> send(address, reply) }

    /** Executes [transaction] at the node that has the slot; it has to execute all or nothing. */
    suspend fun executeWhole(transaction: suspend (RedisClient) -> Unit): Unit =
        follow { address ->
            try {
                transaction(topology.client(address))
            } catch (refusal: RedisException) {
                // Each of its commands would have to ask; when the slot has moved none has to.
                throw if (refusal.code ==
                    "ASK"
                ) {
                    RedisException(refusal.command, "TRYAGAIN ${refusal.serverText}")
                } else {
                    refusal
                }
            }
        }

    private suspend fun <T> follow(send: suspend (address: String) -> T): T {
        topology.refreshIfOld()
        while (true) {
            seen = topology.slots
            val address = target ?: address()
            try {
                if (address != null) return send(address)
                throw RedisConnectionException("${request.command}: no node has slot ${request.slot}", wasSent = false)
            } catch (refusal: RedisException) {
                follow(refusal)
            } catch (lost: RedisConnectionException) {
                if (lost.wasSent && !request.mayRepeat(config)) throw lost
                lookAgain(lost)
            } catch (late: RedisTimeoutException) {
                if (late.wasSent) throw late
                lookAgain(late)
            }
        }
    }

    private fun address(): String? =
        if (request.slot == ClusterRequest.NO_SLOT) seen.masters.randomOrNull() else seen.primaryOf(request.slot)

    private suspend fun <T> send(
        address: String,
        reply: Reply<T>,
    ): T {
        if (!isAsking) {
            val replica = if (target == null && mayRead) replica() else null
            val node = replica ?: topology.executor(address)
            return node.execute(request.writeTo(node.command(request.command)), reply)
        }
        // In one piece: ASKING is about the next command of the connection, whosever that is.
        val client = topology.client(address)
        val result =
            client.pipeline {
                execute(command(ASKING), Replies.unit)
                execute(request.writeTo(command(request.command)), reply)
            }
        return result.value
    }

    /** Who reads in the master's place; null leaves it to the master. */
    private fun replica(): RedisClient? {
        val readFrom = config.node.readFrom
        val clients = seen.replicasOf(request.slot).map(topology::replica)
        if (readFrom == ReadFrom.ANY && Random.nextInt(clients.size + 1) == clients.size) return null
        // One that is not connected yet will be; until then the others, or the master, do its work.
        val ready = clients.filter { it.core.isReadyOrBegun() }
        if (ready.isNotEmpty() || readFrom != ReadFrom.REPLICA) return ready.randomOrNull()
        return clients.randomOrNull() ?: throw RedisConnectionException(
            "${request.command}: slot ${request.slot} has no replica; ReadFrom.REPLICA_PREFERRED reads from the master then",
            wasSent = false,
        )
    }

    private val mayRead: Boolean get() =
        config.node.readFrom != ReadFrom.MASTER &&
            request.slot != ClusterRequest.NO_SLOT &&
            request.command.`is`(Command.READONLY)

    private suspend fun follow(refusal: RedisException) {
        when (refusal.code) {
            "MOVED" -> {
                redirect(refusal)
                isAsking = false
                val address = checkNotNull(target)
                if (request.slot != ClusterRequest.NO_SLOT) topology.moved(request.slot, address)
                // One slot has moved, so others have: the whole map, from the node that is said to know.
                topology.refresh(topology.slots, address)
            }

            "ASK" -> {
                redirect(refusal)
                isAsking = true
            }

            // Keys of one command are on both sides of a slot that moves: soon they will not be.
            "TRYAGAIN" -> {
                waitOr(refusal)
            }

            // Nothing was executed: the node waits for others, is still reading its data, or has lost its role.
            "CLUSTERDOWN", "MASTERDOWN", "LOADING", "READONLY" -> {
                lookAgain(refusal)
            }

            else -> {
                throw refusal
            }
        }
    }

    /** `MOVED 3999 127.0.0.1:6381`; without a host it is the one that answered. */
    private fun redirect(refusal: RedisException) {
        if (++redirects > config.redirectsMax) throw refusal
        val place = refusal.serverText.substringAfterLast(' ')
        val host = place.substringBeforeLast(':').ifEmpty { (target ?: address())?.substringBeforeLast(':').orEmpty() }
        target = hostAndPort(host, place.substringAfterLast(':'))
    }

    private suspend fun lookAgain(failure: RedisFailure) {
        target = null
        isAsking = false
        // Who was sent to a node that is gone begins anew: the way is as long as before, and patience bounds how often.
        redirects = 0
        topology.refresh(seen)
        waitOr(failure)
    }

    private suspend fun waitOr(failure: RedisFailure) {
        if (deadline.hasPassedNow()) throw failure
        delay(pause)
        pause = minOf(pause * 2, ClusterConfig.PAUSE_MAX)
    }

    companion object {
        // Not as the table has it: as a command of the connection it would be refused where it is right for once.
        private val ASKING: Command = Command.of("ASKING")
        private val FOLLOWED =
            setOf("MOVED", "ASK", "TRYAGAIN", "CLUSTERDOWN", "MASTERDOWN", "LOADING", "READONLY")

        /** Whether [refusal] says that nothing was executed, and that another node or another moment will do. */
        fun isFollowed(refusal: RedisException): Boolean = refusal.code in FOLLOWED
    }
}

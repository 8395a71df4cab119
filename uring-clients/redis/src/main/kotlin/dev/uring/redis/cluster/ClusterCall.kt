package dev.uring.redis.cluster

import dev.uring.redis.RedisConnectionException
import dev.uring.redis.RedisException
import dev.uring.redis.RedisFailure
import dev.uring.redis.RedisTimeoutException
import dev.uring.redis.ReplayRule
import dev.uring.redis.Replies
import dev.uring.redis.codec.Command
import dev.uring.redis.codec.Reply
import dev.uring.redis.pipeline
import kotlinx.coroutines.delay
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

    suspend fun <T> execute(reply: Reply<T>): T {
        while (true) {
            seen = topology.slots
            val address = target ?: address()
            try {
                if (address != null) return send(address, reply)
                throw RedisConnectionException("${request.command}: no node has slot ${request.slot}", wasSent = false)
            } catch (refusal: RedisException) {
                follow(refusal)
            } catch (lost: RedisConnectionException) {
                if (lost.wasSent && !mayRepeat()) throw lost
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
        val client = topology.client(address)
        if (!isAsking) return client.execute(request.writeTo(client.command(request.command)), reply)
        // In one piece: ASKING is about the next command of the connection, whosever that is.
        val result =
            client.pipeline {
                execute(command(ASKING), Replies.unit)
                execute(request.writeTo(command(request.command)), reply)
            }
        return result.value
    }

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
        val address = refusal.serverText.substringAfterLast(' ')
        val from = target ?: address()
        target = if (address.startsWith(':')) from?.substringBeforeLast(':') + address else address
    }

    private suspend fun lookAgain(failure: RedisFailure) {
        target = null
        isAsking = false
        topology.refresh(seen)
        waitOr(failure)
    }

    private suspend fun waitOr(failure: RedisFailure) {
        if (deadline.hasPassedNow()) throw failure
        delay(pause)
        pause = minOf(pause * 2, ClusterConfig.PAUSE_MAX)
    }

    private fun mayRepeat(): Boolean {
        val isIdempotent = config.node.replay == ReplayRule.AT_LEAST_ONCE && request.command.`is`(Command.IDEMPOTENT)
        return request.command.`is`(Command.READONLY) || isIdempotent
    }

    private companion object {
        // Not as the table has it: as a command of the connection it would be refused where it is right for once.
        val ASKING: Command = Command.of("ASKING")
    }
}

package dev.uring.memcache

import dev.uring.client.ClientCounters

/**
 * What a client has counted since it was made, all workers together; [inFlight] and [waiting] are of now.
 *
 * @property unheardErrors commands of [NoReply] that the server refused, or that were under way when their connection was lost
 */
public data class MemcacheSnapshot(
    val commandsSent: Long,
    val repliesReceived: Long,
    val errorReplies: Long,
    val timeouts: Long,
    val cancellations: Long,
    val replays: Long,
    val connects: Long,
    val connectFailures: Long,
    val connectionsLost: Long,
    val inFlight: Long,
    val waiting: Long,
    val unheardErrors: Long = 0,
)

internal fun List<ClientCounters>.sum(unheardErrors: Long): MemcacheSnapshot =
    MemcacheSnapshot(
        commandsSent = sumOf { it.commandsSent },
        repliesReceived = sumOf { it.repliesReceived },
        errorReplies = sumOf { it.errorReplies },
        timeouts = sumOf { it.timeouts },
        cancellations = sumOf { it.cancellations },
        replays = sumOf { it.replays },
        connects = sumOf { it.connects },
        connectFailures = sumOf { it.connectFailures },
        connectionsLost = sumOf { it.connectionsLost },
        inFlight = sumOf { it.inFlight },
        waiting = sumOf { it.waiting },
        unheardErrors = unheardErrors,
    )

package dev.uring.memcache

import dev.uring.client.ClientCounters

/** What a client has counted since it was made, all workers together; the last two are of now. */
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
)

internal fun List<ClientCounters>.sum(): MemcacheSnapshot =
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
    )

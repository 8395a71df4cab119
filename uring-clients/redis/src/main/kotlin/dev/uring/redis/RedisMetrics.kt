package dev.uring.redis

/** What a client has counted since it was made, all workers together; the last two are of now. */
public data class RedisSnapshot(
    val commandsSent: Long,
    val repliesReceived: Long,
    val errorReplies: Long,
    val pushesReceived: Long,
    val timeouts: Long,
    val cancellations: Long,
    val replays: Long,
    val connects: Long,
    val connectFailures: Long,
    val connectionsLost: Long,
    val inFlight: Long,
    val waiting: Long,
)

/**
 * The counters of one worker. Plain fields, as all of a worker's counters: other threads that read them may see a value
 * that is a moment old, and nothing stops for it.
 */
internal class RedisCounters {
    var commandsSent = 0L
    var repliesReceived = 0L
    var errorReplies = 0L
    var pushesReceived = 0L
    var timeouts = 0L
    var cancellations = 0L
    var replays = 0L
    var connects = 0L
    var connectFailures = 0L
    var connectionsLost = 0L
    var inFlight = 0L
    var waiting = 0L
}

internal fun List<RedisCounters>.sum(): RedisSnapshot =
    RedisSnapshot(
        commandsSent = sumOf { it.commandsSent },
        repliesReceived = sumOf { it.repliesReceived },
        errorReplies = sumOf { it.errorReplies },
        pushesReceived = sumOf { it.pushesReceived },
        timeouts = sumOf { it.timeouts },
        cancellations = sumOf { it.cancellations },
        replays = sumOf { it.replays },
        connects = sumOf { it.connects },
        connectFailures = sumOf { it.connectFailures },
        connectionsLost = sumOf { it.connectionsLost },
        inFlight = sumOf { it.inFlight },
        waiting = sumOf { it.waiting },
    )

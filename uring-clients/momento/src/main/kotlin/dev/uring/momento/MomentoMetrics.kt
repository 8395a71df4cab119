package dev.uring.momento

/** What a client has counted since it was made, all workers together; the last two are of now. */
public data class MomentoSnapshot(
    val commandsSent: Long,
    val repliesReceived: Long,
    val errorReplies: Long,
    val timeouts: Long,
    val cancellations: Long,
    /** Cancels that the server was sent, for commands that were cancelled or too late. */
    val cancelsSent: Long,
    /** Replies to commands that were given up before. */
    val lateReplies: Long,
    val replays: Long,
    val connects: Long,
    val connectFailures: Long,
    val connectionsLost: Long,
    val inFlight: Long,
    val waiting: Long,
)

internal fun List<MomentoSide>.sum(): MomentoSnapshot =
    MomentoSnapshot(
        commandsSent = sumOf { it.counters.commandsSent },
        repliesReceived = sumOf { it.counters.repliesReceived },
        errorReplies = sumOf { it.counters.errorReplies },
        timeouts = sumOf { it.counters.timeouts },
        cancellations = sumOf { it.counters.cancellations },
        cancelsSent = sumOf { it.cancelsSent },
        lateReplies = sumOf { it.lateReplies },
        replays = sumOf { it.counters.replays },
        connects = sumOf { it.counters.connects },
        connectFailures = sumOf { it.counters.connectFailures },
        connectionsLost = sumOf { it.counters.connectionsLost },
        inFlight = sumOf { it.counters.inFlight },
        waiting = sumOf { it.counters.waiting },
    )

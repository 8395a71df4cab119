package dev.uring.client

import dev.uring.worker.Timer
import java.util.concurrent.ThreadLocalRandom

/**
 * What happens to a [Link] when time passes: commands expire, a silent server is asked, a pause before the next attempt
 * to connect ends.
 *
 * One timer serves all commands: it stands at the earliest deadline there was when it was armed, and looks for the next
 * one when it fires. A timer for each command would be moved a million times a second for nothing.
 */
internal class LinkTimers<R>(
    private val link: Link<R>,
    side: WorkerSide<R>,
) {
    private val worker = side.worker
    private val config = side.links
    private val failures = side.failures
    private val expired = ArrayList<Request<R>>(0)
    private var armedFor = Request.NO_DEADLINE
    private var hasReceived = false
    private var isAsked = false

    private val deadlines = timer(::expire)
    private val health = timer(::look)
    private val pause = timer(link::pauseOver)
    private val end = timer { link.lose(failures.disconnected("the client was closed", wasSent = true)) }

    fun note(request: Request<R>) {
        if (request.timeoutNanos == Request.NO_DEADLINE) {
            request.deadlineNanos = Request.NO_DEADLINE
            return
        }
        // Counted from the beginning of the turn: asking the clock would cost more than the rest of a command.
        val deadline = worker.nanoTime() + request.timeoutNanos
        request.deadlineNanos = deadline
        if (deadline < armedFor) arm(deadline)
    }

    fun noteReceived() {
        hasReceived = true
    }

    /** The link is ready. */
    fun start() {
        hasReceived = true
        isAsked = false
        if (config.pingInterval.isFinite()) worker.arm(health, config.pingInterval.inWholeNanoseconds)
    }

    /** The link's connection is gone. */
    fun stop() {
        worker.disarm(health)
        worker.disarm(end)
    }

    /** The link is closed, and nothing waits. */
    fun end() {
        stop()
        worker.disarm(deadlines)
        worker.disarm(pause)
        armedFor = Request.NO_DEADLINE
    }

    /** Ends in [Link.pauseOver], the later the more attempts have failed in a row. */
    fun pause(failuresInRow: Int) {
        val doublings = (failuresInRow - 1).coerceIn(0, DOUBLINGS_MAX)
        val longest = minOf(config.reconnectDelayMin * (1 shl doublings), config.reconnectDelayMax).inWholeNanoseconds
        // Between half and all of it: many clients of a server that comes back shall not come at once.
        worker.arm(pause, ThreadLocalRandom.current().nextLong(longest / 2, longest + 1))
    }

    fun closeWithin() {
        if (config.commandTimeout.isFinite()) worker.arm(end, config.commandTimeout.inWholeNanoseconds)
    }

    private fun arm(deadline: Long) {
        armedFor = deadline
        worker.armFromTurn(deadlines, (deadline - worker.nanoTime()).coerceAtLeast(0))
    }

    private fun expire() {
        val now = worker.nanoTime()
        val soonest = link.traffic.collectExpired(now, expired)
        armedFor = Request.NO_DEADLINE
        if (soonest != Request.NO_DEADLINE) arm(soonest)
        // A copy: those who hear of it go on right here, and may come back to this object.
        val over = expired.toList()
        expired.clear()
        for (request in over) {
            if (request.deadlineNanos <= now && !request.isAbandoned) link.traffic.expire(request)
        }
    }

    private fun look() {
        if (hasReceived) {
            hasReceived = false
            isAsked = false
        } else if (isAsked) {
            val silence = "${config.address} has sent nothing for ${config.pingInterval} after a PING"
            return link.lose(failures.disconnected(silence, wasSent = true))
        } else {
            isAsked = link.ping()
        }
        worker.arm(health, config.pingInterval.inWholeNanoseconds)
    }

    private fun timer(action: () -> Unit): Timer =
        object : Timer() {
            override fun fire() = action()
        }

    private companion object {
        const val DOUBLINGS_MAX = 16
    }
}

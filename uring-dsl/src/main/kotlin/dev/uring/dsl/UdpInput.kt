package dev.uring.dsl

import dev.uring.worker.Timer
import java.net.InetSocketAddress
import kotlin.coroutines.Continuation
import kotlin.time.Duration
import dev.uring.net.UdpSocket as CoreUdpSocket

/**
 * The receiving half of a suspending UDP socket: when a reader waits, and what it is then lent.
 *
 * A datagram for a waiting reader is lent inside the core's own call, on the buffer the kernel filled. One that nobody
 * waits for stays with the core, which then pauses; the next reader takes it from there without suspending. A wait
 * carries no value, so a cancellation or a timeout that races with an arrival loses nothing.
 *
 * Thread: the socket's worker.
 */
internal class UdpInput(
    private val core: CoreUdpSocket,
) : Timer() {
    private val worker = core.worker()
    private val slot = WaitSlot(worker)

    private var isOffered = false
    private var timeout = Duration.INFINITE
    private var deadlineNanos = NO_DEADLINE
    private var armedForNanos = NO_DEADLINE
    private var isTimedOut = false
    private var isEnded = false
    private var closeCause: Throwable? = null

    fun expectWithin(limit: Duration) {
        core.checkOwner("receive")
        // A parked reader's deadline must not be overwritten by a second reader that is about to be refused.
        if (slot.isOccupied) throw secondReader()
        timeout = limit
        // Counted from the beginning of the loop's turn: asking the clock would cost more than the rest of a receive.
        val nanos = limit.inWholeNanoseconds
        deadlineNanos = if (nanos >= TIMEOUT_NANOS_MAX) NO_DEADLINE else worker.nanoTime() + nanos.coerceAtLeast(0)
    }

    fun await(continuation: Continuation<Unit>): Any {
        core.checkOwner("receive")
        if (isEnded || core.hasPending()) return Unit
        if (slot.isOccupied) throw secondReader()
        val suspended = slot.park(continuation)
        core.resumeReceive()
        if (deadlineNanos < armedForNanos) rearm()
        return suspended
    }

    /**
     * Lends the next datagram until [close]; false when there is none. That is the end when [isOver] says so. Otherwise
     * the coroutine was resumed through a foreign dispatcher and what woke it was gone when it got to run.
     */
    fun open(): Boolean {
        core.checkOwner("receive")
        val hasTimedOut = isTimedOut
        isTimedOut = false
        if (isOffered) {
            isOffered = false
            return true
        }
        if (!isEnded && core.take()) return true
        closeCause?.let { throw it }
        if (hasTimedOut && !isEnded) throw timedOut()
        return false
    }

    /** The block is done with what [open] lent. Of what the core's call lent, it ends the loan itself. */
    fun close() = core.release()

    fun isOver(): Boolean = isEnded

    fun handleDatagram() {
        isOffered = true
        slot.resume()
        if (isOffered) {
            isOffered = false
            if (core.isOpen) core.postpone()
        }
    }

    /** The socket closes, or its server drains: nothing more is offered to anyone. */
    fun end() {
        isEnded = true
        // Not right here: a coroutine may have called, and must not be entered by another.
        if (slot.isOccupied) worker.executeUnlessStopped(slot::resume)
    }

    fun handleClosed(cause: Throwable?) {
        isEnded = true
        closeCause = cause
        worker.disarm(this)
        slot.resume()
        slot.unbind()
    }

    override fun fire() {
        armedForNanos = NO_DEADLINE
        // Most often the wait that armed the timer is long over and a later one has a later deadline.
        if (!slot.isOccupied || deadlineNanos == NO_DEADLINE) return
        if (worker.nanoTime() < deadlineNanos) {
            rearm()
        } else {
            isTimedOut = true
            slot.resume()
        }
    }

    private fun rearm() {
        armedForNanos = deadlineNanos
        worker.arm(this, (deadlineNanos - worker.nanoTime()).coerceAtLeast(0))
    }

    private fun timedOut() = ReceiveTimeoutException(core.options().remote() ?: ANYBODY, timeout, 0)

    private fun secondReader() =
        IllegalStateException(
            "UDP socket ${core.localAddress()} has a reader already: another coroutine waits in receive.\n" +
                "  Let one coroutine receive and pass datagrams on, for instance through a channel.",
        )

    private companion object {
        const val NO_DEADLINE = Long.MAX_VALUE

        // 146 years: far enough to mean "no timeout" and still to be added to a clock reading without overflow.
        const val TIMEOUT_NANOS_MAX = Long.MAX_VALUE / 2

        val ANYBODY: InetSocketAddress = InetSocketAddress.createUnresolved("anybody", 0)
    }
}

/** Throws unless this is the thread of the socket's worker. */
internal fun CoreUdpSocket.checkOwner(operation: String) {
    if (worker().isCurrent) return
    val index = worker().index()
    throw IllegalStateException(
        "$operation on thread '${Thread.currentThread().name}', " +
            "but UDP socket ${localAddress()} belongs to worker $index.\n" +
            "  Call it there: onWorker($index) { … }, or return from the withContext that left the worker.",
    )
}

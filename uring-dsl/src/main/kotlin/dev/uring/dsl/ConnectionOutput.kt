package dev.uring.dsl

import dev.uring.base.ConnectionClosedException
import dev.uring.worker.Timer
import dev.uring.worker.Worker
import kotlin.coroutines.Continuation
import kotlin.coroutines.intrinsics.COROUTINE_SUSPENDED
import kotlin.time.Duration
import dev.uring.net.Connection as CoreConnection

/**
 * The sending half of a suspending connection: coroutines that wait until the send queue has emptied far enough.
 *
 * Several coroutines may write to one connection (a broadcast, a handler and its pings), so several may wait. Each
 * waits in a slot of its own; slots are made on first need and reused, so that waiting allocates nothing in the long
 * run.
 *
 * Thread: the connection's worker.
 */
internal class ConnectionOutput(
    private val core: CoreConnection,
    sendLowWaterBytes: Long,
) {
    var sendLowWaterBytes: Long = sendLowWaterBytes
        private set

    private val senders = ArrayList<Sender>(0)
    private val worker: Worker = core.worker()

    // What the program did here itself. The core knows it too, but not apart from what the peer did.
    private var endedBy: String? = null
    private var isClosedHere = false
    private var isClosed = false
    private var closeCause: Throwable? = null

    /**
     * For a sender: lets it go on below the high-water mark, else not before the queue has fallen to the low-water
     * mark.
     */
    fun awaitRoomToSend(
        continuation: Continuation<Unit>,
        timeout: Duration,
    ): Any {
        core.checkOwner("send")
        // Dropped bytes never fill the queue: a loop of such sends would not wait, and hold up the worker for ever.
        if (endedBy != null) throw closeReason()
        return if (core.isWritable && core.isOpen) Unit else await(continuation, sendLowWaterBytes, NOWHERE, timeout)
    }

    /** For a reader between two arrivals, when the queue is above its high-water mark. */
    fun awaitRoomToReceive(continuation: Continuation<Unit>): Any =
        await(continuation, sendLowWaterBytes, NOWHERE, Duration.INFINITE)

    /** For what is written so far: what other coroutines write behind it is not waited for. */
    fun awaitSent(
        continuation: Continuation<Unit>,
        timeout: Duration,
    ): Any {
        core.checkOwner("flush")
        if (isClosedHere) throw closeReason()
        if (core.isOpen) {
            if (core.unsentBytes() == 0L) return Unit
            core.flush()
        }
        return await(continuation, 0, core.writtenBytesTotal(), timeout)
    }

    fun setWaterMarks(
        lowBytes: Long,
        highBytes: Long,
    ) {
        require(lowBytes in 0..highBytes) {
            "low-water mark of $lowBytes bytes must be from 0 to the high-water mark of $highBytes bytes"
        }
        core.sendHighWaterBytes(highBytes)
        sendLowWaterBytes = lowBytes
    }

    /**
     * No more may be sent, because the program called [operation]. Those who wait had their bytes queued before: they
     * go on.
     */
    fun end(operation: String) {
        if (endedBy == null) endedBy = operation
    }

    /** [end], and nobody will hear when the queue empties. */
    fun close(operation: String) {
        end(operation)
        isClosedHere = true
        // Not right here: a coroutine called, and must not be entered by another.
        if (senders.any { it.slot.isOccupied }) worker.execute(::failWaiting)
    }

    private fun await(
        continuation: Continuation<Unit>,
        unsentBytesAtMost: Long,
        sentPosition: Long,
        timeout: Duration,
    ): Any {
        if (isClosed) throw closeReason()
        // A connection that broke in this turn is not open and not closed yet: onClosed will bring the reason.
        val sender = freeSender()
        sender.unsentBytesAtMost = unsentBytesAtMost
        sender.sentPosition = sentPosition
        sender.slot.park(continuation)
        sender.armFor(timeout)
        request()
        return COROUTINE_SUSPENDED
    }

    fun handleWritable() {
        // By index, and asking anew each time: a resumed coroutine may write, wait again and add a sender.
        for (i in senders.indices) {
            val sender = senders[i]
            if (sender.slot.isOccupied && sender.mayGoOn()) {
                worker.disarm(sender)
                sender.slot.resume()
            }
        }
        request()
    }

    fun handleClosed(cause: Throwable?) {
        isClosed = true
        closeCause = cause
        failWaiting()
        for (i in senders.indices) {
            worker.disarm(senders[i])
            senders[i].slot.unbind()
        }
    }

    private fun failWaiting() {
        for (i in senders.indices) senders[i].slot.fail(closeReason())
    }

    private fun freeSender(): Sender {
        for (i in senders.indices) {
            val sender = senders[i]
            if (!sender.slot.isOccupied) return sender
        }
        return Sender().also(senders::add)
    }

    // The core keeps one request of each kind: it is for the first of the waiting senders that can go on.
    private fun request() {
        var unsentBytesAtMost = -1L
        var sentPosition = Long.MAX_VALUE
        for (i in senders.indices) {
            val sender = senders[i]
            if (!sender.slot.isOccupied) continue
            if (sender.sentPosition == NOWHERE) {
                unsentBytesAtMost = maxOf(unsentBytesAtMost, sender.unsentBytesAtMost)
            } else {
                sentPosition = minOf(sentPosition, sender.sentPosition)
            }
        }
        if (unsentBytesAtMost >= 0) core.requestWritable(unsentBytesAtMost)
        if (sentPosition != Long.MAX_VALUE) core.requestSent(sentPosition)
    }

    private fun closeReason(): Throwable =
        closeCause ?: ConnectionClosedException(
            "send after this side's ${endedBy ?: "close()"}: remote=${core.peerAddress}.\n" +
                "  Likely cause: the handler has returned, or ended the output, while another coroutine still sends. " +
                "Check isOpen there, or let the handler wait for it.",
        )

    /** One waiting coroutine, and its own time limit. */
    private inner class Sender : Timer() {
        val slot = WaitSlot(worker)
        var unsentBytesAtMost = 0L
        var sentPosition = NOWHERE
        private var timeout = Duration.INFINITE

        fun mayGoOn(): Boolean =
            if (sentPosition == NOWHERE) {
                core.unsentBytes() <= unsentBytesAtMost
            } else {
                core.sentBytesTotal() >= sentPosition
            }

        // Disarmed in any case: a cancelled coroutine has left its limit behind.
        fun armFor(limit: Duration) {
            worker.disarm(this)
            timeout = limit
            if (limit.isFinite()) worker.arm(this, limit.inWholeNanoseconds.coerceAtLeast(0))
        }

        override fun fire() = slot.fail(SendTimeoutException(core.peerAddress, timeout, core.unsentBytes()))
    }

    private companion object {
        /** Waits for room, and not for a position of the stream to be sent. */
        const val NOWHERE = -1L
    }
}

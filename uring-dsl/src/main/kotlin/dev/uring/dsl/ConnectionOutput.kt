package dev.uring.dsl

import dev.uring.base.ConnectionClosedException
import dev.uring.worker.Worker
import kotlin.coroutines.Continuation
import kotlin.coroutines.intrinsics.COROUTINE_SUSPENDED
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
    private val sendLowWaterBytes: Long,
) {
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
    fun awaitRoomToSend(continuation: Continuation<Unit>): Any {
        core.checkOwner("send")
        // Dropped bytes never fill the queue: a loop of such sends would not wait, and hold up the worker for ever.
        if (endedBy != null) throw closeReason()
        return if (core.isWritable && core.isOpen) Unit else await(continuation, sendLowWaterBytes)
    }

    /** For a reader between two arrivals, when the queue is above its high-water mark. */
    fun awaitRoomToReceive(continuation: Continuation<Unit>): Any = await(continuation, sendLowWaterBytes)

    fun awaitSent(continuation: Continuation<Unit>): Any {
        core.checkOwner("flush")
        if (isClosedHere) throw closeReason()
        if (core.isOpen) {
            if (core.unsentBytes() == 0L) return Unit
            core.flush()
        }
        return await(continuation, 0)
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
    ): Any {
        if (isClosed) throw closeReason()
        // A connection that broke in this turn is not open and not closed yet: onClosed will bring the reason.
        val sender = freeSender()
        sender.unsentBytesAtMost = unsentBytesAtMost
        sender.slot.park(continuation)
        request()
        return COROUTINE_SUSPENDED
    }

    fun handleWritable() {
        // By index, and asking anew each time: a resumed coroutine may write, wait again and add a sender.
        for (i in senders.indices) {
            val sender = senders[i]
            if (core.unsentBytes() <= sender.unsentBytesAtMost) sender.slot.resume()
        }
        request()
    }

    fun handleClosed(cause: Throwable?) {
        isClosed = true
        closeCause = cause
        failWaiting()
        for (i in senders.indices) senders[i].slot.unbind()
    }

    private fun failWaiting() {
        for (i in senders.indices) senders[i].slot.fail(closeReason())
    }

    private fun freeSender(): Sender {
        for (i in senders.indices) {
            val sender = senders[i]
            if (!sender.slot.isOccupied) return sender
        }
        return Sender(WaitSlot(worker)).also(senders::add)
    }

    // The core keeps one request: it is for the first of the waiting senders that can go on.
    private fun request() {
        var unsentBytesAtMost = -1L
        for (i in senders.indices) {
            val sender = senders[i]
            if (sender.slot.isOccupied) unsentBytesAtMost = maxOf(unsentBytesAtMost, sender.unsentBytesAtMost)
        }
        if (unsentBytesAtMost >= 0) core.requestWritable(unsentBytesAtMost)
    }

    private fun closeReason(): Throwable =
        closeCause ?: ConnectionClosedException(
            "send after this side's ${endedBy ?: "close()"}: remote=${core.peerAddress}.\n" +
                "  Likely cause: the handler has returned, or ended the output, while another coroutine still sends. " +
                "Check isOpen there, or let the handler wait for it.",
        )

    private class Sender(
        val slot: WaitSlot,
    ) {
        var unsentBytesAtMost = 0L
    }
}

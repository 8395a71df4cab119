package dev.uring.dsl

import dev.uring.base.ConnectionClosedException
import kotlin.coroutines.Continuation
import kotlin.coroutines.intrinsics.COROUTINE_SUSPENDED
import dev.uring.net.UdpSocket as CoreUdpSocket

/**
 * The sending half of a suspending UDP socket: coroutines that wait until the send queue is half empty.
 *
 * Several coroutines may send on one socket, so several may wait; slots are made on first need and reused.
 *
 * Thread: the socket's worker.
 */
internal class UdpOutput(
    private val core: CoreUdpSocket,
) {
    private val slots = ArrayList<WaitSlot>(0)
    private val lowWaterBytes = core.options().sendQueueBytesMax() / 2L
    private var closeCause: Throwable? = null

    /** For a sender that was refused: because of a full queue, or for good. */
    fun awaitRoom(continuation: Continuation<Unit>): Any {
        core.checkOwner("send")
        if (!core.isOpen) throw closeReason()
        freeSlot().park(continuation)
        core.requestWritable(lowWaterBytes)
        return COROUTINE_SUSPENDED
    }

    fun handleWritable() {
        // By index: a resumed coroutine may wait again and add a slot. The others asked before and are all served.
        val count = slots.size
        for (i in 0 until count) slots[i].resume()
    }

    /** Nobody will hear when the queue empties. */
    fun close() {
        // Not right here: a coroutine called, and must not be entered by another.
        if (slots.any { it.isOccupied }) core.worker().executeUnlessStopped(::failWaiting)
    }

    fun handleClosed(cause: Throwable?) {
        closeCause = cause
        failWaiting()
        for (i in slots.indices) slots[i].unbind()
    }

    private fun failWaiting() {
        for (i in slots.indices) slots[i].fail(closeReason())
    }

    private fun freeSlot(): WaitSlot {
        for (i in slots.indices) {
            val slot = slots[i]
            if (!slot.isOccupied) return slot
        }
        return WaitSlot(core.worker()).also(slots::add)
    }

    private fun closeReason(): Throwable =
        closeCause ?: ConnectionClosedException(
            "send on a UDP socket that this side has closed: local=${core.localAddress()}.\n" +
                "  Likely cause: the block that owns it has returned while another coroutine still sends. " +
                "Check isOpen there, or let the block wait for it.",
        )
}

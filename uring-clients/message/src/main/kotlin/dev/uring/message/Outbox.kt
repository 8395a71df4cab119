package dev.uring.message

import dev.uring.message.codec.MessageOperation
import dev.uring.message.codec.MessageStatus
import dev.uring.worker.Worker
import kotlinx.coroutines.CancellationException
import kotlin.coroutines.Continuation
import kotlin.coroutines.intrinsics.COROUTINE_SUSPENDED

/**
 * What a channel has to send, and what it has written and is not yet sure of; and the coroutines that wait for room.
 *
 * Invariant: a message that a channel has accepted is in [waiting] or [written] until it is put back or given back (or
 * is the hello request of a connection that does not stand yet).
 * Thread: the channel's worker.
 */
internal class Outbox(
    private val worker: Worker,
) {
    private val rack: SlotRack<Sender> = SlotRack { newSender() }
    private val withoutRoom = ArrayDeque<Sender>(0)
    private var turns: SendTurns? = null

    /** Who waits for room goes on when no more messages are here. */
    private var roomAtCount = 0

    val waiting = EnvelopeQueue()
    val written = EnvelopeQueue()

    /** Messages that were released because they are sent, or received. */
    var releasedCount = 0L

    val count: Int get() = waiting.count + written.count

    /** Suspends [continuation]: if it [needsRoom], until half of what is here is gone; then, until it is its turn. */
    fun park(
        continuation: Continuation<Unit>,
        turns: SendTurns,
        needsRoom: Boolean,
    ): Any {
        val sender = rack.take(continuation.context)
        try {
            sender.park(continuation, ValueSlot.FOREVER)
        } catch (cancelled: CancellationException) {
            rack.giveBack(sender)
            throw cancelled
        }
        this.turns = turns
        if (needsRoom) {
            roomAtCount = count / 2
            sender.standIn(withoutRoom)
        } else {
            turns.standInLine(sender)
        }
        return COROUTINE_SUSPENDED
    }

    /** Continues those who wait for room, when a half of what was here is gone. */
    fun announceRoom() {
        if (count <= roomAtCount) announceEnd()
    }

    /** Continues all who wait for room. */
    fun announceEnd() {
        val turns = turns ?: return
        while (withoutRoom.isNotEmpty()) turns.standInLine(withoutRoom.removeFirst())
    }

    private fun newSender() = Sender(worker, rack)

    /** Puts back what the kernel has taken up to [sentBytes]. */
    fun releaseSent(sentBytes: Long) {
        while (true) {
            val first = written.peek() ?: break
            if (first.wireEnd > sentBytes) break
            releaseFirst()
        }
    }

    /** Puts back what the peer's program has got: [confirmedCount] messages in all. */
    fun releaseConfirmed(confirmedCount: Long) {
        while (!written.isEmpty && releasedCount < confirmedCount) releaseFirst()
    }

    private fun releaseFirst() {
        val first = written.poll() ?: return
        releasedCount++
        first.putBack()
    }

    /** Drops the hello request that was written: it is said anew for each connection. */
    fun dropHello() {
        if (written.peek()?.kind == MessageOperation.HELLO_REQUEST) written.poll()?.putBack()
    }

    /** Ids of all that wait. */
    fun waitingIds(): HashSet<Long> = HashSet<Long>().also { ids -> waiting.forEach { ids += it.messageId } }

    inline fun giveBackWritten(
        status: MessageStatus,
        giveBack: (Envelope, MessageStatus) -> Unit,
    ) {
        while (true) giveBack(written.poll() ?: break, status)
    }

    inline fun giveBackWaiting(
        status: MessageStatus,
        giveBack: (Envelope, MessageStatus) -> Unit,
    ) {
        while (true) giveBack(waiting.poll() ?: break, status)
    }
}

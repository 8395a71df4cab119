package dev.uring.dsl

import dev.uring.base.UnexpectedEndException
import dev.uring.bytes.ByteView
import dev.uring.bytes.ByteWindow
import dev.uring.net.OwnedBytes
import dev.uring.worker.Timer
import kotlin.coroutines.Continuation
import kotlin.time.Duration
import dev.uring.net.Connection as CoreConnection

/**
 * The receiving half of a suspending connection: when a reader waits, and what it is then lent.
 *
 * The bytes themselves stay in the core connection until a block has consumed them. A wait carries no value, so a
 * cancellation or a timeout that races with arriving bytes cannot lose any.
 *
 * It is its own timer: a deadline is a field, and the wheel node is moved only when it fires too early. The obvious
 * `withTimeout` around every receive costs 424 bytes and 220 ns each.
 *
 * Thread: the connection's worker.
 */
internal class ConnectionInput(
    private val core: CoreConnection,
) : Timer() {
    private val worker = core.worker()
    private val slot = WaitSlot(worker)
    private val window = ByteWindow("a block of Connection.receive")

    // What a block has seen and left whole is not offered again until more arrives. NOTHING after any consumption: the
    // rest then begins elsewhere, and may well be the next message.
    private var offeredTotal = NOTHING

    // Least unconsumed bytes that the reader wants to see.
    private var wantedBytes = 0
    private var isOwnedInBlock = false

    // Of the message that is being read: how many of its bytes were looked at, and whether it is whole.
    var seenBytes = 0
        private set
    var isMessageTaken = false
        private set
    private val part = ByteWindow("a block of Connection.readExactly, readUntil or readFrame")

    private var timeout = Duration.INFINITE
    private var deadlineNanos = NO_DEADLINE
    private var armedForNanos = NO_DEADLINE
    private var isTimedOut = false
    private var isDraining = false
    private var isClosedHere = false
    private var isClosed = false
    private var closeCause: Throwable? = null

    fun expectWithin(limit: Duration) {
        core.checkOwner("receive")
        // A parked reader's deadline must not be overwritten by a second reader that is about to be refused.
        if (slot.isOccupied || core.isForwarding) throw secondReader()
        if (wantedBytes != 0) need(0)
        timeout = limit
        // Counted from the beginning of the loop's turn: asking the clock would cost more than the rest of a receive.
        val nanos = limit.inWholeNanoseconds
        deadlineNanos = if (nanos >= TIMEOUT_NANOS_MAX) NO_DEADLINE else worker.nanoTime() + nanos.coerceAtLeast(0)
    }

    /** [expectWithin] for a message: whatever a block has seen of it before is looked at again. */
    fun expectMessageWithin(
        limit: Duration,
        leastBytes: Int,
    ) {
        expectWithin(limit)
        offeredTotal = NOTHING
        seenBytes = 0
        isMessageTaken = false
        if (leastBytes > 1) need(leastBytes)
    }

    /** The reader is not resumed before [bytes] bytes are there. */
    fun need(bytes: Int) {
        core.needAtLeast(bytes)
        wantedBytes = bytes
    }

    /** [need], and what was looked at in vain is not looked at again. */
    fun needMore(
        seen: Int,
        bytes: Int,
    ) {
        seenBytes = seen
        need(bytes)
    }

    fun takeMessage() {
        isMessageTaken = true
    }

    /** Lends a part of what a block was lent. */
    fun part(
        view: ByteView,
        from: Int,
        count: Int,
    ): ByteView {
        part.lend(view, from, count)
        return part
    }

    /** Consumes bytes in a block and gives them away; the block then returns 0. */
    fun own(count: Int): OwnedBytes {
        val owned = core.own(count)
        isOwnedInBlock = true
        return owned
    }

    /** For a reader of messages to whom the input has ended. */
    fun checkEndsBetweenMessages() {
        val left = core.readableBytes()
        if (left > 0) throw unexpectedEnd(left.toLong(), wantedBytes.toLong())
    }

    fun unexpectedEnd(
        receivedBytes: Long,
        expectedBytes: Long,
    ) = UnexpectedEndException(
        "connection ${core.peerAddress}, worker ${worker.index()}",
        receivedBytes,
        expectedBytes,
    )

    /** A forwarding is about to take the bytes: refused while somebody waits for them. */
    fun handOver() {
        core.checkOwner("forward")
        if (slot.isOccupied) throw secondReader()
        // What it leaves is new to the next reader, whatever a block has seen of it before.
        offeredTotal = NOTHING
    }

    fun await(continuation: Continuation<Unit>): Any {
        core.checkOwner("receive")
        if (hasNewBytes() || isOver()) return Unit
        if (slot.isOccupied) throw secondReader()
        val suspended = slot.park(continuation)
        core.resumeReceive()
        if (deadlineNanos < armedForNanos) rearm()
        return suspended
    }

    /**
     * Lends the unconsumed bytes until [close]; null when there is nothing new. That is the end when [isOver] says so.
     * Otherwise the coroutine was resumed through a foreign dispatcher, and what woke it was gone when it got to run:
     * it waits again.
     */
    fun open(): ByteView? {
        core.checkOwner("receive")
        val hasTimedOut = isTimedOut
        isTimedOut = false
        if (hasNewBytes()) {
            window.lend(core.received(), 0, core.readableBytes())
            return window
        }
        closeCause?.let { throw it }
        if (hasTimedOut && !isOver()) throw ReceiveTimeoutException(core.peerAddress, timeout, core.readableBytes())
        return null
    }

    fun close(consumed: Int) {
        val offered = window.size()
        val isOwned = isOwnedInBlock
        window.end()
        part.end()
        isOwnedInBlock = false
        // A connection that the block closed has dropped its input: there is nothing left to count.
        if (consumed == Connection.BLOCK_FAILED || !core.isOpen) return
        require(consumed in 0..offered) {
            "the block says it consumed $consumed bytes, but its view held $offered " +
                "(connection ${core.peerAddress}).\n" +
                "  Return how many bytes of the view are done with, counted from its start; 0 asks for more bytes."
        }
        if (consumed == 0 && !isOwned) {
            offeredTotal = core.receivedBytesTotal()
        } else {
            offeredTotal = NOTHING
            if (consumed > 0) core.consume(consumed)
        }
    }

    fun handleBytes() {
        // With nobody waiting the bytes pile up in the core. Paused, it stops the peer at its high-water mark; it could
        // not tell a busy coroutine from one that needs a longer frame.
        if (slot.isOccupied) slot.resume() else core.pauseReceive()
    }

    fun handleEnd() = slot.resume()

    /** This side closes the connection: nothing more is offered to anyone. */
    fun end() {
        isClosedHere = true
        // The core has taken the bytes back; a block that goes on looking at them must hear of it.
        window.end()
        // Not right here: a coroutine called, and must not be entered by another.
        if (slot.isOccupied) worker.execute(slot::resume)
    }

    fun handleDrain() {
        isDraining = true
        if (isOver()) slot.resume()
    }

    fun handleClosed(cause: Throwable?) {
        isClosed = true
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

    private fun hasNewBytes(): Boolean =
        core.readableBytes() >= wantedBytes.coerceAtLeast(1) && core.receivedBytesTotal() > offeredTotal

    /**
     * Whether nothing more will come. A draining server lets a handler finish the message it is in, and sends it home
     * between two of them. A connection that broke is not over before onClosed brings the reason: a reset must not pass
     * for an end.
     */
    fun isOver(): Boolean = isClosed || isClosedHere || (core.isOpen && (core.inputEnded() || isDrained()))

    private fun isDrained(): Boolean = isDraining && core.readableBytes() == 0

    private fun secondReader() =
        IllegalStateException(
            "connection ${core.peerAddress} has a reader already: another coroutine waits in receive or forwards.\n" +
                "  Bytes have one order, so let one coroutine receive and pass messages on, for instance through a " +
                "channel.",
        )

    private companion object {
        const val NOTHING = -1L
        const val NO_DEADLINE = Long.MAX_VALUE

        // 146 years: far enough to mean "no timeout" and still to be added to a clock reading without overflow.
        const val TIMEOUT_NANOS_MAX = Long.MAX_VALUE / 2
    }
}

package dev.uring.message

import dev.uring.message.codec.MessageEncoder
import dev.uring.message.codec.MessageOperation
import kotlin.coroutines.intrinsics.suspendCoroutineUninterceptedOrReturn
import dev.uring.net.Connection as CoreConnection

/**
 * What goes over a channel's connection: messages are written into its output as they are sent, as long as it is
 * writable, and each is kept until the kernel has taken all of its bytes, or with receipts, the peer's program has it.
 *
 * Thread: the channel's worker.
 */
internal class Transmission(
    private val channel: PeerChannel,
    private val config: EngineConfig,
) {
    private val outbox = channel.outbox
    private val waiting = outbox.waiting
    private val written = outbox.written
    private var packing: Packing? = null
    private var isSentAsked = false

    /** Whether the channel has unsent all that it may. */
    val isFull: Boolean get() = outbox.count >= config.channelMessagesMax || unsentBytes >= config.channelBytesMax

    private val unsentBytes: Long get() = channel.connection?.unsentBytes() ?: 0

    // Also when the group has used up what it keeps.
    private val hasNoRoom: Boolean
        get() = isFull || (outbox.count >= Shelf.UNSENT_WHEN_SHORT && channel.shelf?.isShort == true)

    // Not with less than a batch unsent: a send of a few messages costs as much as one of many.
    private val isTurnOver: Boolean
        get() =
            channel.shelf?.turns?.isOver == true &&
                (outbox.count >= Shelf.UNSENT_WHEN_SHORT || unsentBytes >= config.channelBytesMax / 2)

    /** Whether to [awaitRoom] after a message was sent. */
    val isToWait: Boolean get() = hasNoRoom || isTurnOver

    /** Suspends until there is room for messages and it is the caller's turn. */
    suspend fun awaitRoom(): Unit =
        suspendCoroutineUninterceptedOrReturn { continuation ->
            val needsRoom = hasNoRoom
            if ((needsRoom || isTurnOver) && !channel.isEnding) {
                outbox.park(continuation, channel.group.shelf(channel.worker).turns, needsRoom)
            } else {
                Unit
            }
        }

    /** Sends a message, now or when there is a connection that takes it. */
    fun send(envelope: Envelope) {
        val open = channel.connection
        val goesNow = channel.mayWrite && waiting.isEmpty && open?.isWritable == true
        if (goesNow) {
            write(open, envelope)
            askForSent(open)
        } else if (envelope.isFirst) {
            waiting.addFirst(envelope)
            pump()
        } else {
            waiting.add(envelope)
            pump()
        }
    }

    fun write(
        open: CoreConnection,
        envelope: Envelope,
    ) {
        val kind = envelope.kind
        // Not before it is its turn: what stands before it is for a peer that has agreed on nothing yet.
        if (kind == MessageOperation.HELLO_RESPONSE) channel.features.answer(envelope)
        config.tap?.passed(MessageTap.Direction.OUT, channel.number, envelope.text())
        if (packing?.write(open, envelope) != true) {
            MessageEncoder.write(envelope.message(), config.wireFormat, open.output())
        }
        envelope.wireEnd = open.writtenBytesTotal()
        written.add(envelope)
        channel.shelf?.turns?.sent(envelope.sizeOnWire)
        channel.counters.messagesSent++
        if (kind == MessageOperation.BYE_RESPONSE || kind == MessageOperation.BYE_SIGNAL) channel.saidBye()
    }

    /** Writes a hello that only the engines know of. */
    fun writeUncounted(
        open: CoreConnection,
        envelope: Envelope,
    ) {
        config.tap?.passed(MessageTap.Direction.OUT, channel.number, envelope.text())
        MessageEncoder.write(envelope.message(), config.wireFormat, open.output())
        envelope.putBack()
    }

    /** Writes what waits, as far as the connection takes it. */
    fun pump() {
        val open = channel.connection ?: return
        while (channel.mayWrite && open.isWritable) write(open, waiting.poll() ?: break)
        askForSent(open)
    }

    /** Writes what waits, as far as the connection's queue may ever hold it: nothing is sent behind it. */
    fun pumpLast(open: CoreConnection) {
        val unsentMax =
            channel.group.engine.runtime
                .config()
                .sendQueueBytesMax() / 2
        while (channel.mayWrite && open.unsentBytes() < unsentMax) write(open, waiting.poll() ?: break)
    }

    private fun askForSent(open: CoreConnection) {
        if (isSentAsked || !channel.mayWrite) return
        if (channel.features.holdsForReceipts) {
            if (waiting.isEmpty) return
            isSentAsked = true
            open.requestWritable(open.sendHighWaterBytes() / 2)
        } else {
            val first = written.peek() ?: return
            isSentAsked = true
            open.requestSent(first.wireEnd)
        }
    }

    /** The connection has sent what was asked for. */
    fun goOn() {
        isSentAsked = false
        settleSent()
        pump()
    }

    /** What the kernel has taken, or the peer has confirmed, is done with. */
    fun settleSent() {
        val sentBytes = channel.connection?.sentBytesTotal() ?: 0
        if (channel.features.holdsForReceipts) {
            outbox.releaseConfirmed(channel.features.confirmedCount)
        } else {
            outbox.releaseSent(sentBytes)
        }
        outbox.announceRoom()
    }

    /** The connection is lost. */
    fun stop() {
        isSentAsked = false
    }

    /** Bodies are packed with [agreed] from now on; not at all when it is null. */
    fun pack(agreed: Packing?) {
        packing = agreed
    }
}

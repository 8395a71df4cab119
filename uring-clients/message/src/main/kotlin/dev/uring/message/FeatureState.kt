package dev.uring.message

import dev.uring.message.codec.MessageOperation
import dev.uring.message.codec.WireFormat
import dev.uring.worker.Timer
import kotlin.time.Duration
import dev.uring.net.Connection as CoreConnection

/**
 * What the engines at both ends of a channel have agreed on, and what follows from it.
 *
 * Engines talk in signals with the engine's origin, which no program can send, and with what they mean in the status.
 * They do so after the hello messages have shown that both understand it, never before.
 *
 * Thread: the channel's worker.
 */
internal class FeatureState(
    private val channel: PeerChannel,
    private val config: EngineConfig,
) {
    private var offered = ChannelFeatures.NONE
    private var heartbeat: Heartbeat? = null
    private var peerOffer = ChannelFeatures.NONE
    private var toldCount = 0L
    private var isFinalSent = false

    /** Whether the peer's engine understands ours. */
    var isAgreed = false
        private set

    var receipts = false
        private set

    /** The peer has said how many messages its program has got in all. */
    var isFinalReceived = false
        private set

    /** Messages that the peer's program has got. */
    var confirmedCount = 0L
        private set

    /** Messages that our program has got. */
    var deliveredCount = 0L

    /**
     * Whether a sent message is kept until the peer's program has it; also while the peer has not answered the offer.
     */
    val holdsForReceipts: Boolean get() = receipts || offered.receipts

    val awaitsFinal: Boolean get() = receipts && !isFinalReceived

    /** Our hello request, before it is sent. */
    fun offer(hello: Envelope) {
        config.token?.let { hello.addTextHeader(TOKEN, it) }
        if (config.features.isNone) return
        offered = config.features
        hello.addTextHeader(ChannelFeatures.HEADER, offered.encode())
    }

    /** A hello of the peer. */
    fun hello(
        envelope: Envelope,
        kind: MessageOperation,
    ) {
        val said = ChannelFeatures.decode(envelope.textHeader(ChannelFeatures.HEADER))
        if (kind == MessageOperation.HELLO_REQUEST) {
            if (!isAgreed) peerOffer = said
        } else if (!offered.isNone) {
            val answered = offered
            offered = ChannelFeatures.NONE
            if (said.isNone) channel.settleSent() else agree(said.copy(receipts = said.receipts && answered.receipts))
        }
    }

    /** The peer has said something before it has answered our offer: it never will. */
    fun passedOver() {
        if (offered.isNone) return
        offered = ChannelFeatures.NONE
        channel.settleSent()
    }

    /** The program's hello response, before it is sent. */
    fun answer(envelope: Envelope) {
        offered = ChannelFeatures.NONE
        if (peerOffer.isNone || isAgreed) return
        envelope.addTextHeader(ChannelFeatures.HEADER, peerOffer.encode())
        agree(peerOffer)
    }

    private fun agree(features: ChannelFeatures) {
        isAgreed = true
        receipts = features.receipts
        if (features.heartbeat > Duration.ZERO) heartbeat = Heartbeat(features.heartbeat).also { it.next() }
    }

    /** A signal of the peer's engine. */
    fun received(
        kind: Int,
        count: Long,
    ) {
        when (kind) {
            RECEIPT -> {
                confirmedCount = maxOf(confirmedCount, count)
                channel.settleSent()
            }

            FINAL -> {
                confirmedCount = maxOf(confirmedCount, count)
                isFinalReceived = true
                channel.peerEnds()
            }
            // A heartbeat, or what a later version says: that it has come is enough.
        }
    }

    fun tellReceipts() {
        if (!receipts || isFinalSent || toldCount == deliveredCount) return
        toldCount = deliveredCount
        channel.writeOwn { write(it, RECEIPT, deliveredCount) }
    }

    /** Our last word; then only the peer's is read. */
    fun sendFinal(open: CoreConnection) {
        if (isFinalSent) return
        isFinalSent = true
        if (open.isOpen) write(open, FINAL, deliveredCount)
        open.shutdownOutput()
        if (open.inputEnded()) open.close()
    }

    fun stop() {
        heartbeat?.stop()
    }

    private fun write(
        open: CoreConnection,
        kind: Int,
        count: Long,
    ) {
        val third = if (config.wireFormat == WireFormat.V1) SIGNAL_V1 else SIGNAL_V2
        open
            .output()
            .putInt(third shl 8 or kind)
            .putLong(count)
            .putInt(0)
    }

    private inner class Heartbeat(
        interval: Duration,
    ) : Timer() {
        private val intervalNanos = interval.inWholeNanoseconds
        private var writtenBefore = -1L
        private var receivedBefore = -1L
        private var silentIntervals = 0

        fun next() = channel.worker.arm(this, intervalNanos)

        fun stop() = channel.worker.disarm(this)

        override fun fire() {
            val received = channel.receivedBytesTotal()
            // One that we do not listen to is not silent.
            silentIntervals = if (received == receivedBefore && !channel.isPaused) silentIntervals + 1 else 0
            receivedBefore = received
            if (silentIntervals >= SILENT_INTERVALS_MAX) {
                val millis = silentIntervals * intervalNanos / NANOS_PER_MILLI
                channel.peerIsDead("nothing was received for $millis ms, with a heartbeat agreed on")
                return
            }
            if (channel.writtenBytesTotal() == writtenBefore) channel.writeOwn { write(it, HEARTBEAT, 0) }
            writtenBefore = channel.writtenBytesTotal()
            next()
        }
    }

    companion object {
        /** Text header of a hello request: who is there. */
        const val TOKEN = "~token"

        private const val SIGNAL_V1 = 0x1c
        private const val SIGNAL_V2 = 0x12
        private const val RECEIPT = 1
        private const val FINAL = 2
        private const val HEARTBEAT = 3
        private const val SILENT_INTERVALS_MAX = 3
        private const val NANOS_PER_MILLI = 1_000_000
    }
}

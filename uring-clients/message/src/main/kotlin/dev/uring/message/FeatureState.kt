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
    private var agreed = ChannelFeatures.NONE
    private var heartbeat: Heartbeat? = null
    private var peerOffer = ChannelFeatures.NONE
    private var peerSession: String? = null
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
    fun offer(
        hello: Envelope,
        comeback: Comeback?,
    ) {
        config.token?.let { hello.addTextHeader(TOKEN, it) }
        offerAgain(comeback)
        if (offered.isNone) return
        val session = comeback?.session?.let { SessionWords.encode(it, null) }.orEmpty()
        hello.addTextHeader(ChannelFeatures.HEADER, offered.encode() + session)
    }

    /** What [offer] has offered stands in a hello request that was sent for another state of this channel. */
    fun offerAgain(comeback: Comeback?) {
        val needsReceipts = comeback != null && comeback.rule >= ResendRule.AT_LEAST_ONCE
        offered = if (needsReceipts) config.features.copy(receipts = true) else config.features
    }

    /** Our hello request for a connection that shall go on where this channel's last one broke. */
    fun askToResume(
        hello: Envelope,
        session: String,
    ) {
        config.token?.let { hello.addTextHeader(TOKEN, it) }
        val features = if (isAgreed) agreed else offered
        hello.addTextHeader(ChannelFeatures.HEADER, features.encode() + SessionWords.encode(session, deliveredCount))
    }

    /** The hello response that says so of our side, to a peer that has asked. */
    fun resumeWords(session: String): String = agreed.encode() + SessionWords.encode(session, deliveredCount)

    /** Both ends go on over another connection; the peer's program has got [got] messages. */
    fun resume(got: Long) {
        confirmedCount = maxOf(confirmedCount, got)
        toldCount = deliveredCount
        // We had not heard the answer to our offer when the connection broke, but the peer has given it.
        if (!isAgreed) agree(offered)
        heartbeat?.startAgain()
    }

    /** A hello of the peer. */
    fun hello(
        envelope: Envelope,
        kind: MessageOperation,
    ) {
        val text = envelope.textHeader(ChannelFeatures.HEADER)
        val said = ChannelFeatures.decode(text)
        if (kind == MessageOperation.HELLO_REQUEST) {
            if (!isAgreed) {
                peerOffer = said
                peerSession = SessionWords.decode(text).id.takeIf { said.receipts }
            }
        } else if (!offered.isNone) {
            val answered = offered
            offered = ChannelFeatures.NONE
            if (said.isNone) {
                channel.transmission.settleSent()
            } else {
                agree(
                    said.copy(
                        receipts = said.receipts && answered.receipts,
                        compression = said.compression && answered.compression,
                    ),
                )
            }
        }
    }

    /** The peer has said something before it has answered our offer: it never will. */
    fun passedOver() {
        if (offered.isNone) return
        offered = ChannelFeatures.NONE
        channel.transmission.settleSent()
    }

    /** The program's hello response, before it is sent. */
    fun answer(envelope: Envelope) {
        offered = ChannelFeatures.NONE
        if (peerOffer.isNone || isAgreed) return
        val session =
            peerSession
                ?.takeIf(
                    channel.continuity::keepSession,
                )?.let { SessionWords.encode(it, null) }
                .orEmpty()
        envelope.addTextHeader(ChannelFeatures.HEADER, peerOffer.encode() + session)
        agree(peerOffer)
    }

    private fun agree(features: ChannelFeatures) {
        isAgreed = true
        agreed = features
        offered = ChannelFeatures.NONE
        receipts = features.receipts
        if (features.compression) channel.agreeOnCompression()
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
                channel.transmission.settleSent()
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

        fun startAgain() {
            silentIntervals = 0
            receivedBefore = -1L
            if (!isArmed) next()
        }

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

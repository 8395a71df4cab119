package dev.uring.message

import dev.uring.bytes.ByteView
import dev.uring.message.codec.ChannelAddress
import dev.uring.message.codec.MessageOperation
import dev.uring.message.codec.MessageStatus
import dev.uring.message.codec.MessageType
import dev.uring.net.ConnectionHandler
import dev.uring.worker.Timer
import dev.uring.worker.Worker
import java.util.concurrent.atomic.AtomicInteger
import kotlin.time.toJavaDuration
import dev.uring.net.Connection as CoreConnection

/**
 * One end of a connection: from its opening to its end, and what becomes of its messages then.
 *
 * Messages go out by its [transmission] and come in by its reception. What was on its way when the connection ended is in
 * the [outbox] still, and can be given back.
 *
 * Invariant: a message that was accepted is in [hello] or in the [outbox], until it is put back or given back.
 * Thread: the worker's, but for [acceptAfar] and [leave].
 */
internal class PeerChannel(
    number: Int,
    group: Group,
    val worker: Worker,
    private val address: ChannelAddress?,
) : Channel(number, group),
    ConnectionHandler {
    private enum class Phase { NEW, OPENING, OPEN, AWAY, ENDING, ENDED }

    private val config = group.engine.config
    val outbox = Outbox(worker)
    private val fromAfar = AtomicInteger()
    var features = FeatureState(this, config)
        private set
    private var attempt: OpeningAttempt? = null
    private val closing = ClosingTimer()
    private var phase = Phase.NEW
    var connection: CoreConnection? = null
        private set

    // From when the connection stands.
    var shelf: Shelf? = null
        private set
    private var hello: Envelope? = null
    var firstId = 0L
        private set
    private var isByeQueued = false
    private var isSilent = false
    val counters = ChannelCounters()
    val continuity = Continuity(this, config)
    val transmission = Transmission(this, config)
    private val reception = Reception(this, config)
    var endStatus = MessageStatus.CHANNEL_CLOSED
        private set
    var endReason: String? = null
        private set

    val isFull: Boolean
        get() = if (worker.isCurrent) transmission.isFull else fromAfar.get() >= config.channelMessagesMax

    /** Whether who sends has to wait. */
    val isToWait: Boolean get() = if (worker.isCurrent) transmission.isToWait else isFull

    val isPaused: Boolean get() = reception.isStarving

    /** Takes a message of the program, to be sent. */
    fun accept(envelope: Envelope) {
        val kind = envelope.kind
        val isEndAtOnce = kind == MessageOperation.BYE_SIGNAL && envelope.isFirst
        when {
            phase == Phase.NEW && kind == MessageOperation.HELLO_REQUEST -> {
                begin(envelope)
            }

            isOver || (isByeQueued && !isEndAtOnce) -> {
                giveBack(envelope, MessageStatus.CHANNEL_CLOSED)
            }

            isEndAtOnce -> {
                endNow(envelope)
            }

            continuity.isRefusing -> {
                giveBack(envelope, MessageStatus.PEER_DISCONNECTED)
            }

            else -> {
                if (kind?.type() == MessageType.BYE) isByeQueued = true
                transmission.send(envelope)
            }
        }
    }

    // Its connection is closing, and then there shall be another one.
    private val isReturning get() = phase == Phase.ENDING && mayReturn
    private val mayReturn get() = !isByeQueued && continuity.isWanted
    private val isOver get() = phase >= Phase.ENDING && !isReturning

    val isEnding: Boolean get() = phase >= Phase.ENDING

    /** Whether what comes is of interest. */
    val listens: Boolean get() = phase == Phase.OPEN || (phase == Phase.ENDING && features.awaitsFinal)

    /** Whether messages may be written now. */
    val mayWrite: Boolean get() = phase == Phase.OPEN && !continuity.isHeld

    /** As [accept], from another thread. */
    fun acceptAfar(envelope: Envelope) {
        fromAfar.incrementAndGet()
        try {
            envelope.sendOver(this)
        } catch (stopped: java.util.concurrent.RejectedExecutionException) {
            fromAfar.decrementAndGet()
            envelope.give()
            throw stopped
        }
    }

    fun acceptFromAfar(envelope: Envelope) {
        fromAfar.decrementAndGet()
        accept(envelope)
    }

    private fun begin(envelope: Envelope) {
        phase = Phase.OPENING
        firstId = envelope.messageId
        hello = envelope
        continuity.begin(envelope)
        open()
    }

    private fun open() {
        attempt = OpeningAttempt(this, config).also { it.begin(checkNotNull(address)) }
    }

    /** The connection stands, or was accepted. */
    override fun onOpen(connection: CoreConnection) {
        if (phase >= Phase.ENDING) {
            connection.abort()
            return
        }
        this.connection = connection
        shelf = group.shelf(worker).also(Shelf::serve)
        phase = Phase.OPEN
        counters.connections++
        continuity.opened(connection)
        hello?.let {
            hello = null
            if (continuity.isHeld) transmission.writeUncounted(connection, it) else transmission.write(connection, it)
        }
        transmission.pump()
    }

    /** It could not be opened. [isAtOnce] for what tofu finds out before it asks the network. */
    fun openingFailed(
        status: MessageStatus,
        isAtOnce: Boolean,
        reason: String,
    ) {
        if (phase == Phase.ENDED) return
        val isGivenUp = phase == Phase.ENDING
        if (!isGivenUp && continuity.failedAgain(status)) {
            phase = Phase.AWAY
            if (counters.connections > 0) giveBackHello()
            return
        }
        if (!isGivenUp) endStatus = status
        endReason = if (isGivenUp) reason else continuity.describe(reason)
        isSilent = isAtOnce && !isGivenUp && counters.connections == 0
        if (isSilent) hello?.setKind(MessageOperation.HELLO_RESPONSE)
        finish()
    }

    override fun onWritable(connection: CoreConnection) = transmission.goOn()

    override fun onReceive(
        connection: CoreConnection,
        bytes: ByteView,
    ): Int {
        reception.receive(connection, bytes)
        return 0
    }

    /** The shelf has messages again. */
    fun feed() {
        reception.feed(connection ?: return)
    }

    /** The first message of an accepted connection; true when the program does not get it. */
    fun greeted(
        envelope: Envelope,
        kind: MessageOperation,
    ): Boolean {
        firstId = envelope.messageId
        val authorize = config.authorize
        val isHello = kind == MessageOperation.HELLO_REQUEST
        if (authorize != null && !(isHello && authorize(envelope.textHeader(FeatureState.TOKEN)))) {
            isSilent = true
            envelope.putBack()
            end(MessageStatus.NOT_ALLOWED, "its token was refused", isAtOnce = true)
            return true
        }
        val open = connection
        if (!isHello || config.resume == null || open == null) return false
        return continuity.goesOnElsewhere(envelope, open)
    }

    /** What came is no message, or none that may come. */
    fun garbled(problem: String) = end(MessageStatus.RECV_FAILED, problem, isAtOnce = true)

    /** One of its ends has said bye, which is the last message. */
    fun saidBye() = end(MessageStatus.CHANNEL_CLOSED)

    /** Writes bytes of the engine's own. */
    inline fun writeOwn(write: (CoreConnection) -> Unit) {
        val open = connection ?: return
        if (open.isOpen) write(open)
    }

    fun receivedBytesTotal(): Long = connection?.receivedBytesTotal() ?: 0

    fun writtenBytesTotal(): Long = connection?.writtenBytesTotal() ?: 0

    /** The peer's engine has told that it ends the channel and what its program has got. */
    fun peerEnds() {
        transmission.settleSent()
        continuity.peerSaidFarewell()
        breakOff("the peer has closed the channel")
    }

    fun peerIsDead(reason: String) = breakOff(reason, isAtOnce = true)

    /** The connection broke, or is of no use any more. */
    fun breakOff(
        reason: String,
        isAtOnce: Boolean = false,
    ) {
        if (phase != Phase.OPEN) return
        continuity.isBroken = true
        end(MessageStatus.PEER_DISCONNECTED, reason, isAtOnce || continuity.leavesSilently())
    }

    private fun endNow(bye: Envelope) {
        giveBack(bye, MessageStatus.CHANNEL_CLOSED)
        continuity.renounce()
        end(MessageStatus.CHANNEL_CLOSED, isAtOnce = !features.holdsForReceipts)
    }

    override fun leave() {
        if (!worker.isCurrent) {
            worker.tryExecute(::leave)
            return
        }
        continuity.renounce()
        val open = connection
        if (open != null && phase == Phase.OPEN) {
            // What waits for room goes too, as far as the connection takes it, which is closed behind it.
            transmission.pumpLast(open)
        }
        end(MessageStatus.CHANNEL_CLOSED)
    }

    private fun end(
        status: MessageStatus,
        reason: String? = null,
        isAtOnce: Boolean = false,
    ) {
        if (phase >= Phase.ENDING) return
        val isOpening = phase == Phase.OPENING || phase == Phase.NEW
        phase = Phase.ENDING
        endStatus = status
        endReason = reason
        val open = connection
        when {
            isOpening -> attempt?.cancel()
            open == null -> finish()
            isAtOnce -> open.abort()
            features.isAgreed && features.receipts -> features.sendFinal(open)
            else -> open.close()
        }
        if (phase == Phase.ENDING && !isAtOnce) worker.arm(closing, config.closeTimeout.inWholeNanoseconds)
        // It reads no more while it is paused, and would not hear the peer's last words.
        reception.endStarving(open)
    }

    override fun onEnd(connection: CoreConnection) {
        if (phase == Phase.OPEN) {
            breakOff("the peer has closed the connection")
            return
        }
        // Its last word may lie here since we stopped to receive.
        if (features.awaitsFinal) reception.takeRest(connection)
        connection.close()
    }

    override fun onDrain(connection: CoreConnection) = leave()

    override fun onClosed(
        connection: CoreConnection,
        cause: Throwable?,
    ) {
        val isOurs = connection === this.connection
        // One that was taken over from: the channel has another now, or waits for one.
        if (!isOurs && (phase < Phase.ENDING || this.connection != null)) return
        if (phase == Phase.OPEN) {
            continuity.isBroken = true
            endStatus = MessageStatus.PEER_DISCONNECTED
            endReason = cause?.message
        }
        transmission.settleSent()
        finish()
    }

    private fun finish() {
        if (phase == Phase.ENDED) return
        worker.disarm(closing)
        features.stop()
        reception.stop()
        shelf?.leave(this)
        shelf = null
        if (mayReturn) return goAway()
        phase = Phase.ENDED
        continuity.stop()
        // With receipts nobody knows of these, unless the peer has had the last word.
        val isUnknown = features.holdsForReceipts && !features.isFinalReceived
        val statusOfWritten = if (isUnknown) MessageStatus.COMMUNICATION_FAILED else endStatus
        giveBackHello()
        outbox.giveBackWritten(statusOfWritten, ::giveBack)
        outbox.giveBackWaiting(endStatus, ::giveBack)
        outbox.announceEnd()
        if (isSilent) group.ended(this) else group.ended(this, firstId, endReason)
    }

    // The program has sent the first one only.
    private fun giveBackHello() {
        val unsent = hello ?: return
        hello = null
        if (counters.connections == 0) giveBack(unsent, endStatus) else unsent.putBack()
    }

    // The connection broke, and there shall be another one.
    private fun goAway() {
        phase = Phase.AWAY
        connection = null
        transmission.stop()
        continuity.goAway()
    }

    /** Whether it waits for another connection. */
    val isAway: Boolean get() = phase == Phase.AWAY

    /** Whether this side has connected. */
    val hasConnected: Boolean get() = address != null

    /** Another connection, after a pause. */
    fun openAgain(back: Reconnection) {
        if (phase != Phase.AWAY) return
        phase = Phase.OPENING
        if (hello == null) hello = continuity.helloAgain(back)
        open()
    }

    /** Nothing is agreed on any more, and [releasedAlready] messages of the new count need no receipt. */
    fun beginFeatures(releasedAlready: Long) {
        features.stop()
        features = FeatureState(this, config)
        outbox.releasedCount = releasedAlready
        transmission.pack(null)
        reception.allowPacked(false)
    }

    /** It waits no longer for another connection. */
    fun giveUp(
        status: MessageStatus,
        reason: String?,
    ) {
        endStatus = status
        endReason = reason
        continuity.renounce()
        finish()
    }

    /** Its connection broke, and it has not noticed: the peer says so. */
    fun breakUnnoticed(reason: String) {
        if (phase != Phase.OPEN && !isReturning) return
        val old = connection
        continuity.isBroken = true
        endStatus = MessageStatus.PEER_DISCONNECTED
        endReason = reason
        finish()
        old?.abort()
    }

    /** Its connection becomes that of another channel, and the program never hears of this one. */
    fun letGo() {
        isSilent = true
        connection = null
        finish()
    }

    /** It has said all that it had to, and the program never hears of it. */
    fun endUnheardOf() {
        isSilent = true
        end(MessageStatus.CHANNEL_CLOSED)
    }

    fun agreeOnCompression() {
        transmission.pack(Packing(group.engine.packer(worker), config, counters))
        reception.allowPacked(true)
    }

    fun giveBack(
        envelope: Envelope,
        status: MessageStatus,
    ) {
        envelope.fail(status)
        counters.messagesReturned++
        group.giveBack(envelope)
    }

    fun metrics(): ChannelMetrics = counters.metrics(this, outbox.count, isPaused)

    // A peer that neither reads nor closes must not hold the channel for ever.
    private inner class ClosingTimer : Timer() {
        override fun fire() {
            val open = connection
            if (open == null) finish() else open.abort()
        }
    }

    val connectTimeout get() = config.connectTimeout.toJavaDuration()
}

package dev.uring.message

import dev.uring.bytes.ByteView
import dev.uring.codec.DecodeStatus
import dev.uring.message.codec.ChannelAddress
import dev.uring.message.codec.MessageEncoder
import dev.uring.message.codec.MessageOperation
import dev.uring.message.codec.MessageStatus
import dev.uring.message.codec.MessageType
import dev.uring.message.codec.MessageView
import dev.uring.message.codec.PoolStrategy
import dev.uring.net.ConnectionHandler
import dev.uring.worker.Timer
import dev.uring.worker.Worker
import java.util.concurrent.atomic.AtomicInteger
import kotlin.time.toJavaDuration
import dev.uring.net.Connection as CoreConnection

/**
 * One end of a connection.
 *
 * Messages are written into the connection's output as they are sent, as long as it is writable, and leave together at
 * the end of the turn. Each is kept until the kernel has taken all of its bytes (with receipts: until the peer has told
 * that its program has it), so that what was on its way when the connection ended can be given back.
 *
 * Invariant: a message that was accepted is in [hello], [waiting] or [written], until it is put back or given back.
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
    private val view = MessageView(config.wireFormat)
    val outbox = Outbox()
    private val waiting = outbox.waiting
    private val written = outbox.written
    private val fromAfar = AtomicInteger()
    var features = FeatureState(this, config)
        private set
    private var attempt: OpeningAttempt? = null
    private val closing = ClosingTimer()
    private var phase = Phase.NEW
    private var connection: CoreConnection? = null

    // From when the connection stands.
    private var shelf: Shelf? = null
    private var hello: Envelope? = null
    var firstId = 0L
        private set
    private var isSentAsked = false
    private var isByeQueued = false
    private var isStarving = false
    private var isSilent = false
    private var packing: Packing? = null
    val counters = ChannelCounters()
    val continuity = Continuity(this, config)
    var endStatus = MessageStatus.CHANNEL_CLOSED
        private set
    var endReason: String? = null
        private set

    val isFull: Boolean
        get() =
            if (worker.isCurrent) {
                outbox.count >= config.channelMessagesMax
            } else {
                fromAfar.get() >= config.channelMessagesMax
            }

    /** Whether who sends has to wait: also when the group has used up what it keeps. On the worker. */
    private val hasNoRoom: Boolean
        get() {
            val unsent = outbox.count
            return unsent >= config.channelMessagesMax || (unsent >= Shelf.UNSENT_WHEN_SHORT && shelf?.isShort == true)
        }

    /** Whether to [awaitRoom] after a message was sent. */
    val isToWait: Boolean get() = if (worker.isCurrent) hasNoRoom else isFull

    val isPaused: Boolean get() = isStarving

    /** Takes a message of the program, to be sent. */
    fun accept(envelope: Envelope) {
        val kind = envelope.kind
        val isEndAtOnce = kind == MessageOperation.BYE_SIGNAL && envelope.isFirst
        when {
            phase == Phase.NEW && kind == MessageOperation.HELLO_REQUEST -> begin(envelope)
            isOver || (isByeQueued && !isEndAtOnce) -> giveBack(envelope, MessageStatus.CHANNEL_CLOSED)
            isEndAtOnce -> endNow(envelope)
            continuity.isRefusing -> giveBack(envelope, MessageStatus.PEER_DISCONNECTED)
            else -> queue(envelope, kind)
        }
    }

    // Its connection is closing, and then there shall be another one.
    private val isReturning get() = phase == Phase.ENDING && mayReturn
    private val mayReturn get() = !isByeQueued && continuity.isWanted
    private val isOver get() = phase >= Phase.ENDING && !isReturning
    private val mayWrite get() = phase == Phase.OPEN && !continuity.isHeld

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

    /** Suspends until there is room for messages again. */
    suspend fun awaitRoom() {
        if (!hasNoRoom || phase >= Phase.ENDING) return
        outbox.awaitRoom()
    }

    private fun queue(
        envelope: Envelope,
        kind: MessageOperation?,
    ) {
        if (kind?.type() == MessageType.BYE) isByeQueued = true
        val open = connection
        val goesNow = mayWrite && waiting.isEmpty && open?.isWritable == true
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
            if (continuity.isHeld) writeUncounted(connection, it) else write(connection, it)
        }
        pump()
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

    private fun write(
        open: CoreConnection,
        envelope: Envelope,
    ) {
        val kind = envelope.kind
        // Not before it is its turn: what stands before it is for a peer that has agreed on nothing yet.
        if (kind == MessageOperation.HELLO_RESPONSE) features.answer(envelope)
        config.tap?.passed(MessageTap.Direction.OUT, number, envelope.text())
        if (packing?.write(open, envelope) != true) {
            MessageEncoder.write(envelope.message(), config.wireFormat, open.output())
        }
        envelope.wireEnd = open.writtenBytesTotal()
        written.add(envelope)
        counters.messagesSent++
        if (kind == MessageOperation.BYE_RESPONSE || kind == MessageOperation.BYE_SIGNAL) {
            end(MessageStatus.CHANNEL_CLOSED)
        }
    }

    /** Writes a hello that only the engines know of. */
    fun writeUncounted(
        open: CoreConnection,
        envelope: Envelope,
    ) {
        config.tap?.passed(MessageTap.Direction.OUT, number, envelope.text())
        MessageEncoder.write(envelope.message(), config.wireFormat, open.output())
        envelope.putBack()
    }

    fun pump() {
        val open = connection ?: return
        while (mayWrite && open.isWritable) write(open, waiting.poll() ?: break)
        askForSent(open)
    }

    private fun askForSent(open: CoreConnection) {
        if (isSentAsked || !mayWrite) return
        if (features.holdsForReceipts) {
            if (waiting.isEmpty) return
            isSentAsked = true
            open.requestWritable(open.sendHighWaterBytes() / 2)
        } else {
            val first = written.peek() ?: return
            isSentAsked = true
            open.requestSent(first.wireEnd)
        }
    }

    override fun onWritable(connection: CoreConnection) {
        isSentAsked = false
        settleSent()
        pump()
    }

    /** What the kernel has taken, or the peer has confirmed, is done with. */
    fun settleSent() {
        val sentBytes = connection?.sentBytesTotal() ?: 0
        if (features.holdsForReceipts) {
            outbox.releaseConfirmed(features.confirmedCount)
        } else {
            outbox.releaseSent(sentBytes)
        }
        outbox.announceRoom()
    }

    override fun onReceive(
        connection: CoreConnection,
        bytes: ByteView,
    ): Int {
        val consumed = parse(connection, bytes)
        // Before anybody is resumed: a coroutine may end the connection, and then nothing may be consumed any more.
        if (consumed > 0) connection.consume(consumed)
        receivedSome()
        return 0
    }

    /** The shelf has messages again. */
    fun feed() {
        val open = connection ?: return
        isStarving = false
        if (phase >= Phase.ENDING) return
        val consumed = parse(open, open.received())
        if (consumed > 0) open.consume(consumed)
        if (!isStarving) open.resumeReceive()
        receivedSome()
    }

    private fun receivedSome() {
        view.end()
        features.tellReceipts()
        group.wakeNowAt(worker)
    }

    private fun parse(
        open: CoreConnection,
        bytes: ByteView,
    ): Int {
        var at = 0
        while (phase == Phase.OPEN || (phase == Phase.ENDING && features.awaitsFinal)) {
            when (view.decode(bytes, at)) {
                DecodeStatus.NEED_MORE -> {
                    if (at < bytes.size()) open.needAtLeast(view.neededBytes())
                    return at
                }

                DecodeStatus.BAD -> {
                    bad(view.problem())
                }

                DecodeStatus.DONE -> {
                    val size = view.neededBytes()
                    if (!received()) return at
                    at += size
                }
            }
        }
        return bytes.size()
    }

    // False when there is no message to receive into.
    private fun received(): Boolean {
        val kind = view.operation()
        when {
            view.isFromEngine && features.isAgreed -> features.received(view.statusCode(), view.id())
            kind.type() == MessageType.WELCOME -> bad("a $kind on the wire: an engine keeps it to itself")
            phase == Phase.ENDING -> counters.messagesDropped++
            else -> return deliver(kind)
        }
        return true
    }

    private fun deliver(kind: MessageOperation): Boolean {
        if (view.isPacked && !view.unpack(group.engine.packer(worker))) {
            bad("a compressed body that is garbage, or larger than it says")
            return true
        }
        val borrower = group.borrower
        if (borrower != null && kind.type() == MessageType.REGULAR && borrower.receive(number, view)) {
            counters.messagesReceived++
            features.deliveredCount++
            return true
        }
        val shelf = checkNotNull(shelf)
        val message = shelf.take(PoolStrategy.POOL_ONLY)
        if (message == null) {
            isStarving = true
            connection?.pauseReceive()
            shelf.starve(this)
            return false
        }
        view.copyTo(message, number)
        val envelope = Envelope.of(message)
        config.tap?.passed(MessageTap.Direction.IN, number, envelope.text())
        if (continuity.isUnheard) {
            continuity.isUnheard = false
            if (if (hasConnected) continuity.answered(envelope, kind) else greeted(envelope, kind)) return true
        }
        counters.messagesReceived++
        features.deliveredCount++
        if (kind.type() == MessageType.HELLO) features.hello(envelope, kind) else features.passedOver()
        group.receive(envelope, worker)
        if (kind == MessageOperation.BYE_RESPONSE || kind == MessageOperation.BYE_SIGNAL) {
            end(MessageStatus.CHANNEL_CLOSED)
        }
        return true
    }

    // The first message of an accepted connection; true when the program does not get it.
    private fun greeted(
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

    private fun bad(problem: String) = end(MessageStatus.RECV_FAILED, problem, isAtOnce = true)

    /** Writes bytes of the engine's own. */
    inline fun writeOwn(write: (CoreConnection) -> Unit) {
        val open = connection ?: return
        if (open.isOpen) write(open)
    }

    fun receivedBytesTotal(): Long = connection?.receivedBytesTotal() ?: 0

    fun writtenBytesTotal(): Long = connection?.writtenBytesTotal() ?: 0

    /** The peer's engine has told that it ends the channel and what its program has got. */
    fun peerEnds() {
        settleSent()
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
            val unsentMax =
                group.engine.runtime
                    .config()
                    .sendQueueBytesMax() / 2
            while (mayWrite && open.unsentBytes() < unsentMax) write(open, waiting.poll() ?: break)
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
        if (isStarving) {
            isStarving = false
            shelf?.forget(this)
            open?.resumeReceive()
        }
    }

    override fun onEnd(connection: CoreConnection) {
        if (phase == Phase.OPEN) {
            breakOff("the peer has closed the connection")
            return
        }
        // Its last word may lie here since we stopped to receive.
        if (features.awaitsFinal) connection.consume(parse(connection, connection.received()))
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
        settleSent()
        finish()
    }

    private fun finish() {
        if (phase == Phase.ENDED) return
        worker.disarm(closing)
        features.stop()
        shelf?.leave(this)
        shelf = null
        isStarving = false
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
        isSentAsked = false
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
        packing = null
        view.allowPacked(false)
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
        packing = Packing(group.engine.packer(worker), config, counters)
        view.allowPacked(true)
    }

    fun giveBack(
        envelope: Envelope,
        status: MessageStatus,
    ) {
        envelope.fail(status)
        counters.messagesReturned++
        group.giveBack(envelope)
    }

    fun metrics(): ChannelMetrics = counters.metrics(this, outbox.count, isStarving)

    // A peer that neither reads nor closes must not hold the channel for ever.
    private inner class ClosingTimer : Timer() {
        override fun fire() {
            val open = connection
            if (open == null) finish() else open.abort()
        }
    }

    val connectTimeout get() = config.connectTimeout.toJavaDuration()
}

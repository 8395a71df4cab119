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
import kotlinx.coroutines.CancellableContinuation
import kotlinx.coroutines.suspendCancellableCoroutine
import java.util.concurrent.atomic.AtomicInteger
import kotlin.coroutines.resume
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
    private enum class Phase { NEW, OPENING, OPEN, ENDING, ENDED }

    private val config = group.engine.config
    private val view = MessageView(config.wireFormat)
    private val waiting = EnvelopeQueue()
    private val written = EnvelopeQueue()
    private val fromAfar = AtomicInteger()
    private val roomWaiters = ArrayDeque<CancellableContinuation<Unit>>()
    private val features = FeatureState(this, config)
    private val attempt by lazy { OpeningAttempt(this, config) }
    private val closing = ClosingTimer()
    private var phase = Phase.NEW
    private var connection: CoreConnection? = null

    // From when the connection stands.
    private var shelf: Shelf? = null
    private var hello: Envelope? = null
    private var firstId = 0L
    private var isSentAsked = false

    /** Who waits for room goes on when no more messages are unsent. */
    private var roomAtUnsent = 0
    private var isByeQueued = false
    private var isStarving = false
    private var isSilent = false
    private var endStatus = MessageStatus.CHANNEL_CLOSED
    private var endReason: String? = null

    /** Messages that were released because they are sent, or received. */
    private var releasedCount = 0L
    val counters = ChannelCounters()

    val isFull: Boolean
        get() =
            if (worker.isCurrent) {
                waiting.count + written.count >= config.channelMessagesMax
            } else {
                fromAfar.get() >= config.channelMessagesMax
            }

    /** Whether who sends has to wait: also when the group has used up what it keeps. On the worker. */
    private val hasNoRoom: Boolean
        get() {
            val unsent = waiting.count + written.count
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
            phase == Phase.NEW && kind == MessageOperation.HELLO_REQUEST -> {
                begin(envelope)
            }

            phase >= Phase.ENDING || (isByeQueued && !isEndAtOnce) -> {
                giveBack(envelope, MessageStatus.CHANNEL_CLOSED)
            }

            isEndAtOnce -> {
                giveBack(envelope, MessageStatus.CHANNEL_CLOSED)
                endNow()
            }

            else -> {
                queue(envelope, kind)
            }
        }
    }

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
        roomAtUnsent = (waiting.count + written.count) / 2
        suspendCancellableCoroutine { roomWaiters.addLast(it) }
    }

    private fun queue(
        envelope: Envelope,
        kind: MessageOperation?,
    ) {
        if (kind?.type() == MessageType.BYE) isByeQueued = true
        if (kind == MessageOperation.HELLO_RESPONSE) features.answer(envelope)
        val open = connection
        if (open != null && waiting.isEmpty && open.isWritable) {
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
        features.offer(envelope)
        attempt.begin(checkNotNull(address))
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
        hello?.let {
            hello = null
            write(connection, it)
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
        if (!isGivenUp) endStatus = status
        endReason = reason
        isSilent = isAtOnce && !isGivenUp
        hello?.let {
            if (isSilent) it.setKind(MessageOperation.HELLO_RESPONSE)
            hello = null
            giveBack(it, endStatus)
        }
        finish()
    }

    private fun write(
        open: CoreConnection,
        envelope: Envelope,
    ) {
        config.tap?.passed(MessageTap.Direction.OUT, number, envelope.text())
        MessageEncoder.write(envelope.message(), config.wireFormat, open.output())
        envelope.wireEnd = open.writtenBytesTotal()
        written.add(envelope)
        counters.messagesSent++
        val kind = envelope.kind
        if (kind == MessageOperation.BYE_RESPONSE ||
            kind == MessageOperation.BYE_SIGNAL
        ) {
            end(MessageStatus.CHANNEL_CLOSED)
        }
    }

    private fun pump() {
        val open = connection ?: return
        while (phase == Phase.OPEN && open.isWritable) write(open, waiting.poll() ?: break)
        askForSent(open)
    }

    private fun askForSent(open: CoreConnection) {
        if (isSentAsked || phase != Phase.OPEN) return
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
        while (true) {
            val first = written.peek() ?: break
            val isDone =
                if (features.holdsForReceipts) releasedCount < features.confirmedCount else first.wireEnd <= sentBytes
            if (!isDone) break
            written.poll()
            releasedCount++
            first.putBack()
        }
        if (waiting.count + written.count <= roomAtUnsent) resumeRoomWaiters()
    }

    private fun resumeRoomWaiters() {
        while (roomWaiters.isNotEmpty()) roomWaiters.removeFirst().resume(Unit)
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
        if (firstId == 0L) {
            firstId = envelope.messageId
            if (!isAuthorized(envelope, kind)) {
                isSilent = true
                envelope.putBack()
                end(MessageStatus.NOT_ALLOWED, "its token was refused", isAtOnce = true)
                return true
            }
        }
        counters.messagesReceived++
        features.deliveredCount++
        if (kind.type() == MessageType.HELLO) features.hello(envelope, kind) else features.passedOver()
        group.receive(envelope, worker)
        if (kind == MessageOperation.BYE_RESPONSE ||
            kind == MessageOperation.BYE_SIGNAL
        ) {
            end(MessageStatus.CHANNEL_CLOSED)
        }
        return true
    }

    private fun isAuthorized(
        envelope: Envelope,
        kind: MessageOperation,
    ): Boolean {
        val authorize = config.authorize
        if (authorize == null || address != null) return true
        return kind == MessageOperation.HELLO_REQUEST && authorize(envelope.textHeader(FeatureState.TOKEN))
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
        if (phase == Phase.OPEN) end(MessageStatus.PEER_DISCONNECTED, "the peer has closed the channel")
    }

    fun peerIsDead(reason: String) = end(MessageStatus.PEER_DISCONNECTED, reason, isAtOnce = true)

    private fun endNow() = end(MessageStatus.CHANNEL_CLOSED, isAtOnce = !features.holdsForReceipts)

    override fun leave() {
        if (!worker.isCurrent) {
            worker.tryExecute(::leave)
            return
        }
        val open = connection
        if (open != null && phase == Phase.OPEN) {
            // What waits for room goes too, as far as the connection takes it, which is closed behind it.
            val unsentMax =
                group.engine.runtime
                    .config()
                    .sendQueueBytesMax() / 2
            while (phase == Phase.OPEN && open.unsentBytes() < unsentMax) write(open, waiting.poll() ?: break)
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
            isOpening -> attempt.cancel()
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
            end(MessageStatus.PEER_DISCONNECTED, "the peer has closed the connection")
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
        if (phase == Phase.OPEN) {
            endStatus = MessageStatus.PEER_DISCONNECTED
            endReason = cause?.message
        }
        settleSent()
        finish()
    }

    private fun finish() {
        if (phase == Phase.ENDED) return
        phase = Phase.ENDED
        worker.disarm(closing)
        features.stop()
        shelf?.leave(this)
        // With receipts nobody knows of these, unless the peer has had the last word.
        val isUnknown = features.holdsForReceipts && !features.isFinalReceived
        val statusOfWritten = if (isUnknown) MessageStatus.COMMUNICATION_FAILED else endStatus
        while (true) giveBack(written.poll() ?: break, statusOfWritten)
        while (true) giveBack(waiting.poll() ?: break, endStatus)
        resumeRoomWaiters()
        if (isSilent) group.ended(this) else group.ended(this, firstId, endReason)
    }

    private fun giveBack(
        envelope: Envelope,
        status: MessageStatus,
    ) {
        envelope.fail(status)
        counters.messagesReturned++
        group.giveBack(envelope)
    }

    fun metrics(): ChannelMetrics =
        ChannelMetrics(
            number,
            worker.index(),
            counters.messagesSent,
            counters.messagesReceived,
            counters.messagesReturned,
            writtenBytesTotal(),
            receivedBytesTotal(),
            waiting.count + written.count,
            isStarving,
        )

    // A peer that neither reads nor closes must not hold the channel for ever.
    private inner class ClosingTimer : Timer() {
        override fun fire() {
            val open = connection
            if (open == null) finish() else open.abort()
        }
    }

    val connectTimeout get() = config.connectTimeout.toJavaDuration()
}

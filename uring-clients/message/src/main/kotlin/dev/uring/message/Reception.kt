package dev.uring.message

import dev.uring.bytes.ByteView
import dev.uring.codec.DecodeStatus
import dev.uring.message.codec.MessageOperation
import dev.uring.message.codec.MessageType
import dev.uring.message.codec.MessageView
import dev.uring.message.codec.PoolStrategy
import dev.uring.net.Connection as CoreConnection

/**
 * What comes over a channel's connection: messages are parsed where they were received, and copied once, for the program,
 * or shown to it where they lie. What engines say to each other goes no further than here.
 *
 * Thread: the channel's worker.
 */
internal class Reception(
    private val channel: PeerChannel,
    private val config: EngineConfig,
) {
    private val group = channel.group
    private val view = MessageView(config.wireFormat)
    private val arrival = Arrival()

    /** Whether nothing is received because the group's pool has no message to receive into. */
    var isStarving = false
        private set

    fun receive(
        open: CoreConnection,
        bytes: ByteView,
    ) {
        val consumed = parse(open, bytes)
        // Before anybody is resumed: a coroutine may end the connection, and then nothing may be consumed any more.
        if (consumed > 0) open.consume(consumed)
        tell()
    }

    /** The shelf has messages again. */
    fun feed(open: CoreConnection) {
        isStarving = false
        if (channel.isEnding) return
        val consumed = parse(open, open.received())
        if (consumed > 0) open.consume(consumed)
        if (!isStarving) open.resumeReceive()
        tell()
    }

    /** Takes what lies there since nothing was received any more. */
    fun takeRest(open: CoreConnection) = open.consume(parse(open, open.received()))

    /** Messages are no longer waited for. */
    fun endStarving(open: CoreConnection?) {
        if (!isStarving) return
        isStarving = false
        channel.shelf?.forget(channel)
        open?.resumeReceive()
    }

    fun allowPacked(isAgreed: Boolean) = view.allowPacked(isAgreed)

    /** The connection has ended. */
    fun stop() {
        isStarving = false
        arrival.pollUnfinished()?.putBack()
    }

    private fun tell() {
        view.end()
        channel.features.tellReceipts()
        group.wakeNowAt(channel.worker)
    }

    private fun parse(
        open: CoreConnection,
        bytes: ByteView,
    ): Int {
        var at = if (arrival.isUnderWay) arrive(bytes) else 0
        while (channel.listens) {
            when (view.decode(bytes, at)) {
                DecodeStatus.NEED_MORE -> {
                    if (at == bytes.size() || beginsToArrive()) return bytes.size()
                    open.needAtLeast(view.neededBytes())
                    return at
                }

                DecodeStatus.BAD -> {
                    channel.garbled(view.problem())
                }

                DecodeStatus.DONE -> {
                    val size = view.neededBytes()
                    if (!received(open)) return at
                    at += size
                }
            }
        }
        return bytes.size()
    }

    private fun beginsToArrive(): Boolean {
        if (view.neededBytes() < Arrival.BYTES_MIN || !view.hasFront()) return false
        val isOrdinary = view.operation().type() == MessageType.REGULAR && !view.isFromEngine && group.borrower == null
        if (!isOrdinary || channel.isEnding || channel.continuity.isUnheard) return false
        val message = channel.shelf?.take(PoolStrategy.POOL_ONLY) ?: return false
        arrival.begin(view, message, channel.number)
        return true
    }

    private fun arrive(bytes: ByteView): Int {
        val taken = arrival.take(bytes)
        val envelope = arrival.poll() ?: return taken
        if (channel.isEnding) {
            channel.counters.messagesDropped++
            envelope.putBack()
        } else {
            config.tap?.passed(MessageTap.Direction.IN, channel.number, envelope.text())
            pass(envelope, MessageType.REGULAR)
        }
        return taken
    }

    // False when there is no message to receive into.
    private fun received(open: CoreConnection): Boolean {
        val kind = view.operation()
        val features = channel.features
        when {
            view.isFromEngine && features.isAgreed -> features.received(view.statusCode(), view.id())
            kind.type() == MessageType.WELCOME -> channel.garbled("a $kind on the wire: an engine keeps it to itself")
            channel.isEnding -> channel.counters.messagesDropped++
            else -> return deliver(open, kind)
        }
        return true
    }

    private fun deliver(
        open: CoreConnection,
        kind: MessageOperation,
    ): Boolean {
        if (view.isPacked && !view.unpack(group.engine.packer(channel.worker))) {
            channel.garbled("a compressed body that is garbage, or larger than it says")
            return true
        }
        if (wasBorrowed(kind)) return true
        val envelope = copy(open) ?: return false
        if (channel.continuity.isUnheard && wasFirst(envelope, kind)) return true
        if (kind.type() == MessageType.HELLO) channel.features.hello(envelope, kind)
        pass(envelope, kind.type())
        if (kind == MessageOperation.BYE_RESPONSE || kind == MessageOperation.BYE_SIGNAL) channel.saidBye()
        return true
    }

    private fun wasBorrowed(kind: MessageOperation): Boolean {
        val borrower = group.borrower ?: return false
        if (kind.type() != MessageType.REGULAR || !borrower.receive(channel.number, view)) return false
        channel.counters.messagesReceived++
        channel.features.deliveredCount++
        return true
    }

    private fun copy(open: CoreConnection): Envelope? {
        val shelf = checkNotNull(channel.shelf)
        val message = shelf.take(PoolStrategy.POOL_ONLY)
        if (message == null) {
            isStarving = true
            open.pauseReceive()
            shelf.starve(channel)
            return null
        }
        view.copyTo(message, channel.number)
        val envelope = Envelope.of(message)
        config.tap?.passed(MessageTap.Direction.IN, channel.number, envelope.text())
        return envelope
    }

    // The first message over this connection; true when the program does not get it.
    private fun wasFirst(
        envelope: Envelope,
        kind: MessageOperation,
    ): Boolean {
        channel.continuity.isUnheard = false
        return if (channel.hasConnected) {
            channel.continuity.answered(envelope, kind)
        } else {
            channel.greeted(envelope, kind)
        }
    }

    private fun pass(
        envelope: Envelope,
        type: MessageType,
    ) {
        channel.counters.messagesReceived++
        channel.features.deliveredCount++
        if (type != MessageType.HELLO) channel.features.passedOver()
        group.receive(envelope, channel.worker)
    }
}

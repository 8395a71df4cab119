package dev.uring.message

import dev.uring.message.codec.Message
import dev.uring.message.codec.MessageHolder
import dev.uring.message.codec.MessageOperation
import dev.uring.message.codec.MessageStatus
import dev.uring.worker.Worker

/**
 * What the engine keeps with a message for the message's whole life, so that queueing it, sending it to another worker
 * and giving it back to its pool make no object.
 *
 * Invariant: in at most one queue at a time, and at most one errand to another worker is under way.
 * Thread: that of whoever has the message.
 */
internal class Envelope(
    message: Message,
    /** Where it goes when nobody uses it; null for a message that the program has made. */
    var home: MessageHome?,
) : MessageHolder(message),
    Runnable {
    /** What [run] does when it has come to another worker. */
    enum class Errand { NONE, SEND, DELIVER, PUT_BACK }

    /** The one behind it in its queue. */
    var next: Envelope? = null

    /** The shelf that this message says is empty. */
    var reportOf: Shelf? = null

    /** Position in the connection's output behind its last byte. */
    var wireEnd = 0L

    /** Of an errand, and which of an incarnation of a channel number is meant. */
    var channel: PeerChannel? = null
    private var group: Group? = null
    private var errand = Errand.NONE

    val number: Int get() = channel()
    val messageId: Long get() = id()
    val kind: MessageOperation? get() = operation()
    val isFirst: Boolean get() = isOob()
    val isOfEngine: Boolean get() = isFromEngine()
    val sizeOnWire: Int get() = wireBytes()
    val bodySize: Int get() = bodyBytes()

    fun take(to: String) = takeOver(to)

    fun give(): Message {
        handBack()
        return message()
    }

    fun setChannel(value: Int) = channel(value)

    fun setId(value: Long) = id(value)

    fun setKind(value: MessageOperation) = operation(value)

    fun fail(status: MessageStatus) = stamp(status)

    fun markEndOfChannel() = endOfChannel()

    fun markConnectionLost() = connectionLost()

    fun markConnectionBack() = connectionBack()

    /** What the program has sent, as a message of its own. */
    fun copy(): Message = give().copy().also { take("Group.send") }

    fun markForProgram(status: MessageStatus) = stampForProgram(status)

    fun textHeader(name: String): String? = header(name)

    fun addTextHeader(
        name: String,
        value: String,
    ) = appendHeader(name, value)

    fun text(): String = describe()

    /** Goes to the worker of [target], to be sent there. */
    fun sendOver(target: PeerChannel) {
        channel = target
        errand = Errand.SEND
        target.worker.execute(this)
    }

    /** Goes to the worker of [target], to be received there. */
    fun deliverTo(target: Group) {
        group = target
        errand = Errand.DELIVER
        if (!target.home.tryExecute(this)) {
            errand = Errand.NONE
            group = null
        }
    }

    override fun run() {
        val present = errand
        errand = Errand.NONE
        when (present) {
            Errand.SEND -> {
                val target = channel
                channel = null
                target?.acceptFromAfar(this)
            }

            Errand.DELIVER -> {
                val target = group
                group = null
                target?.deliver(this)
                target?.wakeNow()
            }

            Errand.PUT_BACK -> {
                home?.putBack(this)
            }

            Errand.NONE -> {
                error("an envelope was run without an errand: ${text()}")
            }
        }
    }

    override fun released() = putBack()

    /** Nobody uses the message any more: it goes to where it came from. */
    fun putBack() {
        home?.putBack(this)
    }

    /** Goes to the worker of its shelf. */
    fun putBackAt(worker: Worker) {
        errand = Errand.PUT_BACK
        worker.tryExecute(this)
    }

    companion object {
        /** The envelope of a message that a program has made or got. */
        fun of(message: Message): Envelope = (MessageHolder.of(message) ?: Envelope(message, null)) as Envelope
    }
}

/** Where messages come from and go back to. */
internal fun interface MessageHome {
    fun putBack(envelope: Envelope)
}

/** First in, first out, without an object for each. */
internal class EnvelopeQueue {
    private var first: Envelope? = null
    private var last: Envelope? = null

    var count = 0
        private set

    val isEmpty: Boolean get() = first == null

    fun peek(): Envelope? = first

    fun add(envelope: Envelope) {
        val before = last
        if (before == null) first = envelope else before.next = envelope
        last = envelope
        count++
    }

    fun addFirst(envelope: Envelope) {
        envelope.next = first
        first = envelope
        if (last == null) last = envelope
        count++
    }

    /** Takes all of [others], which come before those that are here. */
    fun addAllFirst(others: EnvelopeQueue) {
        val theirLast = others.last ?: return
        theirLast.next = first
        first = others.first
        if (last == null) last = theirLast
        count += others.count
        others.first = null
        others.last = null
        others.count = 0
    }

    inline fun forEach(block: (Envelope) -> Unit) {
        var at = peek()
        while (at != null) {
            block(at)
            at = at.next
        }
    }

    fun poll(): Envelope? {
        val taken = first ?: return null
        first = taken.next
        if (first == null) last = null
        taken.next = null
        count--
        return taken
    }
}

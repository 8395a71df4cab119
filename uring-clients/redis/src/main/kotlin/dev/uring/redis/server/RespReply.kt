package dev.uring.redis.server

import dev.uring.bytes.ByteSink
import dev.uring.bytes.ByteView
import dev.uring.redis.codec.RespReplyEncoder

/**
 * Where a handler writes its reply: one value, which may be an aggregate of many.
 *
 * ### Shapes and units
 * [array], [map], [set] and [push] write a header; their elements are the values written next. Exactly one complete
 * value must have been written when the handler returns: a reply too many or too few would answer somebody else's
 * question from then on, so it is refused and ends the connection.
 * ### Ownership
 * Everything is copied at once.
 * ### Threading and cancellation
 * Valid while the handler runs. Never suspends; what is too large for the send queue waits in memory. No allocation.
 * ### Source
 * RESP2 and RESP3, by what the connection has chosen with HELLO; see [RespReplyEncoder].
 */
public class RespReply internal constructor() {
    private var sink: ByteSink? = null
    private var valuesLeft = 0L
    private var roomBytes = 0L
    private var overflow: Overflow? = null

    /** 2 or 3: what the client understands. */
    public var protocol: Int = RespReplyEncoder.RESP2
        internal set

    internal var hasBegun = false
        private set

    internal val isComplete: Boolean get() = hasBegun && valuesLeft == 0L

    internal val valuesMissing: Long get() = valuesLeft

    /** Takes the reply elsewhere when it becomes long. */
    internal fun interface Overflow {
        /** Where everything from now on goes, in order behind what has been written. */
        fun divert(): ByteSink
    }

    internal fun begin(
        sink: ByteSink,
        protocol: Int,
        overflow: Overflow?,
    ) {
        this.sink = sink
        this.protocol = protocol
        this.overflow = overflow
        hasBegun = false
        valuesLeft = 1
        roomBytes = DIRECT_BYTES_MAX
    }

    internal fun end() {
        sink = null
        overflow = null
    }

    /** `+OK`. */
    public fun ok() {
        value(0).putBytes(OK)
    }

    /** A simple string: ASCII [text] without line ends. */
    public fun simple(text: String): Unit = RespReplyEncoder.simpleString(value(0), text)

    /** An error, as code, blank and text. A handler may also throw a [RespError]. */
    public fun error(text: String): Unit = RespReplyEncoder.error(value(0), text)

    /** An integer. */
    public fun integer(number: Long): Unit = RespReplyEncoder.integer(value(0), number)

    /** An integer. */
    public fun integer(number: Int): Unit = RespReplyEncoder.integer(value(0), number.toLong())

    /** 1 or 0, as most commands of Redis say yes and no. */
    public fun integer(yes: Boolean): Unit = RespReplyEncoder.integer(value(0), if (yes) 1 else 0)

    /** A bulk string of the bytes of [view]. */
    public fun bulk(view: ByteView): Unit = RespReplyEncoder.bulk(value(view.size()), view)

    /** A bulk string of [count] bytes of [bytes] beginning with the one at [from]. */
    public fun bulk(
        bytes: ByteArray,
        from: Int = 0,
        count: Int = bytes.size - from,
    ): Unit = RespReplyEncoder.bulk(value(count), bytes, from, count)

    /** A bulk string of [text] in UTF-8. */
    public fun bulk(text: String): Unit = RespReplyEncoder.bulk(value(text.length), text)

    /** A bulk string that holds [number] in decimal. */
    public fun bulk(number: Long): Unit = RespReplyEncoder.bulkDecimal(value(0), number)

    /** No value. */
    public fun nil(): Unit = RespReplyEncoder.nil(value(0), protocol)

    /** No array. */
    public fun nilArray(): Unit = RespReplyEncoder.nilArray(value(0), protocol)

    /** A truth value. */
    public fun bool(value: Boolean): Unit = RespReplyEncoder.bool(value(0), protocol, value)

    /** A floating-point number. */
    public fun floating(number: Double): Unit = RespReplyEncoder.floating(value(0), protocol, number)

    /** Text with its [format], `txt` or `mkd`. */
    public fun verbatim(
        text: String,
        format: String = "txt",
    ): Unit = RespReplyEncoder.verbatim(value(text.length), protocol, format, text)

    /** Begins an array of [size] values. */
    public fun array(size: Int): Unit = RespReplyEncoder.array(aggregate(size.toLong()), size.toLong())

    /** Begins a map of [size] keys, each followed by its value. */
    public fun map(size: Int): Unit = RespReplyEncoder.map(aggregate(2L * size), protocol, size.toLong())

    /** Begins a set of [size] values. */
    public fun set(size: Int): Unit = RespReplyEncoder.set(aggregate(size.toLong()), protocol, size.toLong())

    /** Begins a push of [size] values. */
    public fun push(size: Int): Unit = RespReplyEncoder.push(aggregate(size.toLong()), protocol, size.toLong())

    private fun aggregate(size: Long): ByteSink = value(0).also { valuesLeft += size }

    private fun value(bytes: Int): ByteSink {
        hasBegun = true
        valuesLeft--
        roomBytes -= bytes + VALUE_BYTES
        val current = checkNotNull(sink) { ENDED }
        return if (roomBytes < 0) divert(current) else current
    }

    private fun divert(current: ByteSink): ByteSink {
        roomBytes = Long.MAX_VALUE
        val elsewhere = overflow?.divert() ?: current
        sink = elsewhere
        return elsewhere
    }

    private companion object {
        val OK = "+OK\r\n".toByteArray()

        // As much of one reply goes straight to the send queue; more could pass the bound of the queue, which ends the
        // connection. Half of the default of sendHighWaterBytes.
        const val DIRECT_BYTES_MAX = 128L shl 10

        // What a value takes apart from its content, roughly.
        const val VALUE_BYTES = 8

        const val ENDED =
            "reply used after its handler returned: write it inside the handler, or declare the command with suspendCommand"
    }
}

package dev.uring.redis

import dev.uring.bytes.ByteSink
import dev.uring.client.SuspendedRequest
import dev.uring.net.Connection
import dev.uring.redis.codec.ReplyReader
import kotlin.coroutines.Continuation
import kotlin.coroutines.resumeWithException

/**
 * A SET whose value is handed over. Used once: beside a value that is worth it, one object is nothing.
 *
 * Thread: the worker's.
 */
internal class SetCall(
    private val side: RedisSide,
    private val parts: SetParts,
    value: HandedOver,
) : SuspendedRequest<ReplyReader>(side) {
    private val valueBytes = value.sizeBytes
    private val isCopied = value.mayBeCopied && valueBytes < side.config.handOverBytesMin

    // Null when it is a connection's, or its owner's again.
    private var held: HandedOver? = value

    private var isTaken = false

    override val name: String get() = "SET"

    // What is handed over takes none of the queue's memory, and may be larger than all of it.
    override val sizeBytes: Long =
        parts.head.size.toLong() + LENGTH_LINE_BYTES_MAX + parts.tail.size + if (isCopied) valueBytes else 0

    override val bytesOnWire: Long
        get() = (parts.head.size + "$$valueBytes\r\n".length + parts.tail.size).toLong() + valueBytes

    fun begin(
        target: RedisLink?,
        continuation: Continuation<Any?>,
    ): Any {
        try {
            val suspended = park(continuation)
            side.submit(this, target ?: side.shared)
            return suspended
        } catch (failure: Throwable) {
            unpark()
            giveBack()
            throw failure
        }
    }

    fun beginFor(continuation: Continuation<Any?>) {
        try {
            begin(null, continuation)
        } catch (failure: Throwable) {
            continuation.resumeWithException(failure)
        }
    }

    override fun writeTo(sink: ByteSink): Unit = error("memory is handed over to a connection, not to a sink")

    override fun writeTo(connection: Connection) {
        val value = checkNotNull(held) { "SET with memory that was handed on is never sent again" }
        val output = connection.output()
        if (!value.isHeld) {
            // Its reply is expected already, so something has to be sent that has one.
            held = null
            isTaken = true
            output.putAscii(PING)
            return
        }
        output
            .putBytes(parts.head)
            .putByte('$'.code)
            .putDecimal(valueBytes.toLong())
            .putAscii("\r\n")
        held = null
        if (isCopied) value.copyTo(output, side.worker) else value.handTo(connection)
        output.putBytes(parts.tail)
    }

    override fun replied(
        reader: ReplyReader,
        isLast: Boolean,
    ) {
        val error = reader.errorText()
        if (isRecorded) noteReply(reader.replyBytes().toLong(), error)
        if (error != null) side.counters.errorReplies++
        giveBack()
        when {
            isTaken -> fail(IllegalStateException("SET: the value's bytes ${HandedOver.GONE}. Nothing was set."))
            error == null -> resume(Unit)
            else -> fail(RedisException(name, error, side.use.serverName))
        }
    }

    override fun giveBack() {
        held?.release(side.worker)
        held = null
        side.ended(this)
    }

    private companion object {
        const val LENGTH_LINE_BYTES_MAX = 13
        const val PING = "*1\r\n$4\r\nPING\r\n"
    }
}

package dev.uring.message

import dev.uring.bytes.ByteView
import dev.uring.message.codec.Message
import dev.uring.message.codec.MessageView

/**
 * A large message that several receives bring. Each part is copied to where it will be read; collected in the connection
 * first, all of it would be copied once more.
 *
 * Thread: the channel's worker.
 */
internal class Arrival {
    private var message: Message? = null
    private var missingBytes = 0

    /** Whether one has begun and is not whole. */
    val isUnderWay: Boolean get() = message != null

    /** [view] has decoded the front of a message for channel [number], which becomes [target]. */
    fun begin(
        view: MessageView,
        target: Message,
        number: Int,
    ) {
        message = target
        missingBytes = view.copyFrontTo(target, number)
    }

    /** Takes what [bytes] has of the message from its first byte on, and says how many bytes that were. */
    fun take(bytes: ByteView): Int {
        val count = minOf(missingBytes, bytes.size())
        message?.body()?.append(bytes, 0, count)
        missingBytes -= count
        return count
    }

    /** The message, when it is whole; then it is no longer this object's. */
    fun poll(): Envelope? = if (missingBytes == 0) pollUnfinished() else null

    /** The message, of which there is only a part. */
    fun pollUnfinished(): Envelope? {
        val ended = message ?: return null
        message = null
        return Envelope.of(ended)
    }

    companion object {
        /** From how many bytes on it pays: half of what a receive brings at most. */
        const val BYTES_MIN = 16 shl 10
    }
}

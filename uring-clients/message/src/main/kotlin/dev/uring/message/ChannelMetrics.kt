package dev.uring.message

/**
 * What was counted of a channel.
 *
 * @property channel its number
 * @property worker the index of the worker that it lives on
 * @property messagesSent messages that were written, hello and bye included
 * @property messagesReceived messages that were given to the program
 * @property messagesReturned messages that came back to the program, because the channel ended
 * @property bytesSent bytes of these messages, and of what engines say to each other
 * @property bytesReceived as [bytesSent]
 * @property messagesQueued messages that the kernel has not taken, or with receipts, that the peer's program has not
 * got
 * @property isStarving whether nothing is received because the program has not given back enough messages
 */
public data class ChannelMetrics(
    val channel: Int,
    val worker: Int,
    val messagesSent: Long,
    val messagesReceived: Long,
    val messagesReturned: Long,
    val bytesSent: Long,
    val bytesReceived: Long,
    val messagesQueued: Int,
    val isStarving: Boolean,
)

/** Counters of a channel, written by its worker alone. */
internal class ChannelCounters {
    var messagesSent = 0L
    var messagesReceived = 0L
    var messagesReturned = 0L

    /** That came after this side had ended the channel. */
    var messagesDropped = 0L
}

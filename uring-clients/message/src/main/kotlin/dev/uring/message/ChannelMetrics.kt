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
 * @property connections how many it has had: more than one when it was opened again
 * @property bodyBytesBeforeCompression bytes of the bodies that were sent compressed, before they were
 * @property bodyBytesCompressed bytes that became of them
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
    val connections: Int,
    val bodyBytesBeforeCompression: Long,
    val bodyBytesCompressed: Long,
) {
    /** How many bytes became one, of the bodies that were sent compressed; 1 when there was none. */
    val compressionRatio: Double
        get() = if (bodyBytesCompressed == 0L) 1.0 else bodyBytesBeforeCompression.toDouble() / bodyBytesCompressed
}

/** Counters of a channel, written by its worker alone. */
internal class ChannelCounters {
    var messagesSent = 0L
    var messagesReceived = 0L
    var messagesReturned = 0L
    var connections = 0
    var bytesBeforePacking = 0L
    var bytesPacked = 0L

    /** That came after this side had ended the channel. */
    var messagesDropped = 0L

    fun metrics(
        channel: PeerChannel,
        queuedCount: Int,
        isStarving: Boolean,
    ): ChannelMetrics =
        ChannelMetrics(
            channel.number,
            channel.worker.index(),
            messagesSent,
            messagesReceived,
            messagesReturned,
            channel.writtenBytesTotal(),
            channel.receivedBytesTotal(),
            queuedCount,
            isStarving,
            connections,
            bytesBeforePacking,
            bytesPacked,
        )
}

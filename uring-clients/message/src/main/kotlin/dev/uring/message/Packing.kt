package dev.uring.message

import dev.uring.message.codec.BodyPacker
import dev.uring.message.codec.MessageEncoder
import dev.uring.message.codec.MessageType
import dev.uring.net.Connection as CoreConnection

/**
 * Which messages of a channel go with their bodies packed, once its ends have agreed on compression.
 *
 * Thread: the channel's worker.
 */
internal class Packing(
    private val packer: BodyPacker,
    private val config: EngineConfig,
    private val counters: ChannelCounters,
) {
    /** Writes a message if it is worth packing; false when nothing was written. */
    fun write(
        open: CoreConnection,
        envelope: Envelope,
    ): Boolean {
        val size = envelope.bodySize
        // A hello is read before its reader can know what it agrees on.
        if (size < config.compressionMinBytes || envelope.kind?.type() != MessageType.REGULAR) return false
        val count = MessageEncoder.writePacked(envelope.message(), config.wireFormat, open.output(), packer)
        if (count == BodyPacker.NOT_WORTH_IT) return false
        counters.bytesBeforePacking += size
        counters.bytesPacked += count
        return true
    }
}

package dev.uring.redis

import dev.uring.bytes.ByteSink
import dev.uring.client.Request
import dev.uring.redis.codec.CommandWriter
import dev.uring.redis.codec.ReplyReader

/**
 * A command of the client's own; [whenAnswered] gets the server's error or null, and stands before the reply. Not called when
 * no reply comes.
 */
internal class InternalRequest(
    private val side: RedisSide,
    private val writer: CommandWriter,
    private val whenAnswered: (errorText: String?, reader: ReplyReader) -> Unit,
) : Request<ReplyReader>() {
    override val name: String = writer.command().name()
    override val sizeBytes: Long = writer.finish().toLong()

    override fun writeTo(sink: ByteSink) {
        writer.writeTo(sink)
        side.giveBack(writer)
    }

    override fun replied(
        reader: ReplyReader,
        isLast: Boolean,
    ) = whenAnswered(reader.errorText(), reader)

    // Who greets or asks hears from the link that its connection is gone.
    override fun failed(cause: Throwable) = Unit

    override fun expired(cause: Exception) = Unit
}

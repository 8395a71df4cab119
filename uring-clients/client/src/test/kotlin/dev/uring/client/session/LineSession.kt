package dev.uring.client.session

import dev.uring.bytes.ByteView
import dev.uring.codec.DecodeStatus

/** A reply of the smallest protocol there is: a line. */
class LineReply {
    var text = ""
}

/**
 * Requests and replies are lines, answered in order. A line that begins with `!` was not asked for, one with `?` is bad.
 * What a protocol has to write for a link, in full.
 */
class LineSession(
    repliesMax: Int,
    private val pushes: (String) -> Unit = {},
) : InOrderSession<LineReply>("LINES", repliesMax) {
    private val found = LineReply()
    private var consumed = 0
    var isClosed = false
        private set

    override fun decode(
        bytes: ByteView,
        from: Int,
    ): DecodeStatus {
        consumed = 0
        val end = bytes.indexOf('\n'.code.toByte(), from)
        if (end < 0) return DecodeStatus.NEED_MORE
        found.text = bytes.toUtf8(from, end - from)
        consumed = end + 1 - from
        return if (found.text.startsWith("?")) DecodeStatus.BAD else DecodeStatus.DONE
    }

    override fun consumedBytes() = consumed

    override fun reply() = found

    override fun decoderFault() = "LINES: '${found.text}' begins with a question mark"

    override fun isPush(reply: LineReply) = reply.text.startsWith("!")

    override fun pushed(reply: LineReply) = pushes(reply.text)

    override fun closeDecoder() {
        isClosed = true
    }
}

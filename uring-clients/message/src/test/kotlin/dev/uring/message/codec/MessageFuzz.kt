package dev.uring.message.codec

import dev.uring.bytes.ByteWindow
import dev.uring.codec.DecodeStatus

/**
 * What a peer sends: the fixed header of a message, its lengths, and the text headers within.
 *
 * The first byte of an input chooses: `1` and `2` for the wire's versions, `h` for text headers.
 */
internal object MessageFuzz {
    /** What the fuzzer calls. */
    @JvmStatic
    fun fuzzerTestOneInput(input: ByteArray) {
        if (input.isEmpty()) return
        val wire = input.copyOfRange(1, input.size)
        when (input[0].toInt().toChar()) {
            '1' -> message(wire, WireFormat.V1)
            '2' -> message(wire, WireFormat.V2)
            'h' -> headers(wire)
        }
    }

    private fun message(
        wire: ByteArray,
        format: WireFormat,
    ) {
        val view = MessageView(format)
        when (checkNotNull(view.decode(ByteWindow.copyOf(wire), 0))) {
            DecodeStatus.DONE -> {
                val size = view.neededBytes()
                check(size <= wire.size) { "a message of $size bytes in ${wire.size}" }
                val message = Message().also(view::copyTo)
                headers(message.headers().bytes().toByteArray())
                prefixes(wire.copyOf(size), format)
                rewritten(message, format)
            }

            DecodeStatus.NEED_MORE -> {
                check(view.neededBytes() > wire.size) { "asks for ${view.neededBytes()} bytes and has ${wire.size}" }
            }

            DecodeStatus.BAD -> {
                check("Likely cause: " in view.problem()) { view.problem() }
            }
        }
    }

    // Until the last byte is there it is the beginning of a message, and says no less than is missing.
    private fun prefixes(
        wire: ByteArray,
        format: WireFormat,
    ) {
        val view = MessageView(format)
        for (cut in 0 until minOf(wire.size, PREFIXES_MAX)) {
            check(view.decode(ByteWindow.copyOf(wire.copyOf(cut)), 0) == DecodeStatus.NEED_MORE) { "done at $cut" }
            check(view.neededBytes() in cut + 1..wire.size) { "at $cut asks for ${view.neededBytes()}" }
        }
    }

    // What was read is written in a form that reads as the same.
    private fun rewritten(
        message: Message,
        format: WireFormat,
    ) {
        // The origin of an engine is not written, and what is of no kind may not be sent.
        if (message.operation() == null) return
        val again = message.encode(format).decode(format)
        check(again.seen() == message.seen()) { "${message.seen()} reads as ${again.seen()}" }
    }

    private fun headers(bytes: ByteArray) {
        val message = Message()
        message.headers().bytes().append(bytes)
        val cursor = message.headers().cursor()
        var count = 0
        while (cursor.next()) {
            count++
            val name = cursor.name()
            check(name.isNotEmpty() && ':' !in name) { "a header is named '$name'" }
            if (name.all { it.code < ASCII_END }) check(cursor.isNamed(name)) { "'$name' is not itself" }
            check("\r\n" !in cursor.value()) { "a value of two lines: ${cursor.value()}" }
        }
        check(count <= bytes.size) { "$count headers in ${bytes.size} bytes" }
        check(!cursor.next()) { "a header behind the last" }
        cursor.rewind()
        check(cursor.next() == count > 0) { "the first header is there once only" }
    }

    private const val PREFIXES_MAX = 300
    private const val ASCII_END = 0x80
}

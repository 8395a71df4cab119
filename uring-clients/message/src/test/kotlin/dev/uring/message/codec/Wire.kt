package dev.uring.message.codec

import dev.uring.bytes.ByteWindow
import dev.uring.bytes.FixedSink
import dev.uring.codec.DecodeStatus
import io.kotest.matchers.shouldBe
import java.lang.foreign.Arena
import java.util.HexFormat

/** Bytes of a text in hexadecimal; blanks are for people. */
internal fun hex(text: String): ByteArray = HexFormat.of().parseHex(text.filterNot { it.isWhitespace() })

internal fun ByteArray.toHex(): String = HexFormat.of().formatHex(this)

internal fun Message.encode(format: WireFormat = WireFormat.V1): ByteArray {
    val memory = Arena.ofAuto().allocate(MessageEncoder.sizeBytes(this).toLong())
    val sink = FixedSink(memory)
    MessageEncoder.write(this, format, sink)
    return sink.view().toByteArray()
}

/** The one message in [this], whole. */
internal fun ByteArray.decode(format: WireFormat = WireFormat.V1): Message {
    val view = MessageView(format)
    view.decode(ByteWindow.copyOf(this), 0) shouldBe DecodeStatus.DONE
    view.neededBytes() shouldBe size
    return Message().also(view::copyTo)
}

/** What can be seen of a message. */
internal data class Seen(
    val channel: Int,
    val operation: MessageOperation?,
    val isFromEngine: Boolean,
    val more: Boolean,
    val oob: Boolean,
    val id: Long,
    val headers: String,
    val body: String,
)

internal fun Message.seen() =
    Seen(
        channel(),
        operation(),
        isFromEngine(),
        hasMore(),
        isOob(),
        id(),
        headers().bytes().toByteArray().toHex(),
        body().toByteArray().toHex(),
    )

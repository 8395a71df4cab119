package dev.uring.momento.codec

import dev.uring.bytes.ByteSink
import dev.uring.bytes.ByteView
import dev.uring.bytes.FixedSink
import java.lang.foreign.Arena
import java.util.HexFormat

internal fun hex(text: String): ByteArray = HexFormat.of().parseHex(text.filterNot { it.isWhitespace() })

internal fun ByteArray.toHex(): String = HexFormat.of().formatHex(this)

/** What [write] writes. */
internal fun written(
    bytesMax: Long = 4096,
    write: (ByteSink) -> Unit,
): ByteArray =
    Arena.ofConfined().use { arena ->
        val sink = FixedSink(arena.allocate(bytesMax))
        write(sink)
        // A view of nothing counts as one whose loan is over.
        if (sink.size() == 0) ByteArray(0) else sink.view().toByteArray()
    }

internal fun command(
    id: Long,
    build: MomentoCommandFrame.() -> Unit,
): ByteArray {
    val frame = MomentoCommandFrame().apply(build)
    val bytes = written(frame.sizeBytesMax() + 16) { frame.writeTo(it, id) }
    check(bytes.size <= frame.sizeBytesMax()) { "${bytes.size} bytes, and sizeBytesMax=${frame.sizeBytesMax()}" }
    return bytes
}

internal fun get(
    id: Long,
    namespace: String,
    key: String,
): ByteArray = command(id) { begin(CommandKind.GET).namespace(FieldBytes.of(namespace)).key(key) }

internal fun set(
    id: Long,
    namespace: String,
    key: String,
    value: String,
    ttlMillis: Long,
): ByteArray =
    command(id) {
        begin(CommandKind.SET)
            .namespace(FieldBytes.of(namespace))
            .key(key)
            .value(value)
            .ttlMillis(ttlMillis)
    }

internal fun delete(
    id: Long,
    namespace: String,
    key: String,
): ByteArray = command(id) { begin(CommandKind.DELETE).namespace(FieldBytes.of(namespace)).key(key) }

internal fun authenticate(
    id: Long,
    token: String,
): ByteArray = command(id) { authenticate(token) }

internal fun control(
    id: Long,
    code: ControlCode,
): ByteArray = written { MomentoCommandFrame.writeControl(it, id, code) }

/** A number as base-128. */
internal fun varint(value: Long): ByteArray = written { Varint.put(it, value) }

/** A frame around [message]. */
internal fun frame(message: ByteArray): ByteArray = varint(message.size.toLong()) + message

internal fun ByteView.text(): String = if (isEmpty) "" else toLatin1(0, size())

/** Everything that a reply says, in one line. */
internal fun MomentoReply.describe(): String =
    "#${java.lang.Long.toUnsignedString(messageId())} ${controlCode()} " +
        when (kind()) {
            ReplyKind.GET -> "GET ${value()?.let { "<${it.text()}>" }}"
            ReplyKind.ERROR -> "ERROR ${status()} <${errorText()}>"
            else -> "${kind()}"
        }

/** Everything that a command says, in one line. */
internal fun MomentoCommand.describe(): String =
    "#${java.lang.Long.toUnsignedString(messageId())} ${controlCode()} " +
        when (kind()) {
            CommandKind.NONE -> {
                "NONE"
            }

            CommandKind.AUTHENTICATE -> {
                "AUTHENTICATE <${key().text()}>"
            }

            CommandKind.SET -> {
                "SET <${namespace().text()}> <${key().text()}> <${value().text()}> " +
                    java.lang.Long.toUnsignedString(ttlMillis())
            }

            else -> {
                "${kind()} <${namespace().text()}> <${key().text()}>"
            }
        }

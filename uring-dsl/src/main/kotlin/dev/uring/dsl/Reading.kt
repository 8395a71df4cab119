package dev.uring.dsl

import dev.uring.bytes.ByteReader
import dev.uring.bytes.ByteView
import dev.uring.codec.Delimiter
import dev.uring.codec.Framing
import kotlin.time.Duration

/**
 * Waits for exactly [bytes] bytes and lends them to [block].
 *
 * ### Shapes and units
 * [bytes] is at least 1. False, without calling [block], when the peer has finished sending before the first of them: a
 * clean end.
 * ### Ownership
 * The view is borrowed: valid only inside [block], which cannot suspend. The bytes are consumed when [block] returns.
 * Nothing is allocated; but a local variable that [block] assigns is an object in Kotlin, so where that counts declare it
 * once for the connection and not for each message.
 * ### Threading and cancellation
 * One coroutine at a time. It is not resumed before all [bytes] are there. Cancelled, or when [block] throws, the bytes
 * stay in the connection. [timeout] is for all of them.
 * ### Errors
 * [UnexpectedEndException][dev.uring.base.UnexpectedEndException] the peer finished after some of them ·
 * [FrameTooLargeException][dev.uring.base.FrameTooLargeException] more than `frameBytesMax`, before any is waited for ·
 * otherwise as [Connection.receive].
 *
 * @sample samples.dsl.readHeaderAndBody
 */
public suspend inline fun Connection.readExactly(
    bytes: Int,
    timeout: Duration = Duration.INFINITE,
    crossinline block: (ByteView) -> Unit,
): Boolean {
    require(bytes > 0) { "readExactly($bytes): at least 1 byte can be read" }
    return readMessage(
        timeout,
        leastBytes = bytes,
        measure = { view, _ -> if (view.size() >= bytes) bytes else -bytes },
        take = { view, total ->
            block(part(view, 0, total))
            total
        },
    )
}

/**
 * Waits for one message of [framing] and lends its payload to [block].
 *
 * ### Shapes and units
 * The view is the payload alone and may be empty. False when the peer has finished sending between two messages: a clean
 * end.
 * ### Ownership
 * As in [readExactly]. [framing] keeps nothing: make it once and use it for all connections.
 * ### Threading and cancellation
 * As in [readExactly]; [timeout] is for the whole message. A message whose length is known is waited for in one go, and a
 * delimiter is looked for in new bytes only: nothing is parsed twice however slowly it arrives.
 * ### Errors
 * [FramingException][dev.uring.base.FramingException] the message is above the limit of [framing], said as soon as it can
 * be seen; the connection is of no more use then · otherwise as in [readExactly].
 *
 * @sample samples.dsl.readFrames
 */
public suspend inline fun Connection.readFrame(
    framing: Framing,
    timeout: Duration = Duration.INFINITE,
    crossinline block: (payload: ByteView) -> Unit,
): Boolean =
    readMessage(
        timeout,
        leastBytes = 1,
        measure = { view, seenBytes -> framing.measure(view, seenBytes) },
        take = { view, total ->
            block(part(view, framing.payloadFrom(view), framing.payloadBytes(view, total)))
            total
        },
    )

/**
 * Waits for [delimiter] and lends what is before it to [block]; as [readFrame].
 *
 * @sample samples.dsl.readWords
 */
public suspend inline fun Connection.readUntil(
    delimiter: Delimiter,
    timeout: Duration = Duration.INFINITE,
    crossinline block: (ByteView) -> Unit,
): Boolean = readFrame(delimiter, timeout) { block(it) }

/**
 * Waits for a line and returns it without its end, a line feed with or without a carriage return.
 *
 * ### Shapes and units
 * UTF-8. [maxBytes] is the most a line may have without its end. Null when the peer has finished between two lines.
 * ### Threading and cancellation
 * As [readFrame], which allocates nothing: `readUntil(Delimiter.line(…)) { view -> }` lends the bytes instead.
 * ### Errors
 * As [readFrame]; a last line without a line feed is an
 * [UnexpectedEndException][dev.uring.base.UnexpectedEndException], and its bytes are still there to [Connection.receive].
 *
 * @sample samples.dsl.readLines
 */
public suspend fun Connection.readLine(
    maxBytes: Int = LINE_BYTES_MAX,
    timeout: Duration = Duration.INFINITE,
): String? {
    val framing = if (maxBytes == LINE_BYTES_MAX) DEFAULT_LINE else Delimiter.line(maxBytes)
    var line: String? = null
    readFrame(framing, timeout) { line = it.toUtf8() }
    return line
}

/** What a block of [Connection.parse] returns: the bytes this reader committed, or what it found missing. */
public fun ByteReader.consumedOrNeeded(): Int = if (committed() > 0) committed() else Connection.needAtLeast(missing())

// 8 KiB: what the usual servers allow for a line of a header.
@PublishedApi
internal const val LINE_BYTES_MAX: Int = 8 shl 10

private val DEFAULT_LINE = Delimiter.line(LINE_BYTES_MAX)

/**
 * One message of [leastBytes] or more: [measure] says its size, or negated how many bytes it takes to say more; [take]
 * gets it when it is whole, and returns how many of its bytes are still to be consumed. Inlined like everything that takes a block: see [Connection.receiveExpected].
 */
@PublishedApi
internal suspend inline fun Connection.readMessage(
    timeout: Duration,
    leastBytes: Int,
    crossinline measure: (view: ByteView, seenBytes: Int) -> Int,
    crossinline take: (view: ByteView, total: Int) -> Int,
): Boolean {
    // No local variable that the block below assigns: it would be an object, allocated at every call.
    expectMessageWithin(timeout, leastBytes)
    while (true) {
        val consumed =
            receiveExpected { view ->
                val total = measure(view, seenInput())
                if (total > 0) {
                    takeMessage()
                    take(view, total)
                } else {
                    needMore(view.size(), -total)
                    0
                }
            }
        if (isMessageTaken()) return true
        if (consumed == Connection.END_OF_INPUT) {
            checkEndsBetweenMessages()
            return false
        }
    }
}

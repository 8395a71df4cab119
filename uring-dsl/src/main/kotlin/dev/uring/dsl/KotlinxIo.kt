package dev.uring.dsl

import dev.uring.bytes.ByteSink
import dev.uring.bytes.ByteView
import kotlinx.io.Buffer
import kotlinx.io.RawSink
import kotlinx.io.RawSource
import kotlinx.io.UnsafeIoApi
import kotlinx.io.bytestring.ByteString
import kotlinx.io.bytestring.unsafe.UnsafeByteStringApi
import kotlinx.io.bytestring.unsafe.UnsafeByteStringOperations
import kotlinx.io.unsafe.UnsafeBufferOperations
import kotlin.time.Duration

/**
 * Appends the bytes of [view] to this buffer: one copy, straight into its segments.
 *
 * ### Shapes and units
 * What the bridges between this library and kotlinx-io copy. Neither can take the other's memory: a view lies outside the
 * heap and is lent for a moment, a segment is an array on the heap. So one copy is the least, and none makes two.
 *
 * | bridge | from → to | copies | allocates |
 * |---|---|---|---|
 * | [Buffer.write] of a view | receive buffer → segments | 1 | segments, pooled by kotlinx-io |
 * | [ByteView.toByteString] | receive buffer → the string's array | 1 | the string |
 * | [ByteView.asSource] | receive buffer → segments of who reads | 1 | the source |
 * | [Connection.receive] into a buffer | receive buffer → segments | 1 | segments |
 * | [Connection.readExactly] into a buffer | receive buffer → segments | 1 | segments |
 * | [Connection.receiveByteString] | receive buffer → the string's array | 1 | the string |
 * | [Connection.write], `send` of a `ByteString` | its array → send queue | 1 | nothing |
 * | [Connection.write], `send` of a `Buffer` | segments → send queue | 1 | nothing |
 * | [Connection.send] of a source | segments → send queue, after the source's own | 1 | a buffer |
 * | [ByteSink.put] of a buffer, [ByteSink.asSink] | segments → send queue | 1 | nothing, the sink |
 * ### Ownership
 * [view] is borrowed for the call, the copy is this buffer's.
 *
 * @sample samples.dsl.receiveIntoBuffer
 */
@OptIn(UnsafeIoApi::class)
public fun Buffer.write(view: ByteView) {
    var at = 0
    while (at < view.size()) {
        // Unsafe only in that the array is the segment's own; it is written here and not kept.
        UnsafeBufferOperations.writeToTail(this, minimumCapacity = 1) { bytes, from, until ->
            val count = minOf(until - from, view.size() - at)
            view.copyTo(at, bytes, from, count)
            at += count
            count
        }
    }
}

/** A copy of [count] bytes of this view beginning with the one at [from], to keep: one copy. */
@OptIn(UnsafeByteStringApi::class)
public fun ByteView.toByteString(
    from: Int = 0,
    count: Int = size() - from,
): ByteString = UnsafeByteStringOperations.wrapUnsafe(toByteArray(from, count))

/**
 * This view as a source, for parsers that are written on kotlinx-io: one copy, made when they read.
 *
 * Borrows as the view does: valid as long, and closing it does nothing.
 */
public fun ByteView.asSource(): RawSource = ViewSource(this)

/**
 * Appends all of [source] to this sink, and empties it: one copy, straight out of its segments.
 */
@OptIn(UnsafeIoApi::class)
public fun ByteSink.put(
    source: Buffer,
    byteCount: Long = source.size,
) {
    require(byteCount in 0..source.size) { "put of $byteCount bytes from a buffer of ${source.size} bytes" }
    var left = byteCount
    while (left > 0) {
        UnsafeBufferOperations.readFromHead(source) { bytes, from, until ->
            val count = minOf((until - from).toLong(), left).toInt()
            putBytes(bytes, from, count)
            left -= count
            count
        }
    }
}

/**
 * This sink for encoders that are written on kotlinx-io: one copy, made when they write.
 *
 * `flush` and `close` do nothing: what is put into a connection's output leaves at the end of the turn by itself.
 */
public fun ByteSink.asSink(): RawSink = OutputSink(this)

/**
 * Waits for bytes and appends everything that has arrived to [target].
 *
 * ### Shapes and units
 * Returns how many bytes that were, 1 or more, or [Connection.END_OF_INPUT].
 * ### Ownership
 * [target] has a copy and may be kept. Unlike unconsumed bytes, what lies in it is not bounded by `frameBytesMax`: the
 * caller bounds it.
 * ### Threading and cancellation
 * As [Connection.receive]: a cancelled call has appended nothing.
 * ### Errors
 * As [Connection.receive].
 *
 * @sample samples.dsl.receiveIntoBuffer
 */
public suspend fun Connection.receive(
    target: Buffer,
    timeout: Duration = Duration.INFINITE,
): Int =
    receive(timeout) { view ->
        target.write(view)
        view.size()
    }

/**
 * Appends exactly [bytes] bytes to [target], as they arrive.
 *
 * ### Shapes and units
 * [bytes] may be more than `frameBytesMax`: they do not wait in the connection. False when the peer has finished sending
 * before the first of them.
 * ### Threading and cancellation
 * [timeout] is for each arrival. Cancelled, [target] has what had arrived.
 * ### Errors
 * [UnexpectedEndException][dev.uring.base.UnexpectedEndException] the peer finished after some of them, which [target]
 * has · otherwise as [Connection.receive].
 */
public suspend fun Connection.readExactly(
    bytes: Long,
    target: Buffer,
    timeout: Duration = Duration.INFINITE,
): Boolean {
    require(bytes >= 0) { "readExactly($bytes)" }
    var left = bytes
    while (left > 0) {
        val appended = appendUpTo(left, target, timeout)
        if (appended == Connection.END_OF_INPUT) {
            if (left == bytes) return false
            throw input.unexpectedEnd(receivedBytes = bytes - left, expectedBytes = bytes)
        }
        left -= appended
    }
    return true
}

private suspend fun Connection.appendUpTo(
    most: Long,
    target: Buffer,
    timeout: Duration,
): Int {
    var appended = Connection.END_OF_INPUT
    readMessage(
        timeout,
        leastBytes = 1,
        measure = { view, _ -> minOf(view.size().toLong(), most).toInt() },
        take = { view, total ->
            target.write(part(view, 0, total))
            appended = total
            total
        },
    )
    return appended
}

/** Queues all bytes of [source] and empties it; see [Connection.write]. One copy. */
public fun Connection.write(source: Buffer): Unit = output.put(source)

/** Queues all bytes of [source], empties it and waits for room; see [Connection.send]. One copy. */
public suspend fun Connection.send(source: Buffer) {
    write(source)
    // Nothing more to queue: only the wait for room.
    send(NOTHING)
}

/**
 * Sends everything that [source] has, a segment at a time, waiting for room in between; returns how many bytes.
 *
 * ### Ownership
 * [source] stays the caller's, to close.
 * ### Threading and cancellation
 * [source] is read on the worker's thread and must not block there: a buffer, or something computed. Cancelled, what was
 * read is sent.
 * ### Errors
 * As [Connection.send], and what [source] throws.
 */
public suspend fun Connection.send(source: RawSource): Long {
    val buffer = Buffer()
    var total = 0L
    while (true) {
        val read = source.readAtMostTo(buffer, SOURCE_READ_BYTES)
        if (read < 0) return total
        total += read
        send(buffer)
    }
}

// A segment of kotlinx-io: what it reads and passes on without dividing it.
private const val SOURCE_READ_BYTES = 8L shl 10

private val NOTHING = ByteString()

private class ViewSource(
    private val view: ByteView,
) : RawSource {
    private var position = 0

    @OptIn(UnsafeIoApi::class)
    override fun readAtMostTo(
        sink: Buffer,
        byteCount: Long,
    ): Long {
        require(byteCount >= 0) { "readAtMostTo of $byteCount bytes" }
        if (byteCount == 0L) return 0
        if (position == view.size()) return -1
        val count = minOf(byteCount, (view.size() - position).toLong()).toInt()
        val end = position + count
        while (position < end) {
            UnsafeBufferOperations.writeToTail(sink, minimumCapacity = 1) { bytes, from, until ->
                val part = minOf(until - from, end - position)
                view.copyTo(position, bytes, from, part)
                position += part
                part
            }
        }
        return count.toLong()
    }

    override fun close() = Unit
}

private class OutputSink(
    private val output: ByteSink,
) : RawSink {
    override fun write(
        source: Buffer,
        byteCount: Long,
    ) = output.put(source, byteCount)

    override fun flush() = Unit

    override fun close() = Unit
}

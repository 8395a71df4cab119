package dev.uring.dsl

import dev.uring.base.ProcessException
import dev.uring.bytes.ByteView
import dev.uring.bytes.ByteWindow
import dev.uring.process.PipeHandler
import dev.uring.process.PipeReader
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.flow
import kotlinx.io.Buffer
import kotlinx.io.bytestring.ByteString
import kotlinx.io.readByteString
import kotlin.coroutines.intrinsics.suspendCoroutineUninterceptedOrReturn

/**
 * What a child process writes to one of its standard streams, as a stream of bytes.
 *
 * ### Shapes and units
 * Read only while somebody receives: when nobody does, the pipe (64 KiB) fills up and the child waits.
 * ### Ownership
 * The child's. Views are borrowed by the block that gets them.
 * ### Threading and cancellation
 * The child's worker, one coroutine at a time. Cancelling loses nothing: the bytes stay for the next reader.
 * ### Errors
 * [ProcessException] the pipe failed, or more than [PipeReader.UNCONSUMED_BYTES_MAX] bytes were left unconsumed.
 *
 * @sample samples.dsl.sortedLines
 */
public class ChildOutput internal constructor(
    private val core: PipeReader,
) {
    private val slot = WaitSlot(core.worker())
    private val window = ByteWindow("ChildOutput.receive")

    // Bytes that a block has seen and left.
    private var seen = 0
    private var failure: ProcessException? = null

    init {
        core.receive(
            object : PipeHandler {
                override fun onReceive(
                    pipe: PipeReader,
                    bytes: ByteView,
                ): Int {
                    pipe.pause()
                    slot.resume()
                    return 0
                }

                override fun onEnd(
                    pipe: PipeReader,
                    cause: ProcessException?,
                ) {
                    failure = cause
                    slot.resume()
                }
            },
        )
        core.pause()
    }

    /**
     * Waits for bytes and lends them to [block], which returns how many of them it consumed.
     *
     * ### Shapes and units
     * The view holds all unconsumed bytes, at least one of them new. Returns what [block] returned, or
     * [Connection.END_OF_INPUT] at the end of the output.
     */
    public suspend fun receive(block: (ByteView) -> Int): Int {
        while (true) {
            suspendCoroutineUninterceptedOrReturn { await(it) }
            val readable = core.readableBytes()
            if (readable > seen) return lend(readable, block)
            failure?.let { throw it }
            if (core.isEnded) return Connection.END_OF_INPUT
        }
    }

    /** Lends every arrival to [block], which consumes it whole, until the end of the output. */
    public suspend fun forEachView(block: (ByteView) -> Unit) {
        do {
            val consumed =
                receive { view ->
                    block(view)
                    view.size()
                }
        } while (consumed != Connection.END_OF_INPUT)
    }

    /**
     * Everything up to the end of the output.
     *
     * ### Errors
     * [ProcessException] more than [bytesMax] bytes; those are dropped, and the child waits or is killed by its owner.
     */
    public suspend fun readAll(bytesMax: Int = READ_ALL_BYTES_MAX_DEFAULT): ByteString {
        val all = Buffer()
        forEachView { view ->
            all.write(view.toByteArray())
            if (all.size > bytesMax) {
                throw ProcessException(
                    "$core wrote more than bytesMax=$bytesMax bytes.\n" +
                        "  Raise the limit, or receive the output in parts.",
                    core.toString(),
                    0,
                )
            }
        }
        return all.readByteString()
    }

    /**
     * The next line without its end (`\n` or `\r\n`), or null at the end of the output. The last line needs no end. At
     * most [PipeReader.UNCONSUMED_BYTES_MAX] bytes.
     */
    public suspend fun readLine(): String? {
        var line: String? = null
        while (true) {
            val consumed =
                receive { view ->
                    val end = view.indexOf(NEWLINE, 0)
                    if (end < 0) return@receive 0
                    line = view.toUtf8(0, end).removeSuffix("\r")
                    end + 1
                }
            line?.let { return it }
            if (consumed == Connection.END_OF_INPUT) return lastLine()
        }
    }

    /** The lines as [readLine] gives them, to the end of the output. */
    public fun lines(): Flow<String> = flow { while (true) emit(readLine() ?: break) }

    /** Drops what is unread and closes this end: the child's next write fails, which usually ends it. */
    public fun close() {
        core.close()
        // Not right here: a coroutine called, and must not be entered by another.
        if (slot.isOccupied) core.worker().executeUnlessStopped(slot::resume)
    }

    private fun lastLine(): String? {
        val left = core.readableBytes()
        if (left == 0) return null
        val line = core.received().toUtf8()
        core.consume(left)
        seen = 0
        return line
    }

    private fun await(continuation: kotlin.coroutines.Continuation<Unit>): Any {
        if (core.readableBytes() > seen || core.isEnded) return Unit
        check(!slot.isOccupied) { "$core has a reader already: another coroutine waits in receive" }
        val suspended = slot.park(continuation)
        core.resume()
        return suspended
    }

    private fun lend(
        readable: Int,
        block: (ByteView) -> Int,
    ): Int {
        window.lend(core.received(), 0, readable)
        val consumed =
            try {
                block(window)
            } finally {
                window.end()
            }
        require(consumed in 0..readable) { "the block says it consumed $consumed bytes, but its view held $readable" }
        if (consumed == 0) {
            seen = readable
        } else {
            core.consume(consumed)
            seen = 0
        }
        return consumed
    }

    /** Constants of outputs. */
    public companion object {
        /** What [readAll] takes unless told otherwise: 8 MiB, more than a program says and less than hurts. */
        public const val READ_ALL_BYTES_MAX_DEFAULT: Int = 8 shl 20

        private const val NEWLINE = '\n'.code.toByte()
    }
}

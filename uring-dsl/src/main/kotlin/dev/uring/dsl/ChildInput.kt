package dev.uring.dsl

import dev.uring.base.ProcessException
import dev.uring.process.PipeWriter
import kotlin.coroutines.intrinsics.suspendCoroutineUninterceptedOrReturn

/**
 * What a child process reads from its standard input.
 *
 * ### Shapes and units
 * Nothing is queued: a [send] returns when the pipe (64 KiB) has taken its last byte, so a child that does not read
 * holds up its sender.
 * ### Ownership
 * The child's. [close] is how it learns of the end of its input.
 * ### Threading and cancellation
 * The child's worker, one coroutine at a time. A cancelled [send] goes on without its caller until the child has taken
 * the bytes or ended, and the array is not the caller's until then.
 * ### Errors
 * [ProcessException] with errno 32 (EPIPE) when the child has closed its end or ended.
 *
 * @sample samples.dsl.sortedLines
 */
public class ChildInput internal constructor(
    private val core: PipeWriter,
) {
    private val slot = WaitSlot(core.worker())
    private var isTold = false
    private var failure: ProcessException? = null

    /** Writes [count] bytes of [bytes], beginning with the one at [from]. */
    public suspend fun send(
        bytes: ByteArray,
        from: Int = 0,
        count: Int = bytes.size - from,
    ) {
        isTold = false
        core.write(bytes, from, count) {
            failure = it
            isTold = true
            slot.resume()
        }
        while (!isTold) {
            suspendCoroutineUninterceptedOrReturn<Unit> { if (isTold) Unit else slot.park(it) }
        }
        failure?.let { throw it }
    }

    /** Writes [text] in UTF-8. */
    public suspend fun send(text: String): Unit = send(text.encodeToByteArray())

    /** Closes this end, behind a [send] under way: the child's input ends there. */
    public fun close(): Unit = core.close()
}

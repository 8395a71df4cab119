package dev.uring.dsl

import dev.uring.base.FileException
import dev.uring.bytes.ByteView
import dev.uring.bytes.ByteWindow
import dev.uring.file.FileBuffer
import dev.uring.file.FileRequest
import kotlin.coroutines.Continuation

/**
 * One read, write or sync of a suspending file: the request, its buffer, and the place where the coroutine waits for it.
 *
 * Steps are made when they are first needed and used again, with their buffers, so that a read costs no allocation. A
 * coroutine that is cancelled leaves its step to the kernel: the step goes back to its file when the answer has come.
 *
 * Thread: the file's worker.
 */
@PublishedApi
internal class FileStep(
    private val file: UringFile,
) : FileRequest() {
    private val slot = WaitSlot(file.worker)
    private val window = ByteWindow("a block of UringFile.read")
    private var buffer: FileBuffer? = null
    private var failure: FileException? = null
    private var isAbandoned = false

    /** What was read or written by the last asking. */
    @PublishedApi
    internal var bytes: Int = 0
        private set

    /** Memory for at least [count] bytes. */
    fun buffer(count: Int): FileBuffer {
        val present = buffer
        if (present != null && present.capacity() >= count) return present
        present?.close()
        buffer = null
        return file.files.buffer(count).also { buffer = it }
    }

    /** For [kotlin.coroutines.intrinsics.suspendCoroutineUninterceptedOrReturn]: waits for the answer. */
    fun await(continuation: Continuation<Unit>): Any = if (isUnderWay) slot.park(continuation) else Unit

    /** The bytes of a read, lent until [end]. */
    @PublishedApi
    internal fun open(): ByteView {
        check()
        window.lend(checkNotNull(buffer).memory(), 0, bytes)
        return window
    }

    /** Throws if it has failed. */
    @PublishedApi
    internal fun check() {
        failure?.let {
            failure = null
            throw it
        }
    }

    /** The caller needs the step no more, whether it has been answered or not. */
    fun end() {
        window.end()
        failure = null
        if (isUnderWay) {
            isAbandoned = true
            cancel()
        } else {
            giveBack()
        }
    }

    /** Closes the buffer of a step that nobody uses. */
    fun dispose() {
        slot.unbind()
        buffer?.close()
        buffer = null
    }

    override fun completed(bytes: Int) {
        this.bytes = bytes
        answered()
    }

    override fun failed(failure: FileException) {
        this.failure = failure
        answered()
    }

    private fun answered() {
        if (isAbandoned) {
            isAbandoned = false
            failure = null
            giveBack()
        } else {
            slot.resume()
        }
    }

    private fun giveBack() {
        if ((buffer?.capacity() ?: 0) > BUFFER_BYTES_KEPT_MAX) {
            buffer?.close()
            buffer = null
        }
        file.giveBack(this)
    }

    private companion object {
        // A file keeps the buffers of as many reads as ran at the same time; huge ones are not worth keeping.
        const val BUFFER_BYTES_KEPT_MAX = 1 shl 18
    }
}

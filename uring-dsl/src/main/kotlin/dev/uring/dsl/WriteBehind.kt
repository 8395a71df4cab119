package dev.uring.dsl

import dev.uring.bytes.ByteView

/**
 * A stream into a file whose writes run behind the caller: see [UringFile.writeAll].
 *
 * ### Shapes and units
 * Bytes go to the file in the order of the calls, without a gap, in pieces of one size.
 * ### Ownership
 * What is given to [write] is copied before the call returns or suspends.
 * ### Threading and cancellation
 * One coroutine at a time, on the file's worker. Suspends only when as many pieces are being written as are allowed.
 * ### Errors
 * A write that failed is thrown by a later call, at the latest at the end of [UringFile.writeAll].
 */
public class WriteBehind internal constructor(
    private val file: UringFile,
    private var position: Long,
    private val chunkBytes: Int,
    writeBehind: Int,
) {
    // The pieces that are being written, the oldest first, and the one that is being filled.
    private val writing = ArrayDeque<FileStep>(writeBehind)
    private val writingMax = writeBehind
    private var filling: FileStep? = null
    private var filled = 0

    /** What was given so far, in bytes. */
    public var bytes: Long = 0
        private set

    init {
        require(chunkBytes > 0 && writeBehind in 1..WRITE_BEHIND_MAX) {
            "chunkBytes=$chunkBytes must be 1 or more, and writeBehind=$writeBehind in 1..$WRITE_BEHIND_MAX"
        }
    }

    /** Appends the bytes of [view]. */
    public suspend fun write(view: ByteView) {
        var from = 0
        while (from < view.size()) {
            val step = filling ?: nextPiece()
            val count = minOf(chunkBytes - filled, view.size() - from)
            view.copyTo(from, step.buffer(chunkBytes).memory(), filled.toLong(), count)
            from += count
            appended(count)
        }
    }

    /** Appends [count] bytes of [source], beginning with the one at [from]. */
    public suspend fun write(
        source: ByteArray,
        from: Int = 0,
        count: Int = source.size - from,
    ) {
        var done = 0
        while (done < count) {
            val step = filling ?: nextPiece()
            val part = minOf(chunkBytes - filled, count - done)
            step.buffer(chunkBytes).put(filled, source, from + done, part)
            done += part
            appended(part)
        }
    }

    /** Appends [text] in UTF-8. */
    public suspend fun write(text: String): Unit = write(text.encodeToByteArray())

    internal suspend fun finish() {
        startPiece()
        while (writing.isNotEmpty()) awaitOldest()
    }

    /** Gives up what has not been written. */
    internal fun end() {
        filling?.let(file::endStep)
        filling = null
        while (writing.isNotEmpty()) file.endStep(writing.removeFirst())
    }

    private fun appended(count: Int) {
        filled += count
        bytes += count
        if (filled == chunkBytes) startPiece()
    }

    private suspend fun nextPiece(): FileStep {
        if (writing.size == writingMax) awaitOldest()
        return file.takeStep().also {
            filling = it
            filled = 0
        }
    }

    private fun startPiece() {
        val step = filling ?: return
        file.startWrite(step, position, filled, UringFile.Durability.CACHED)
        position += filled
        filling = null
        writing.addLast(step)
    }

    private suspend fun awaitOldest() {
        val step = writing.first()
        file.awaitStep(step)
        writing.removeFirst()
        try {
            step.check()
        } finally {
            file.endStep(step)
        }
    }

    /** Constants of streams into files. */
    public companion object {
        /** Most pieces that may be written at the same time; each has a buffer. */
        public const val WRITE_BEHIND_MAX: Int = 64
    }
}

package dev.uring.dsl

/**
 * The pieces of a file that are being read in order: a ring of steps, the oldest of which is looked at next.
 *
 * Invariant: the steps hold consecutive pieces, the oldest at [first].
 * Thread: the file's worker.
 */
@PublishedApi
internal class ReadAhead(
    private val file: UringFile,
    from: Long,
    private val chunkBytes: Int,
    readAhead: Int,
) {
    private val steps = arrayOfNulls<FileStep>(readAhead + 1)
    private var first = 0
    private var count = 0
    private var position = from
    private var isAtEnd = false

    /** What has been taken so far. */
    @PublishedApi
    internal var bytes: Long = 0
        private set

    init {
        require(chunkBytes > 0 && readAhead in 0..READ_AHEAD_MAX) {
            "chunkBytes=$chunkBytes must be 1 or more, and readAhead=$readAhead in 0..$READ_AHEAD_MAX"
        }
    }

    /** The piece that comes next, perhaps still under way; null at the end of the file. */
    @PublishedApi
    internal fun oldest(): FileStep? {
        if (isAtEnd) return null
        while (count < steps.size) {
            steps[(first + count) % steps.size] = file.beginRead(position, chunkBytes)
            position += chunkBytes
            count++
        }
        return steps[first]
    }

    /** The oldest piece has been looked at. */
    @PublishedApi
    internal fun taken() {
        val step = checkNotNull(steps[first])
        bytes += step.bytes
        // A short piece is the last one; those behind it are reads beyond the end.
        isAtEnd = step.bytes < chunkBytes
        steps[first] = null
        first = (first + 1) % steps.size
        count--
        step.end()
    }

    fun end() {
        while (count > 0) {
            steps[first]?.end()
            steps[first] = null
            first = (first + 1) % steps.size
            count--
        }
    }

    private companion object {
        // More than a disk's queue gains nothing and costs a buffer each.
        const val READ_AHEAD_MAX = 64
    }
}

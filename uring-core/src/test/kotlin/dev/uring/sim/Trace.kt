package dev.uring.sim

/**
 * What happened, in order: a hash of all of it, and the last lines as text.
 *
 * Two runs are the same exactly when their hashes are; nothing that differs between processes, such as an identity or an
 * address in memory, may be noted.
 */
internal class Trace {
    private val lines = arrayOfNulls<String>(LINES_KEPT)
    private var count = 0L
    var hash = FNV_OFFSET
        private set

    fun note(
        nowNanos: Long,
        line: String,
    ) {
        hash = (hash xor nowNanos) * FNV_PRIME
        hash = (hash xor line.hashCode().toLong()) * FNV_PRIME
        lines[(count++ % LINES_KEPT).toInt()] = "$nowNanos $line"
    }

    /** The last lines, oldest first. */
    fun tail(most: Int): List<String> =
        (maxOf(0, count - minOf(most, LINES_KEPT)) until count).map { lines[(it % LINES_KEPT).toInt()].orEmpty() }

    private companion object {
        const val LINES_KEPT = 256
        const val FNV_OFFSET = -0x340d631b7bdddcdbL
        const val FNV_PRIME = 0x100000001b3L
    }
}

package dev.uring.redis.server

import dev.uring.bytes.ByteSink
import dev.uring.bytes.ByteView
import dev.uring.bytes.ByteWindow
import java.lang.foreign.Arena
import java.lang.foreign.MemorySegment

/**
 * A sink over one piece of memory that grows: for bytes that wait before they may go to a connection.
 *
 * One piece and not a list of chunks, because parts of a reply are read again when replies are merged, and a view is one
 * piece; growing by doubling copies each byte twice at most.
 *
 * May be filled by one thread and read by another, as long as something orders the two.
 */
internal class GrowingSink : ByteSink() {
    private var memory: MemorySegment = MemorySegment.NULL
    private var large: Arena? = null
    private val window = ByteWindow("GrowingSink.view")

    /** Bytes written since the beginning or the last [clear]. */
    val size: Int get() = chunkPosition().toInt()

    /** Everything written; valid until the next put or [clear]. */
    fun view(): ByteView {
        window.lend(memory, 0, size)
        return window
    }

    /** Forgets what was written; lets go of memory that is large. */
    fun clear() {
        window.end()
        large?.close()
        if (large != null) memory = MemorySegment.NULL
        large = null
        chunk(memory, 0, memory.byteSize())
    }

    override fun refill(bytesWanted: Int) {
        val used = chunkPosition()
        val wanted = used + bytesWanted
        check(wanted <= BYTES_MAX) {
            "more than bytesMax=$BYTES_MAX bytes would wait for one connection: written=$used, wanted=$bytesWanted.\n" +
                "  Likely cause: one request asks for that much. Ask for less at once: SCAN instead of KEYS, fewer " +
                "keys in one MGET."
        }
        val capacity = (2 * memory.byteSize()).coerceIn(BYTES_MIN, BYTES_MAX).coerceAtLeast(wanted)
        // Small blocks are kept and used again until whoever has them is garbage; large ones are given back at once, and
        // a shared arena is the kind that another thread may read and that can be closed.
        val arena = if (capacity <= KEPT_BYTES_MAX) Arena.ofAuto() else Arena.ofShared()
        val larger = arena.allocate(capacity)
        MemorySegment.copy(memory, 0, larger, 0, used)
        large?.close()
        large = if (capacity <= KEPT_BYTES_MAX) null else arena
        memory = larger
        chunk(larger, used, capacity)
    }

    private companion object {
        const val BYTES_MIN = 1024L
        const val KEPT_BYTES_MAX = 64L shl 10

        // Positions are ints. Redis's own limit is the memory there is.
        const val BYTES_MAX = 1L shl 30
    }
}

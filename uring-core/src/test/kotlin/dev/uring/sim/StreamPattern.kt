package dev.uring.sim

import dev.uring.bytes.ByteView

/**
 * Bytes that know where in a stream they belong: one that is lost, doubled or in another's place is found out at once.
 *
 * The byte at an offset depends on the offset and [key]; two streams with other keys look different from the first bytes
 * on.
 */
public class StreamPattern(
    private val key: Long,
) {
    /** The byte at [offset]. */
    public fun at(offset: Long): Byte {
        val mixed = (offset + key * KEY_FACTOR) * MIX_FACTOR
        return (mixed xor (mixed ushr MIX_SHIFT)).ushr(MIX_SHIFT).toByte()
    }

    /** [count] bytes from [offset] on. */
    public fun bytes(
        offset: Long,
        count: Int,
    ): ByteArray = ByteArray(count) { at(offset + it) }

    /** What is wrong with bytes that should be those from [offset] on; null when nothing is. */
    public fun check(
        view: ByteView,
        offset: Long,
    ): String? {
        for (index in 0 until view.size()) {
            if (view.get(index) != at(offset + index)) {
                return "byte ${offset + index} of a stream is not the one that was sent: " +
                    "${view.get(index)} instead of ${at(offset + index)}"
            }
        }
        return null
    }

    private companion object {
        const val KEY_FACTOR = 0x632be59bd9b4e019L
        const val MIX_FACTOR = -0x61c8864680b583ebL
        const val MIX_SHIFT = 29
    }
}

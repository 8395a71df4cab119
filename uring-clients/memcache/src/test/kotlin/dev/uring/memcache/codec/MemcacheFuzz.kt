package dev.uring.memcache.codec

/**
 * What Memcache and its clients send, in the classic commands and the meta ones: whatever it is, it decodes to the same
 * however it is cut and wherever it waits.
 *
 * The first byte of an input chooses: `q` for requests, `r` for replies, in capitals with small limits.
 */
internal object MemcacheFuzz {
    private val small = MemcacheLimits(512, 50, 10)

    /** What the fuzzer calls. */
    @JvmStatic
    fun fuzzerTestOneInput(input: ByteArray) {
        if (input.isEmpty()) return
        val wire = String(input, 1, input.size - 1, Charsets.ISO_8859_1)
        when (input[0].toInt().toChar()) {
            'q' -> same { it.requests(wire) }
            'Q' -> same { it.requests(wire, small) }
            'r' -> same { it.replies(wire) }
            'R' -> same { it.replies(wire, small) }
        }
    }

    private inline fun same(decode: (Feed) -> Decoded) {
        // What is gathered counts as consumed, so what is left is not the same everywhere.
        val whole = decode(Feed.WHOLE).copy(unconsumed = 0)
        val cut = decode(Feed.ONE_BYTE_AT_A_TIME).copy(unconsumed = 0)
        check(whole == cut) { "whole $whole, byte by byte $cut" }
        whole.errorText?.let { check(it.startsWith("memcache: ")) { "refused with: $it" } }
    }
}

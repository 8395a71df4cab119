package dev.uring.momento.codec

/**
 * What Momento and its clients send: whatever it is, it decodes to the same however it is cut and wherever it waits.
 *
 * The first byte of an input chooses: `q` for commands, `r` for replies, in capitals with small limits.
 */
internal object MomentoFuzz {
    private val small = MomentoLimits.defaults().withMessageBytesMax(200).withGatherBytesMin(10)

    /** What the fuzzer calls. */
    @JvmStatic
    fun fuzzerTestOneInput(input: ByteArray) {
        if (input.isEmpty()) return
        val wire = input.copyOfRange(1, input.size)
        when (input[0].toInt().toChar()) {
            'q' -> same { it.commands(wire) }
            'Q' -> same { it.commands(wire, small) }
            'r' -> same { it.replies(wire) }
            'R' -> same { it.replies(wire, small) }
        }
    }

    private inline fun same(decode: (Feed) -> Decoded) {
        val whole = decode(Feed.WHOLE)
        val cut = decode(Feed.ONE_BYTE_AT_A_TIME)
        check(whole == cut) { "whole $whole, byte by byte $cut" }
        whole.errorText?.let { check(it.startsWith("momento: ")) { "refused with: $it" } }
    }
}

package dev.uring.redis.codec

/**
 * What Redis and its clients send: whatever it is, it decodes to the same however it is cut and wherever it waits.
 *
 * The first byte of an input chooses: `q` for requests, `r` for replies, in capitals with small limits.
 */
internal object RespFuzz {
    /** What the fuzzer calls. */
    @JvmStatic
    fun fuzzerTestOneInput(input: ByteArray) {
        if (input.isEmpty()) return
        val wire = input.copyOfRange(1, input.size)
        when (input[0].toInt().toChar()) {
            'q' -> requests(wire, RespLimits.defaults())
            'Q' -> requests(wire, RespLimits(64, 20, 200, 300, 10))
            'r' -> replies(wire, ReplyLimits.defaults())
            'R' -> replies(wire, ReplyLimits(4, 200, 300, 64, 2_000, 30))
        }
    }

    private fun requests(
        wire: ByteArray,
        limits: RespLimits,
    ) {
        // What is gathered counts as consumed, so what is left is not the same everywhere.
        val whole = Feed.WHOLE.decode(wire, limits).copy(unconsumed = 0)
        val cut = Feed.ONE_BYTE_AT_A_TIME.decode(wire, limits).copy(unconsumed = 0)
        check(whole == cut) { "whole $whole, byte by byte $cut" }
    }

    private fun replies(
        wire: ByteArray,
        limits: ReplyLimits,
    ) {
        val whole = ReplyFeed.WHOLE.decode(wire, limits)
        val cut = ReplyFeed.ONE_BYTE_AT_A_TIME.decode(wire, limits)
        check(whole == cut) { "whole $whole, byte by byte $cut" }
        whole.errorText?.let { check(it.startsWith("RESP: ")) { "refused with: $it" } }
    }
}

package dev.uring.bench.timers

/** What is done with [count] timers that are armed together. */
class TimersWorkload(
    val kind: Kind,
    val count: Int,
) {
    enum class Kind(
        val mode: String,
    ) {
        /** Nearly every timer of a server: a request's timeout, armed and cancelled in another order before it is due. */
        ARM_CANCEL("cancel"),

        /** Every timer fires, at a moment of its own within the round; the latencies are how late each was. */
        ARM_FIRE("fire"),
    }

    val id: String = "arm-${kind.mode}-$count"

    companion object {
        private fun of(count: Int) = Kind.entries.map { TimersWorkload(it, count) }

        val QUICK: List<TimersWorkload> = of(10_000)
        val ALL: List<TimersWorkload> = QUICK + of(1_000_000)
    }
}

package dev.uring.bench.message

/**
 * One load of messages between two ends of the same process.
 *
 * @property isRoundTrip closed loops of a request and its response; else a stream in one direction
 * @property bodyBytes size of each body
 * @property channels connections that carry it at once
 * @property isUnix over Unix sockets instead of TCP
 */
data class MessageWorkload(
    val isRoundTrip: Boolean,
    val bodyBytes: Int,
    val channels: Int,
    val isUnix: Boolean,
) {
    val id: String =
        "${if (isRoundTrip) "round-trip" else "one-way"}-${bodyBytes}B-${channels}ch-${if (isUnix) "unix" else "tcp"}"

    /** As a subject reads it: see [parse]. */
    fun encode(): String = "$isRoundTrip $bodyBytes $channels $isUnix"

    companion object {
        private val SIZES = listOf(0, 64, 1024, 60_000)
        private val CHANNELS = listOf(1, 16, 256)

        val ALL: List<MessageWorkload> =
            listOf(true, false).flatMap { isRoundTrip ->
                listOf(false, true).flatMap { isUnix ->
                    SIZES.flatMap { bytes -> CHANNELS.map { MessageWorkload(isRoundTrip, bytes, it, isUnix) } }
                }
            }

        /** Each size, each number of channels and each kind of socket at least once. */
        val QUICK: List<MessageWorkload> =
            ALL.filter {
                it.id in
                    setOf(
                        "round-trip-0B-1ch-tcp",
                        "round-trip-64B-1ch-tcp",
                        "round-trip-64B-256ch-tcp",
                        "round-trip-1024B-16ch-unix",
                        "round-trip-60000B-1ch-tcp",
                        "one-way-64B-1ch-tcp",
                        "one-way-64B-16ch-tcp",
                        "one-way-1024B-16ch-unix",
                        "one-way-60000B-1ch-tcp",
                    )
            }

        /** What [encode] has written. */
        fun parse(words: List<String>): MessageWorkload =
            MessageWorkload(
                isRoundTrip = words[0].toBooleanStrict(),
                bodyBytes = words[1].toInt(),
                channels = words[2].toInt(),
                isUnix = words[3].toBooleanStrict(),
            )
    }
}

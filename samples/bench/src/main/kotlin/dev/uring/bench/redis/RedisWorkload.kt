package dev.uring.bench.redis

/**
 * Closed loops of one command.
 *
 * @property loops how many ask at the same time: coroutines, chains of futures, or threads
 * @property depth commands of one explicit pipeline, or keys of one multi-get; 1 sends each by itself
 * @param many what a [depth] of more than 1 is called
 */
class RedisWorkload(
    val isSet: Boolean,
    val valueBytes: Int,
    val loops: Int,
    val depth: Int,
    many: String = "pipeline",
) {
    val id: String =
        (if (isSet) "set-" else "get-") + "${valueBytes}B-" + if (depth > 1) "$many-$depth" else "loops-$loops"

    /** The request for a round, as `RedisSubject` reads it. */
    fun mode(millis: Long): String = "run ${if (isSet) "set" else "get"} $valueBytes $loops $depth $millis"

    companion object {
        const val KEYS_COUNT = 1024
        private val SIZES = listOf(64, 1024)
        private val LOOPS = listOf(1, 16, 256)
        private val DEPTHS = listOf(16, 100)

        private fun of(
            isSet: Boolean,
            bytes: Int,
        ) = LOOPS.map { RedisWorkload(isSet, bytes, it, 1) } + DEPTHS.map { RedisWorkload(isSet, bytes, 1, it) }

        val ALL: List<RedisWorkload> = SIZES.flatMap { of(isSet = false, it) + of(isSet = true, it) }

        /** The two that the aims speak of. */
        val QUICK: List<RedisWorkload> = ALL.filter { it.id in setOf("get-64B-loops-256", "get-64B-pipeline-100") }
    }
}

package dev.uring.bench.redis

/**
 * Closed loops of one command, or of both.
 *
 * @property loops how many ask at the same time: coroutines, chains of futures, or threads
 * @property depth commands of one explicit pipeline, or keys of one multi-get; 1 sends each by itself
 * @param many what a [depth] of more than 1 is called
 */
class RedisWorkload(
    val mix: Mix,
    val valueBytes: Int,
    val loops: Int,
    val depth: Int,
    many: String = "pipeline",
) {
    constructor(
        isSet: Boolean,
        valueBytes: Int,
        loops: Int,
        depth: Int,
        many: String = "pipeline",
    ) : this(if (isSet) Mix.SET else Mix.GET, valueBytes, loops, depth, many)

    /** Whether everything is a SET. */
    val isSet: Boolean get() = mix == Mix.SET

    val id: String = "${mix.word}-${valueBytes}B-" + if (depth > 1) "$many-$depth" else "loops-$loops"

    /** The request for a round, as `RedisSubject` reads it. */
    fun mode(millis: Long): String = "run ${mix.word} $valueBytes $loops $depth $millis"

    /** How many of ten commands are a SET; the others are a GET. */
    enum class Mix(
        val word: String,
        val setsOfTen: Int,
    ) {
        GET("get", 0),
        SET("set", 10),
        MIXED("mixed", 2),
        ;

        companion object {
            fun of(word: String): Mix = entries.first { it.word == word }
        }
    }

    companion object {
        const val KEYS_COUNT = 1024
        private val SIZES = listOf(64, 1 shl 10, 64 shl 10)
        private val LOOPS = listOf(1, 16, 256)
        private val DEPTHS = listOf(16, 100)

        /** In table order. */
        val ALL: List<RedisWorkload> =
            SIZES.flatMap { bytes ->
                Mix.entries.flatMap { mix ->
                    LOOPS.map { RedisWorkload(mix, bytes, it, depth = 1) } +
                        DEPTHS.map { RedisWorkload(mix, bytes, loops = 1, it) }
                }
            }

        private val QUICK_IDS =
            LOOPS.map { "get-64B-loops-$it" } + DEPTHS.map { "get-64B-pipeline-$it" } +
                listOf("set-64B-loops-256", "set-64B-pipeline-100", "mixed-64B-loops-256", "get-1024B-loops-256") +
                listOf("get-1024B-pipeline-100", "mixed-1024B-pipeline-16", "get-65536B-loops-16")

        /** Those that the aims speak of, and one of each other kind. */
        val QUICK: List<RedisWorkload> = ALL.filter { it.id in QUICK_IDS }
    }
}

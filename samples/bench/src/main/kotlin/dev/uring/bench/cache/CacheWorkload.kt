package dev.uring.bench.cache

/**
 * One run of redis-benchmark: [command] over [connections], [pipeline] requests in flight on each.
 *
 * @property valueBytes size of the value that SET writes and GET reads; 0 for commands without one
 */
data class CacheWorkload(
    val command: Command,
    val valueBytes: Int,
    val connections: Int,
    val pipeline: Int,
) {
    val id: String =
        listOf(command.name.lowercase(), if (valueBytes > 0) "d$valueBytes" else null, "c$connections", "P$pipeline")
            .filterNotNull()
            .joinToString("-")

    /** @property test its name for redis-benchmark's `-t` */
    enum class Command(
        val test: String,
        val hasValue: Boolean,
    ) {
        GET("get", true),
        SET("set", true),
        INCR("incr", false),
        PING("ping_mbulk", false),
    }

    companion object {
        /** In table order: the pipelined ones, which the budget speaks of, first. */
        val ALL: List<CacheWorkload> =
            listOf(16, 1).flatMap { pipeline ->
                listOf(50, 200).flatMap { connections ->
                    Command.entries.flatMap { command ->
                        (if (command.hasValue) listOf(3, 64, 1024) else listOf(0)).map { bytes ->
                            CacheWorkload(command, bytes, connections, pipeline)
                        }
                    }
                }
            }

        /** What `--quick` measures. */
        val QUICK: List<CacheWorkload> =
            listOf(CacheWorkload(Command.GET, 64, 50, 16), CacheWorkload(Command.SET, 64, 50, 16))
    }
}

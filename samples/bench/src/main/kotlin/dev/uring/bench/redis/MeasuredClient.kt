package dev.uring.bench.redis

import dev.uring.bench.measure.RoundFigures

/** A client that is measured, in a process of its own on the CPU that is measured. */
interface MeasuredClient {
    val name: String

    /** What the client says about its settings. */
    val settings: String

    /** Whether it knows how to do [workload]. */
    fun canRun(workload: RedisWorkload): Boolean = true

    /** Runs one round; a reply that is wrong is a [dev.uring.bench.SelfCheckFailure]. */
    fun round(
        workload: RedisWorkload,
        seconds: Double,
    ): RoundFigures
}

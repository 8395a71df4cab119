package dev.uring.simulate

import dev.uring.sim.SimulationResult
import java.util.Locale
import kotlin.time.Duration
import kotlin.time.DurationUnit

/** What the seeds of one scenario have come to, and how fast. */
internal class Progress(
    private val scenario: String,
) {
    private var seeds = 0L
    private var steps = 0L
    private var virtualTime = Duration.ZERO
    private var realTime = Duration.ZERO

    fun add(result: SimulationResult) {
        seeds++
        steps += result.steps
        virtualTime += result.virtualTime
        realTime += result.realTime
    }

    override fun toString(): String {
        val seconds = realTime.toDouble(DurationUnit.SECONDS)
        return String.format(
            Locale.ROOT,
            "%-10s %,d seeds, %,d steps, %.3f virtual s in %.1f s: %,.0f steps/s, %.1f virtual s per real s",
            scenario,
            seeds,
            steps,
            virtualTime.toDouble(DurationUnit.SECONDS),
            seconds,
            steps / seconds,
            virtualTime.toDouble(DurationUnit.SECONDS) / seconds,
        )
    }
}

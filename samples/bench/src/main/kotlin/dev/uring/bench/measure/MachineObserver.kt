package dev.uring.bench.measure

/** Observes the CPUs of a run: calibration before and after each round, and what strangers used meanwhile. */
class MachineObserver(
    private val calibration: Calibration,
    private val cpus: Set<Int>,
) : Observer {
    private var slowdownBefore = calibration.slowdown()

    override fun observe(work: () -> RoundFigures): Round {
        val figures = work()
        val slowdownAfter = calibration.slowdown()
        val conditions =
            Conditions(
                slowdown = maxOf(slowdownBefore, slowdownAfter),
                strangersShare = (figures.strangersNanos.toDouble() / (figures.nanos * cpus.size)).coerceIn(0.0, 1.0),
            )
        // What was calibrated after this round lies before the next one.
        slowdownBefore = slowdownAfter
        return Round(figures, conditions)
    }
}

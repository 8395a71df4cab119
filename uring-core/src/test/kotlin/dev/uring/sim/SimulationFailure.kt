package dev.uring.sim

/**
 * What a simulation found: which law was broken or what did not happen, when, and how to see it again.
 *
 * ### Shapes and units
 * [seed] and the program make the run; [step] counts the turns that workers have had.
 */
public class SimulationFailure internal constructor(
    public val seed: Long,
    public val step: Long,
    /** What was found, without the report around it. */
    public val finding: String,
    report: String,
    cause: Throwable?,
) : AssertionError(report, cause) {
    internal companion object {
        private const val serialVersionUID = 1L
    }
}

/** Ends the threads of a simulation that has failed; the failure itself is thrown where it was started. */
internal class SimulationEnded(
    failure: SimulationFailure,
) : IllegalStateException("the simulation has ended: ${failure.finding}") {
    // It is thrown on every thread, and where is of no interest.
    override fun fillInStackTrace(): Throwable = this

    private companion object {
        private const val serialVersionUID = 1L
    }
}

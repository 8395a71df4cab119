package dev.uring.bench.timers

import dev.uring.bench.BenchSession
import dev.uring.bench.SelfCheckFailure
import dev.uring.bench.measure.AddedCpuCheck
import dev.uring.bench.measure.Contestant

/**
 * Shows that the harness would notice: timers that are early, lost or fire twice are caught, and a facility that costs
 * more by a known amount is measured so.
 */
class TimersSelfCheck(
    private val session: BenchSession,
) {
    /** Returns one sentence for each check that passed; throws [SelfCheckFailure] at the first that did not. */
    fun run(): List<String> {
        val plain = TimersSubjectProcess.start(TimersSubjectProcess.JDK, session)
        val twin = TimersSubjectProcess.start(TimersSubjectProcess.JDK, session)
        for ((fault, workload) in FAULTS) {
            session.options.progress("self-check: timers that are $fault must be caught")
            twin.mode("fault $fault")
            val isCaught = runCatching { twin.round(workload, FAULT_SECONDS) }.exceptionOrNull() is SelfCheckFailure
            if (!isCaught) throw SelfCheckFailure("Timers that were $fault were not caught.")
        }
        twin.round(FIRE, FAULT_SECONDS)
        twin.mode("spin ${AddedCpuCheck.ADDED_NANOS}")
        val added =
            AddedCpuCheck(session).run(
                Contestant("plain") { plain.round(CANCEL, it) },
                Contestant("slowed") { twin.round(CANCEL, it) },
            )
        plain.end(session)
        twin.end(session)
        return listOf(
            "timers that were ${FAULTS.joinToString { it.first }} were each caught",
            added,
            "every timer of every round fired once and not early, or was cancelled before",
        )
    }

    private companion object {
        val CANCEL = TimersWorkload(TimersWorkload.Kind.ARM_CANCEL, 1_000)
        val FIRE = TimersWorkload(TimersWorkload.Kind.ARM_FIRE, 1_000)

        /** Each fault of `TimersSubject`, under the workload that has to notice it. */
        val FAULTS = listOf("early" to FIRE, "twice" to FIRE, "cancelled" to CANCEL)
        const val FAULT_SECONDS = 0.1
    }
}

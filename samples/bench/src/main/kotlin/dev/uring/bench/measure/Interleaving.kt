package dev.uring.bench.measure

/**
 * One server under one workload, ready to be measured again and again.
 *
 * @property name the subject's
 * @property round loads the server for about the given seconds and returns the figures; throws when a reply was wrong
 */
class Contestant(
    val name: String,
    val round: (seconds: Double) -> RoundFigures,
)

/**
 * What one round measured.
 *
 * @property metrics figures of the load; one that a subject cannot tell (B/op of a C server) is absent
 * @property serverCpuNanos CPU of the server in the round
 * @property compilerCpuNanos the part of it that a JVM spent on compiling
 * @property clientCpuNanos CPU of the load generator in the round
 * @property busyNanos what both CPUs were busy in the round, whoever ran on them
 * @property nanos how long the load ran
 * @property partnersCpuNanos CPU of other processes of the run, such as the upstream of a proxy
 */
class RoundFigures(
    val metrics: Map<Metric, Double>,
    val serverCpuNanos: Long,
    val compilerCpuNanos: Long,
    val clientCpuNanos: Long,
    val busyNanos: Long,
    val nanos: Long,
    val partnersCpuNanos: Long = 0,
) {
    /** What the CPUs did for others than this run. */
    val strangersNanos: Long get() = busyNanos - serverCpuNanos - clientCpuNanos - partnersCpuNanos

    /** Whether the server was still being compiled; what it cost and allocated then is not what it will. */
    val isCompiling: Boolean get() = compilerCpuNanos > serverCpuNanos * COMPILING_SHARE

    private companion object {
        const val COMPILING_SHARE = 0.01
    }
}

/** What the machine was like around a round; the round says nothing about its server when [isDisturbed]. */
data class Conditions(
    val slowdown: Double,
    val strangersShare: Double,
) {
    val isDisturbed: Boolean get() = slowdown > SLOWDOWN_MAX || strangersShare > STRANGERS_SHARE_MAX

    private companion object {
        // The host's two speeds lie 1.3 apart; the loop itself repeats within 3 %.
        const val SLOWDOWN_MAX = 1.10

        // CPU time of other processes, as a share of the two CPUs' time. The kernel samples it at ticks: 2 % is noise.
        const val STRANGERS_SHARE_MAX = 0.08
    }
}

/** A measured round with the conditions it was measured under. */
class Round(
    val figures: RoundFigures,
    val conditions: Conditions,
)

/** Tells the conditions around a piece of work. */
fun interface Observer {
    fun observe(work: () -> RoundFigures): Round
}

/**
 * How many rounds, how long, and how often a disturbed one is repeated.
 *
 * @property warmUpRoundsMax a server whose CPU per operation still falls after that many is measured all the same
 */
data class Schedule(
    val rounds: Int,
    val seconds: Double,
    val warmUpRoundsMax: Int,
    val repeatsPerRoundMax: Int = 2,
)

/**
 * Measures contestants in alternating short rounds A B C A B C, so that whatever drifts on the machine hits all alike.
 *
 * Round i of every contestant belongs to cycle i: ratios are formed inside a cycle. A disturbed round is repeated at once,
 * a bounded number of times; then the least disturbed attempt is kept and counted as such.
 */
class Interleaving(
    private val schedule: Schedule,
    private val observer: Observer,
    private val progress: (String) -> Unit,
) {
    /** The rounds of each contestant, in cycle order. */
    fun measure(contestants: List<Contestant>): Map<String, List<Round>> {
        for (contestant in contestants) warmUp(contestant)
        val rounds = contestants.associate { it.name to ArrayList<Round>() }
        repeat(schedule.rounds) { cycle ->
            for (contestant in contestants) {
                progress("round ${cycle + 1} of ${schedule.rounds}: ${contestant.name}")
                rounds.getValue(contestant.name) += undisturbedRound(contestant)
            }
        }
        return rounds
    }

    /** Until the JIT has nothing left to compile for this workload and CPU per operation no longer falls. */
    private fun warmUp(contestant: Contestant) {
        var previous = Double.MAX_VALUE
        repeat(schedule.warmUpRoundsMax) { i ->
            progress("warm-up ${i + 1}: ${contestant.name}")
            val figures = contestant.round(schedule.seconds)
            val cpu = figures.metrics.getValue(Metric.SERVER_CPU_NS)
            if (cpu > previous * STEADY && !figures.isCompiling) return
            previous = minOf(previous, cpu)
        }
    }

    private fun undisturbedRound(contestant: Contestant): Round {
        var best: Round? = null
        repeat(1 + schedule.repeatsPerRoundMax) {
            val round = observer.observe { contestant.round(schedule.seconds) }
            if (!round.conditions.isDisturbed) return round
            best = listOfNotNull(best, round).minBy { it.conditions.slowdown + it.conditions.strangersShare }
        }
        return checkNotNull(best)
    }

    private companion object {
        /** Less than 3 % better than the round before counts as steady. */
        const val STEADY = 0.97
    }
}

package dev.uring.bench.measure

import dev.uring.bench.BenchSession
import dev.uring.bench.SelfCheckFailure
import kotlin.math.abs
import kotlin.math.roundToInt

/**
 * Measures a server and its twin that burns [addedNanos] more for each operation, the way subjects are measured: the
 * median of the paired differences must show what was added.
 *
 * The workload must be pipelined deeply. A slower server also has to wake the load more often, which costs it about 6 µs
 * each time in a virtual machine; with one request for each wake-up that would be measured as well, and rightly.
 */
class AddedCpuCheck(
    private val session: BenchSession,
    private val addedNanos: Int = ADDED_NANOS,
) {
    /**
     * One sentence when the check passed. More rounds are added before it is given up, and the oldest no longer count then: a
     * machine that was busy for some seconds may be quiet in the next.
     */
    fun run(
        plain: Contestant,
        slowed: Contestant,
    ): String {
        val differences = ArrayList<Double>()
        repeat(ATTEMPTS) {
            val rounds = session.interleaving(SCHEDULE, "self-check, a slowed twin").measure(listOf(plain, slowed))
            val (without, with) =
                listOf(plain, slowed).map { contestant ->
                    rounds.getValue(contestant.name).map { it.figures.metrics.getValue(Metric.SERVER_CPU_NS) }
                }
            differences += with.zip(without) { slower, faster -> slower - faster }
            val added = median(differences.takeLast(ROUNDS_COUNTED))
            if (isAsAdded(added, addedNanos)) {
                return "a twin slowed by $addedNanos ns/op was measured slower by ${added.roundToInt()} ns/op$LENIENCE"
            }
        }
        throw SelfCheckFailure(
            "A twin slowed by $addedNanos ns/op was measured slower by " +
                "${median(differences.takeLast(ROUNDS_COUNTED)).roundToInt()} ns/op " +
                "(tolerance ${(TOLERANCE * 100).roundToInt()} %, ${differences.size} paired rounds). " +
                "Is the machine busy with something else?",
        )
    }

    companion object {
        /** Unit: nanoseconds of CPU for each operation. */
        const val ADDED_NANOS = 1_000
        private const val TOLERANCE_DEFAULT = 0.2

        // Tests of the benches run on machines that do other things too, and are not about the figures.
        private val TOLERANCE = System.getProperty("uring.bench.tolerance")?.toDouble() ?: TOLERANCE_DEFAULT
        private val LENIENCE =
            if (TOLERANCE == TOLERANCE_DEFAULT) "" else ", with a tolerance of ${(TOLERANCE * 100).roundToInt()} %"
        private const val ATTEMPTS = 12
        private const val ROUNDS_COUNTED = 12

        /** Nothing is repeated: CPU time hardly minds company, and more attempts follow anyway. */
        private val SCHEDULE = Schedule(rounds = 3, seconds = 0.3, warmUpRoundsMax = 5, repeatsPerRoundMax = 0)

        internal fun isAsAdded(
            measuredNanos: Double,
            addedNanos: Int = ADDED_NANOS,
        ): Boolean = abs(measuredNanos - addedNanos) <= TOLERANCE * addedNanos
    }
}

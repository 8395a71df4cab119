package dev.uring.bench.report

import dev.uring.bench.measure.Metric
import dev.uring.bench.measure.Round
import dev.uring.bench.measure.Spread

/**
 * Everything a bench says when it has run honestly.
 *
 * @property environment what a reader needs to judge the figures, in the order it is shown
 * @property notes what limits them: subjects left out, disturbed rounds
 */
class Report(
    val bench: String,
    val environment: Map<String, String>,
    val selfCheck: List<String>,
    val rows: List<Row>,
    val ratios: List<Ratio>,
    val notes: List<String>,
)

/** One subject under one workload: the spread of each metric over the rounds. */
class Row(
    val workload: String,
    val subject: String,
    val spreads: Map<Metric, Spread>,
    val rounds: Int,
    val disturbedRounds: Int,
) {
    companion object {
        /** Gathers the rounds of one subject. */
        fun of(
            workload: String,
            subject: String,
            rounds: List<Round>,
        ): Row {
            val spreads =
                Metric.entries
                    .mapNotNull { metric ->
                        Spread.of(rounds.mapNotNull { it.figures.metrics[metric] })?.let { metric to it }
                    }.toMap()
            return Row(workload, subject, spreads, rounds.size, rounds.count { it.conditions.isDisturbed })
        }

        /** The note about disturbed rounds; none when there were none. */
        fun disturbances(rows: List<Row>): List<String> {
            val disturbed = rows.sumOf { it.disturbedRounds }
            if (disturbed == 0) return emptyList()
            val cause = "slow host, or other processes on the two CPUs"
            return listOf(
                "$disturbed of ${rows.sumOf { it.rounds }} rounds stayed disturbed ($cause) after being repeated.",
            )
        }
    }
}

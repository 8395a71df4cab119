package dev.uring.bench.report

import dev.uring.bench.measure.Conditions
import dev.uring.bench.measure.Metric
import dev.uring.bench.measure.Round
import dev.uring.bench.measure.RoundFigures

internal fun round(
    vararg metrics: Pair<Metric, Double>,
    conditions: Conditions = Conditions(1.0, 0.0),
) = Round(RoundFigures(mapOf(*metrics), 0, 0, 0, 0, 1), conditions)

internal fun sampleReport(): Report {
    val ours =
        listOf(
            3000.0,
            3100.0,
            2900.0,
        ).map { round(Metric.OPS_PER_SECOND to 240_000.0, Metric.SERVER_CPU_NS to it) }
    val peer =
        listOf(3300.0, 3410.0, 3190.0).map {
            round(Metric.OPS_PER_SECOND to 210_000.4, Metric.SERVER_CPU_NS to it, conditions = Conditions(1.5, 0.0))
        }
    val rounds = mapOf("ours" to ours, "peer" to peer)
    val aims =
        listOf(
            Aim("ours", "peer", Comparison.OPS_PER_CPU, setOf("w"), Bound.AtLeast(1.12)),
            Aim("peer", "ours", Comparison.OPS_PER_CPU, setOf("w"), null),
        )
    val rows = rounds.map { (subject, itsRounds) -> Row.of("w", subject, itsRounds) }
    return Report(
        bench = "sample",
        environment = mapOf("commit" to "abc", "kernel" to "Linux 6"),
        selfCheck = listOf("was passed"),
        rows = rows,
        ratios = Ratio.of("w", aims, rounds),
        notes = Row.disturbances(rows),
    )
}

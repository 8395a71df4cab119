package dev.uring.bench.report

import dev.uring.bench.measure.Metric
import dev.uring.bench.measure.Round
import dev.uring.bench.measure.median

/** What a ratio compares, always subject ÷ against. */
enum class Comparison(
    val key: String,
    val label: String,
) {
    /** Operations for one second of server CPU: more is better, and 1.1 means 10 % more work for the same CPU. */
    OPS_PER_CPU("opsPerServerCpuSecond", "ops per CPU"),
    P50("p50Micros", "p50"),
    P99("p99Micros", "p99"),

    /** No ratio: the subject's own CPU for each operation. */
    CPU_NANOS("serverCpuNsPerOp", "ns/op"),

    /** No ratio: the subject's own bytes for each operation. */
    BYTES_PER_OP("bytesPerOp", "B/op"),

    /** Without a peer the subject's own bytes for each idle connection, with one the quotient: less is better. */
    RSS("rssBytesPerConnection", "RSS per connection"),
    ;

    /** The value in one cycle, or null when a figure is missing. */
    fun of(
        subject: Round,
        against: Round?,
    ): Double? =
        when (this) {
            OPS_PER_CPU -> {
                quotient(against, subject, Metric.SERVER_CPU_NS)
            }

            P50 -> {
                quotient(subject, against, Metric.P50_MICROS)
            }

            CPU_NANOS -> {
                subject.figures.metrics[Metric.SERVER_CPU_NS]
            }

            P99 -> {
                quotient(subject, against, Metric.P99_MICROS)
            }

            BYTES_PER_OP -> {
                subject.figures.metrics[Metric.BYTES_PER_OP]
            }

            RSS -> {
                val own = subject.figures.metrics[Metric.RSS_PER_CONNECTION]
                if (against == null) own else quotient(subject, against, Metric.RSS_PER_CONNECTION)
            }
        }

    private fun quotient(
        above: Round?,
        below: Round?,
        metric: Metric,
    ): Double? {
        val numerator = above?.figures?.metrics?.get(metric) ?: return null
        val denominator = below?.figures?.metrics?.get(metric) ?: return null
        return numerator / denominator
    }
}

/** Where the budget draws the line. */
sealed interface Bound {
    val value: Double

    fun isMetBy(measured: Double): Boolean

    data class AtLeast(
        override val value: Double,
    ) : Bound {
        override fun isMetBy(measured: Double) = measured >= value

        override fun toString() = "≥ $value"
    }

    data class AtMost(
        override val value: Double,
    ) : Bound {
        override fun isMetBy(measured: Double) = measured <= value

        override fun toString() = "≤ $value"
    }
}

/**
 * One line of the budget.
 *
 * @property against the peer; null when the figure stands alone
 * @property workloads ids of the workloads that the line speaks of
 * @property bound null for a ratio that is only told
 */
data class Aim(
    val subject: String,
    val against: String?,
    val comparison: Comparison,
    val workloads: Set<String>,
    val bound: Bound?,
)

/** A ratio as measured: the median over cycles of the ratio inside each cycle. */
data class Ratio(
    val workload: String,
    val aim: Aim,
    val value: Double,
) {
    /** Null when there is no bound to meet. */
    val met: Boolean? get() = aim.bound?.isMetBy(value)

    companion object {
        /** The ratios of [aims] for one workload; an aim whose subject or peer was not measured gives none. */
        fun of(
            workload: String,
            aims: List<Aim>,
            rounds: Map<String, List<Round>>,
        ): List<Ratio> =
            aims.filter { workload in it.workloads }.mapNotNull { aim ->
                val subject = rounds[aim.subject] ?: return@mapNotNull null
                val against = if (aim.against == null) null else rounds[aim.against] ?: return@mapNotNull null
                val values = subject.mapIndexedNotNull { cycle, round -> aim.comparison.of(round, against?.get(cycle)) }
                if (values.isEmpty()) null else Ratio(workload, aim, median(values))
            }
    }
}

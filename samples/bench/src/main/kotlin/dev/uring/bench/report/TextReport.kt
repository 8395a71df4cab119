package dev.uring.bench.report

import dev.uring.bench.measure.Metric
import java.util.Locale

/** A [Report] for people: header, table, ratios. */
object TextReport {
    private val COLUMNS =
        listOf(
            Metric.OPS_PER_SECOND,
            Metric.P50_MICROS,
            Metric.P99_MICROS,
            Metric.P999_MICROS,
            Metric.SERVER_CPU_NS,
            Metric.CLIENT_CPU_NS,
            Metric.CLIENT_BUSY,
            Metric.BYTES_PER_OP,
            Metric.SQES_PER_ENTER,
        )

    /** Shown only where a row has them. */
    private val RARE_COLUMNS = listOf(Metric.RSS_PER_CONNECTION)
    private const val ABSENT = "-"

    /** The whole text, ending with a line feed. */
    fun render(report: Report): String =
        buildString {
            appendLine("bench ${report.bench}")
            val width = report.environment.keys.maxOfOrNull { it.length } ?: 0
            report.environment.forEach { (name, value) -> appendLine("  ${name.padEnd(width)}  $value") }
            report.selfCheck.forEach { appendLine("  ${"self-check".padEnd(width)}  $it") }
            appendLine()
            appendLine("Medians over rounds; server CPU with (min–max). Server ns/op is the primary figure: the closer")
            appendLine("`client busy` is to 1, the more ops/s and latencies are limited by the load generator itself.")
            appendLine()
            val columns = COLUMNS + RARE_COLUMNS.filter { rare -> report.rows.any { rare in it.spreads } }
            append(table(header(columns), report.rows.map { cells(it, columns) }))
            if (report.ratios.isNotEmpty()) {
                appendLine()
                append(table(RATIO_HEADER, report.ratios.map(::cells)))
            }
            if (report.notes.isNotEmpty()) appendLine()
            report.notes.forEach { appendLine("note: $it") }
        }

    private fun header(columns: List<Metric>): List<String> =
        listOf("workload", "subject") + columns.map { it.column } + "n"

    private fun cells(
        row: Row,
        columns: List<Metric>,
    ): List<String> =
        listOf(row.workload, row.subject) +
            columns.map { metric ->
                val spread = row.spreads[metric] ?: return@map ABSENT
                val median = number(spread.median, metric.decimals)
                if (metric != Metric.SERVER_CPU_NS) return@map median
                "$median (${number(spread.min, 0)}–${number(spread.max, 0)})"
            } +
            row.rounds.toString()

    private val RATIO_HEADER = listOf("workload", "subject", "against", "compared", "ratio", "aim", "")

    private fun cells(ratio: Ratio): List<String> =
        listOf(
            ratio.workload,
            ratio.aim.subject,
            ratio.aim.against ?: ABSENT,
            ratio.aim.comparison.label,
            number(ratio.value, 3),
            ratio.aim.bound?.toString() ?: ABSENT,
            when (ratio.met) {
                true -> "met"
                false -> "MISSED"
                null -> ""
            },
        )

    /** Text columns to the left, columns of figures to the right; a blank line where the first column changes. */
    internal fun table(
        header: List<String>,
        rows: List<List<String>>,
    ): String {
        val widths = header.indices.map { i -> (rows + listOf(header)).maxOf { it[i].length } }
        val isFigures = header.indices.map { i -> rows.all { FIGURE.matches(it[i]) } }

        fun line(cells: List<String>) =
            cells
                .mapIndexed { i, cell -> if (isFigures[i]) cell.padStart(widths[i]) else cell.padEnd(widths[i]) }
                .joinToString("  ")
                .trimEnd()
        return buildString {
            appendLine(line(header))
            appendLine(widths.joinToString("  ") { "-".repeat(it) }.trimEnd())
            rows.forEachIndexed { i, row ->
                if (i > 0 && rows[i - 1].first() != row.first()) appendLine()
                appendLine(line(row))
            }
        }
    }

    private val FIGURE = Regex("""-|[-0-9.,]+( \(.*\))?""")

    /** Figures in one locale, thousands apart, so that 3794000 and 379400 are not confused. */
    internal fun number(
        value: Double,
        decimals: Int,
    ): String = String.format(Locale.ROOT, "%,.${decimals}f", value)
}

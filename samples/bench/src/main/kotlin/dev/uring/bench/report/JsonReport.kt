package dev.uring.bench.report

import dev.uring.bench.measure.Spread
import kotlinx.serialization.json.Json
import kotlinx.serialization.json.JsonObject
import kotlinx.serialization.json.JsonObjectBuilder
import kotlinx.serialization.json.add
import kotlinx.serialization.json.addJsonObject
import kotlinx.serialization.json.buildJsonObject
import kotlinx.serialization.json.put
import kotlinx.serialization.json.putJsonArray
import kotlinx.serialization.json.putJsonObject

/**
 * A [Report] for programs.
 *
 * `{"bench", "environment":{}, "selfCheck":"passed", "selfChecks":[], "notes":[], "rows":[{"workload", "subject",
 * "rounds", "disturbedRounds", "metrics":{}, "min":{}, "max":{}}], "ratios":[{"workload", "subject", "against",
 * "metric", "value", "aim", "bound", "met"}]}`; `metrics` holds medians. `aim`, `bound` and `met` are null for a ratio
 * that is only told, `against` for a figure that stands alone.
 */
object JsonReport {
    private val json = Json { prettyPrint = true }

    /** The text of the file. A report exists only when the self-check passed. */
    fun render(report: Report): String = json.encodeToString(JsonObject.serializer(), toJson(report)) + "\n"

    internal fun toJson(report: Report): JsonObject =
        buildJsonObject {
            put("bench", report.bench)
            putJsonObject("environment") { report.environment.forEach { (name, value) -> put(name, value) } }
            put("selfCheck", "passed")
            putJsonArray("selfChecks") { report.selfCheck.forEach { add(it) } }
            putJsonArray("notes") { report.notes.forEach { add(it) } }
            putJsonArray("rows") { report.rows.forEach { row -> add(toJson(row)) } }
            putJsonArray("ratios") {
                for (ratio in report.ratios) {
                    addJsonObject {
                        put("workload", ratio.workload)
                        put("subject", ratio.aim.subject)
                        put("against", ratio.aim.against)
                        put("metric", ratio.aim.comparison.key)
                        put("value", ratio.value)
                        put("aim", ratio.aim.bound?.value)
                        put("bound", ratio.aim.bound?.let { if (it is Bound.AtLeast) "atLeast" else "atMost" })
                        put("met", ratio.met)
                    }
                }
            }
        }

    private fun toJson(row: Row): JsonObject =
        buildJsonObject {
            put("workload", row.workload)
            put("subject", row.subject)
            put("rounds", row.rounds)
            put("disturbedRounds", row.disturbedRounds)
            figures("metrics", row, Spread::median)
            figures("min", row, Spread::min)
            figures("max", row, Spread::max)
        }

    private fun JsonObjectBuilder.figures(
        name: String,
        row: Row,
        of: (Spread) -> Double,
    ) {
        putJsonObject(name) { row.spreads.forEach { (metric, spread) -> put(metric.key, of(spread)) } }
    }
}

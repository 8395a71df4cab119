package dev.uring.bench.report

import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.doubles.plusOrMinus
import io.kotest.matchers.shouldBe
import kotlinx.serialization.json.Json
import kotlinx.serialization.json.JsonArray
import kotlinx.serialization.json.JsonNull
import kotlinx.serialization.json.JsonObject
import kotlinx.serialization.json.JsonPrimitive
import kotlinx.serialization.json.boolean
import kotlinx.serialization.json.double
import kotlinx.serialization.json.doubleOrNull
import kotlinx.serialization.json.jsonArray
import kotlinx.serialization.json.jsonObject
import kotlinx.serialization.json.jsonPrimitive

/** Fails unless [text] has the shape that readers of bench reports rely on; returns it parsed. */
internal fun shouldBeAReport(text: String): JsonObject {
    val report = Json.parseToJsonElement(text).jsonObject
    report.getValue("bench").jsonPrimitive.isString shouldBe true
    report
        .getValue("environment")
        .jsonObject.values
        .forEach { it.jsonPrimitive.isString shouldBe true }
    report.getValue("selfCheck") shouldBe JsonPrimitive("passed")
    for (row in report.getValue("rows").jsonArray.map { it.jsonObject }) {
        row.keys shouldBe setOf("workload", "subject", "rounds", "disturbedRounds", "metrics", "min", "max")
        for (figures in listOf("metrics", "min", "max")) {
            row
                .getValue(figures)
                .jsonObject.values
                .forEach { it.jsonPrimitive.double.isFinite() shouldBe true }
        }
    }
    for (ratio in report.getValue("ratios").jsonArray.map { it.jsonObject }) {
        ratio.keys shouldBe setOf("workload", "subject", "against", "metric", "value", "aim", "bound", "met")
        ratio
            .getValue("value")
            .jsonPrimitive.double
            .isFinite() shouldBe true
        (ratio["aim"] == JsonNull) shouldBe (ratio["met"] == JsonNull)
    }
    return report
}

class JsonReportTest :
    FunSpec({
        test("a report has the promised shape") {
            val report = shouldBeAReport(JsonReport.render(sampleReport()))
            report.getValue("rows").jsonArray.size shouldBe 2
            report.getValue("ratios").jsonArray.size shouldBe 2
        }

        test("metrics are medians, with their extremes beside them") {
            val row =
                JsonReport
                    .toJson(sampleReport())
                    .getValue("rows")
                    .jsonArray[0]
                    .jsonObject

            fun figure(of: String) =
                row
                    .getValue(of)
                    .jsonObject["serverCpuNsPerOp"]
                    ?.jsonPrimitive
                    ?.doubleOrNull
            figure("metrics") shouldBe 3000.0
            figure("min") shouldBe 2900.0
            figure("max") shouldBe 3100.0
        }

        test("a ratio tells its aim and whether it was met") {
            val ratios: JsonArray = JsonReport.toJson(sampleReport()).getValue("ratios").jsonArray
            val missed = ratios[0].jsonObject
            missed.getValue("value").jsonPrimitive.double shouldBe (1.1 plusOrMinus 1e-9)
            missed.getValue("aim").jsonPrimitive.double shouldBe 1.12
            missed.getValue("bound") shouldBe JsonPrimitive("atLeast")
            missed.getValue("met").jsonPrimitive.boolean shouldBe false
            ratios[1].jsonObject.getValue("met") shouldBe JsonNull
        }
    })

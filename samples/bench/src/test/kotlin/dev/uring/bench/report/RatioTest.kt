package dev.uring.bench.report

import dev.uring.bench.measure.Metric
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.collections.shouldBeEmpty
import io.kotest.matchers.doubles.plusOrMinus
import io.kotest.matchers.shouldBe

class RatioTest :
    FunSpec({
        val workloads = setOf("w")

        test("work for the same CPU is the peer's cost over the subject's, formed in each cycle before the median") {
            // The host is slow in the second cycle for both: paired, that cancels.
            val rounds =
                mapOf(
                    "ours" to listOf(100.0, 200.0, 100.0).map { round(Metric.SERVER_CPU_NS to it) },
                    "peer" to listOf(120.0, 240.0, 130.0).map { round(Metric.SERVER_CPU_NS to it) },
                )
            val aim = Aim("ours", "peer", Comparison.OPS_PER_CPU, workloads, Bound.AtLeast(1.15))
            val ratio = Ratio.of("w", listOf(aim), rounds).single()
            ratio.value shouldBe (1.2 plusOrMinus 1e-9)
            ratio.met shouldBe true
        }

        test("latency is the subject's over the peer's, and less is better") {
            val rounds =
                mapOf(
                    "ours" to listOf(round(Metric.P99_MICROS to 70.0)),
                    "peer" to listOf(round(Metric.P99_MICROS to 100.0)),
                )
            val aim = Aim("ours", "peer", Comparison.P99, workloads, Bound.AtMost(0.67))
            val ratio = Ratio.of("w", listOf(aim), rounds).single()
            ratio.value shouldBe (0.7 plusOrMinus 1e-9)
            ratio.met shouldBe false
        }

        test("bytes for each operation stand alone") {
            val rounds = mapOf("ours" to listOf(0.0, 48.0, 0.0).map { round(Metric.BYTES_PER_OP to it) })
            val aim = Aim("ours", null, Comparison.BYTES_PER_OP, workloads, Bound.AtMost(0.1))
            val ratio = Ratio.of("w", listOf(aim), rounds).single()
            ratio.value shouldBe 0.0
            ratio.met shouldBe true
        }

        test("a ratio without a bound is neither met nor missed") {
            val rounds = listOf("a", "b").associateWith { listOf(round(Metric.SERVER_CPU_NS to 1.0)) }
            Ratio.of("w", listOf(Aim("a", "b", Comparison.OPS_PER_CPU, workloads, null)), rounds).single().met shouldBe
                null
        }

        test("an aim gives no ratio when its peer, its workload or its figure was not measured") {
            val rounds = mapOf("ours" to listOf(round(Metric.SERVER_CPU_NS to 1.0)))
            val aims =
                listOf(
                    Aim("ours", "absent", Comparison.OPS_PER_CPU, workloads, null),
                    Aim("ours", null, Comparison.BYTES_PER_OP, workloads, null),
                    Aim("ours", "ours", Comparison.OPS_PER_CPU, setOf("another"), null),
                )
            Ratio.of("w", aims, rounds).shouldBeEmpty()
        }
    })

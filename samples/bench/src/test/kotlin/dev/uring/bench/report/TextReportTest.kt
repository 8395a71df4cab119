package dev.uring.bench.report

import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.shouldBe

class TextReportTest :
    FunSpec({
        test("a report is header, table, ratios and notes") {
            TextReport.render(sampleReport()) shouldBe
                """
                bench sample
                  commit  abc
                  kernel  Linux 6
                  self-check  was passed

                Medians over rounds; server CPU with (min–max). Server ns/op is the primary figure: the closer
                `client busy` is to 1, the more ops/s and latencies are limited by the load generator itself.

                workload  subject    ops/s  p50 µs  p99 µs  p99.9 µs         server ns/op  client ns/op  client busy  B/op  SQE/enter  n
                --------  -------  -------  ------  ------  --------  -------------------  ------------  -----------  ----  ---------  -
                w         ours     240,000       -       -         -  3,000 (2,900–3,100)             -            -     -          -  3
                w         peer     210,000       -       -         -  3,300 (3,190–3,410)             -            -     -          -  3

                workload  subject  against  compared     ratio  aim
                --------  -------  -------  -----------  -----  ------  ------
                w         ours     peer     ops per CPU  1.100  ≥ 1.12  MISSED
                w         peer     ours     ops per CPU  0.909  -

                note: 3 of 6 rounds stayed disturbed (slow host, or other processes on the two CPUs) after being repeated.

                """.trimIndent()
        }

        test("a blank line parts one workload from the next") {
            TextReport.table(listOf("a", "b"), listOf(listOf("x", "1"), listOf("y", "22"))) shouldBe
                """
                a   b
                -  --
                x   1

                y  22

                """.trimIndent()
        }

        test("figures are grouped by thousands and rounded") {
            TextReport.number(3_794_000.4, 0) shouldBe "3,794,000"
            TextReport.number(0.126, 2) shouldBe "0.13"
        }
    })

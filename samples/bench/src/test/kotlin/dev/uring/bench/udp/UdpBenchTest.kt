package dev.uring.bench.udp

import dev.uring.bench.bench
import dev.uring.bench.report.shouldBeAReport
import io.kotest.core.spec.style.FunSpec
import io.kotest.engine.spec.tempdir
import io.kotest.matchers.collections.shouldContainExactlyInAnyOrder
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import kotlinx.serialization.json.JsonPrimitive
import kotlinx.serialization.json.double
import kotlinx.serialization.json.jsonArray
import kotlinx.serialization.json.jsonObject
import kotlinx.serialization.json.jsonPrimitive

class UdpBenchTest :
    FunSpec({
        test("every subject echoes datagrams and is measured, after faults were caught and losses counted") {
            val json = tempdir().toPath().resolve("udp.json")
            val out = StringBuilder()
            val err = StringBuilder()
            val arguments = "udp --quick --workload 64B-c64-p1 --rounds 1 --seconds 0.1 --json $json"
            val code = bench(arguments.split(' '), out::append, { err.appendLine(it) })
            check(code == 0) { "exit code $code:\n$err" }

            out.toString() shouldContain "replies spoiled by flip, cut, duplicate, cross were each caught"
            out.toString() shouldContain "replies that were dropped were counted as lost"
            val report = shouldBeAReport(json.toFile().readText())
            report.getValue("bench") shouldBe JsonPrimitive("udp")
            val rows = report.getValue("rows").jsonArray.map { it.jsonObject }
            rows.map { it.getValue("subject").jsonPrimitive.content } shouldContainExactlyInAnyOrder UdpBench.subjects
            for (row in rows) {
                val metrics = row.getValue("metrics").jsonObject
                for (name in listOf("opsPerSecond", "serverCpuNsPerOp", "p99Micros")) {
                    check(metrics.getValue(name).jsonPrimitive.double > 0) { "$name of $row" }
                }
                check(metrics.getValue("lostShare").jsonPrimitive.double >= 0) { "lostShare of $row" }
            }
        }
    })

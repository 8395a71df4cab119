package dev.uring.bench.timers

import dev.uring.bench.bench
import dev.uring.bench.report.shouldBeAReport
import io.kotest.core.spec.style.FunSpec
import io.kotest.engine.spec.tempdir
import io.kotest.matchers.collections.shouldContainExactlyInAnyOrder
import io.kotest.matchers.string.shouldContain
import kotlinx.serialization.json.double
import kotlinx.serialization.json.jsonArray
import kotlinx.serialization.json.jsonObject
import kotlinx.serialization.json.jsonPrimitive

class TimersBenchTest :
    FunSpec({
        test("two facilities are measured from end to end, with lateness where timers fire, and the memory they hold") {
            val json = tempdir().toPath().resolve("timers.json")
            val out = StringBuilder()
            val err = StringBuilder()
            val arguments = "timers --quick --only netty-wheel,jdk-scheduled --rounds 2 --seconds 0.1 --json $json"
            val code = bench(arguments.split(' '), out::append, { err.appendLine(it) })
            check(code == 0) { "exit code $code:\n$err" }

            out.toString() shouldContain "timers that were early, twice, cancelled were each caught"
            out.toString() shouldContain "jdk-scheduled holds "
            val rows = shouldBeAReport(json.toFile().readText()).getValue("rows").jsonArray.map { it.jsonObject }
            rows.map {
                it.getValue("workload").jsonPrimitive.content to it.getValue("subject").jsonPrimitive.content
            } shouldContainExactlyInAnyOrder
                listOf("arm-cancel-10000", "arm-fire-10000").flatMap { w ->
                    listOf("netty-wheel", "jdk-scheduled").map { w to it }
                }
            for (row in rows) {
                val metrics = row.getValue("metrics").jsonObject
                val isFiring = "fire" in row.getValue("workload").jsonPrimitive.content
                val lateness = if (isFiring) listOf("p50Micros", "p99Micros") else emptyList()
                val expected = listOf("opsPerSecond", "serverCpuNsPerOp") + lateness
                for (name in expected) {
                    check(metrics.getValue(name).jsonPrimitive.double > 0) { "$name of $row" }
                }
            }
        }
    })

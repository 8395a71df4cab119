package dev.uring.bench.momento

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

class MomentoBenchTest :
    FunSpec({
        test("every kind of client is measured from end to end, in the clear and over TLS") {
            val json = tempdir().toPath().resolve("momento.json")
            val out = StringBuilder()
            val err = StringBuilder()
            val subjects = "uring,uring-callback,blocking-virtual,uring-tls,blocking-virtual-tls"
            val arguments =
                "momento --quick --only $subjects --workload get-64B-loops-64 --rounds 2 --seconds 0.1 --json $json"
            val code = bench(arguments.split(' '), out::append, { err.appendLine(it) })
            check(code == 0) { "exit code $code:\n$err" }

            out.toString() shouldContain "values that were never set were caught"
            val rows = shouldBeAReport(json.toFile().readText()).getValue("rows").jsonArray.map { it.jsonObject }
            rows.map { it.getValue("subject").jsonPrimitive.content } shouldContainExactlyInAnyOrder subjects.split(',')
            for (row in rows) {
                val metrics = row.getValue("metrics").jsonObject
                for (name in listOf("opsPerSecond", "serverCpuNsPerOp", "p50Micros", "p99Micros")) {
                    check(metrics.getValue(name).jsonPrimitive.double > 0) { "$name of $row" }
                }
            }
        }
    })

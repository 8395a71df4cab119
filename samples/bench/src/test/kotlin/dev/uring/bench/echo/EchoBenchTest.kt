package dev.uring.bench.echo

import dev.uring.bench.bench
import dev.uring.bench.report.shouldBeAReport
import io.kotest.core.spec.style.FunSpec
import io.kotest.engine.spec.tempdir
import io.kotest.matchers.collections.shouldBeEmpty
import io.kotest.matchers.collections.shouldContainExactlyInAnyOrder
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import kotlinx.serialization.json.JsonPrimitive
import kotlinx.serialization.json.double
import kotlinx.serialization.json.jsonArray
import kotlinx.serialization.json.jsonObject
import kotlinx.serialization.json.jsonPrimitive

class EchoBenchTest :
    FunSpec({
        test("two subjects are measured from end to end, reported as text and JSON, and ended") {
            val json = tempdir().toPath().resolve("echo.json")
            val out = StringBuilder()
            val err = StringBuilder()
            val arguments =
                "echo --quick --only jdk-nio,netty-epoll --workload 64B-c1-p1,16KiB-c64-p1 --rounds 2 --seconds 0.1 --json $json"
            val code = bench(arguments.split(' '), out::append, { err.appendLine(it) })
            check(code == 0) { "exit code $code:\n$err" }

            out.toString() shouldContain "a twin slowed by 1000 ns/op was measured slower by"
            val report = shouldBeAReport(json.toFile().readText())
            report.getValue("bench") shouldBe JsonPrimitive("echo")
            val rows = report.getValue("rows").jsonArray.map { it.jsonObject }
            rows.map {
                it.getValue("workload").jsonPrimitive.content to it.getValue("subject").jsonPrimitive.content
            } shouldContainExactlyInAnyOrder
                listOf("64B-c1-p1", "16KiB-c64-p1").flatMap { w -> listOf("jdk-nio", "netty-epoll").map { w to it } }
            for (row in rows) {
                val metrics = row.getValue("metrics").jsonObject
                for (name in listOf("opsPerSecond", "serverCpuNsPerOp", "clientCpuNsPerOp", "p50Micros", "p99Micros")) {
                    check(metrics.getValue(name).jsonPrimitive.double > 0) { "$name of $row" }
                }
                check(metrics.getValue("bytesPerOp").jsonPrimitive.double >= 0) { "B/op of $row" }
            }
            ProcessHandle
                .current()
                .descendants()
                .filter { it.isAlive }
                .toList()
                .shouldBeEmpty()
        }
    })

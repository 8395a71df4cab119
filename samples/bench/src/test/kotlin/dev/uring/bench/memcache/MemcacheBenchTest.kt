package dev.uring.bench.memcache

import dev.uring.bench.bench
import dev.uring.bench.process.findOnPath
import dev.uring.bench.report.shouldBeAReport
import io.kotest.core.spec.style.FunSpec
import io.kotest.core.test.Enabled
import io.kotest.core.test.config.DefaultTestConfig
import io.kotest.engine.spec.tempdir
import io.kotest.matchers.collections.shouldContainExactlyInAnyOrder
import io.kotest.matchers.string.shouldContain
import kotlinx.serialization.json.double
import kotlinx.serialization.json.jsonArray
import kotlinx.serialization.json.jsonObject
import kotlinx.serialization.json.jsonPrimitive

class MemcacheBenchTest :
    FunSpec({
        val isThere = findOnPath("memcached") != null
        check(isThere || System.getenv("CI") != "true") { "CI=true, but memcached is not installed" }
        val enabled = if (isThere) Enabled.enabled else Enabled.disabled("not installed: memcached")
        defaultTestConfig = DefaultTestConfig(enabledOrReasonIf = { enabled })

        test("clients are measured from end to end, by loops and by many keys at once") {
            val json = tempdir().toPath().resolve("memcache.json")
            val out = StringBuilder()
            val err = StringBuilder()
            val arguments = "memcache --quick --only folsom,spymemcached --rounds 2 --seconds 0.1 --json $json"
            val code = bench(arguments.split(' '), out::append, { err.appendLine(it) })
            check(code == 0) { "exit code $code:\n$err" }

            out.toString() shouldContain "values that were never set were caught"
            val rows = shouldBeAReport(json.toFile().readText()).getValue("rows").jsonArray.map { it.jsonObject }
            rows.map {
                it.getValue("workload").jsonPrimitive.content to it.getValue("subject").jsonPrimitive.content
            } shouldContainExactlyInAnyOrder
                listOf("get-64B-loops-256", "set-64B-loops-256", "get-64B-multi-100").flatMap { w ->
                    listOf("folsom", "spymemcached").map { w to it }
                }
            for (row in rows) {
                val metrics = row.getValue("metrics").jsonObject
                for (name in listOf("opsPerSecond", "serverCpuNsPerOp", "p50Micros", "p99Micros")) {
                    check(metrics.getValue(name).jsonPrimitive.double > 0) { "$name of $row" }
                }
            }
        }
    })

package dev.uring.bench.redis

import dev.uring.Doctor
import dev.uring.bench.bench
import dev.uring.bench.process.findOnPath
import dev.uring.bench.report.shouldBeAReport
import io.kotest.core.spec.style.FunSpec
import io.kotest.core.test.Enabled
import io.kotest.core.test.config.DefaultTestConfig
import io.kotest.engine.spec.tempdir
import io.kotest.matchers.collections.shouldContainExactlyInAnyOrder
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import kotlinx.serialization.json.double
import kotlinx.serialization.json.jsonArray
import kotlinx.serialization.json.jsonObject
import kotlinx.serialization.json.jsonPrimitive

class RedisBenchTest :
    FunSpec({
        val isThere = findOnPath("redis-server") != null
        check(isThere || System.getenv("CI") != "true") { "CI=true, but redis-server is not installed" }
        val enabled = if (isThere) Enabled.enabled else Enabled.disabled("not installed: redis-server")
        defaultTestConfig = DefaultTestConfig(enabledOrReasonIf = { enabled })

        test("clients are measured from end to end, by loops, by pipelines and mixed") {
            val json = tempdir().toPath().resolve("redis.json")
            val out = StringBuilder()
            val err = StringBuilder()
            val ours = if (Doctor.examine().usable()) listOf("uring", "uring-view") else emptyList()
            val jvms = ours + listOf("lettuce-async", "lettuce-coroutines", "jedis", "jedis-pool")
            val both = listOf("get-64B-loops-16", "set-64B-pipeline-100")
            val workloads = (both + "mixed-64B-pipeline-16").joinToString(",")
            val only = (jvms + "redis-benchmark").joinToString(",")
            val arguments = "redis --quick --only $only --workload $workloads --rounds 1 --seconds 0.05 --json $json"
            val code = bench(arguments.split(' '), out::append, { err.appendLine(it) })
            check(code == 0) { "exit code $code:\n$err" }

            out.toString() shouldContain "values that were never set were caught"
            val rows = shouldBeAReport(json.toFile().readText()).getValue("rows").jsonArray.map { it.jsonObject }
            rows.map {
                it.getValue("workload").jsonPrimitive.content to it.getValue("subject").jsonPrimitive.content
            } shouldContainExactlyInAnyOrder
                both.flatMap { w -> (jvms + "redis-benchmark").map { w to it } } +
                jvms.map { "mixed-64B-pipeline-16" to it }
            for (row in rows) {
                val metrics = row.getValue("metrics").jsonObject
                for (name in listOf("opsPerSecond", "p50Micros", "p99Micros")) {
                    check(metrics.getValue(name).jsonPrimitive.double > 0) { "$name of $row" }
                }
            }
        }

        test("a mixed load is two SETs in ten commands, for each loop") {
            val load = RedisLoad(RedisWorkload.Mix.MIXED, 64, loops = 3, depth = 1, 0, 0, 0)
            for (tally in load.tallies) {
                val sets = (1..1000).count { tally.isNextSet().also { tally.nextKey() } }
                sets shouldBe 200
            }
        }

        test("a quick run is part of the whole matrix, and speaks of every aim") {
            RedisWorkload.ALL.size shouldBe 45
            RedisWorkload.QUICK.size shouldBe 12
            for (what in listOf("loops-256", "pipeline-16", "pipeline-100", "mixed", "65536B")) {
                check(RedisWorkload.QUICK.any { what in it.id }) { "no $what in ${RedisWorkload.QUICK.map { it.id }}" }
            }
        }
    })

package dev.uring.bench.cache

import dev.uring.bench.SelfCheckFailure
import dev.uring.bench.bench
import dev.uring.bench.process.JavaCommand
import dev.uring.bench.process.findOnPath
import dev.uring.bench.report.shouldBeAReport
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.engine.spec.tempdir
import io.kotest.matchers.collections.shouldBeEmpty
import io.kotest.matchers.collections.shouldContainExactly
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import kotlinx.serialization.json.jsonArray
import kotlinx.serialization.json.jsonObject
import kotlinx.serialization.json.jsonPrimitive
import java.nio.file.Files

class CacheBenchTest :
    FunSpec({
        test("redis-server is measured from end to end under redis-benchmark, and ended").config(
            enabledOrReasonIf = {
                if (findOnPath("redis-server") != null && findOnPath("redis-benchmark") != null) {
                    io.kotest.core.test.Enabled.enabled
                } else {
                    io.kotest.core.test.Enabled
                        .disabled("redis-server and redis-benchmark are not installed")
                }
            },
        ) {
            val json = tempdir().toPath().resolve("cache.json")
            val err = StringBuilder()
            val workloads = "get-d64-c50-P16,set-d1024-c50-P16,incr-c50-P16,ping-c50-P16"
            val size = "--quick --rounds 1 --seconds 0.1"
            val arguments = "cache --only redis-server --workload $workloads $size --json $json"
            val code = bench(arguments.split(' '), {}, { err.appendLine(it) })
            check(code == 0) { "exit code $code:\n$err" }
            val rows = shouldBeAReport(json.toFile().readText()).getValue("rows").jsonArray.map { it.jsonObject }
            rows.map { it.getValue("workload").jsonPrimitive.content } shouldContainExactly workloads.split(',')
            ProcessHandle
                .current()
                .descendants()
                .filter { it.isAlive }
                .toList()
                .shouldBeEmpty()
        }

        test("without redis-server the bench says what to install and ends with 2") {
            val path = tempdir().toPath()
            Files.createSymbolicLink(path.resolve("taskset"), checkNotNull(findOnPath("taskset")))
            val builder = ProcessBuilder(JavaCommand.of("dev.uring.bench.Main", listOf("-Xmx64m"), listOf("cache")))
            builder.environment()["PATH"] = path.toString()
            val process = builder.start()
            process.errorReader().readText() shouldContain
                "`redis-server` is not on PATH: this bench needs redis-server and redis-benchmark. " +
                "Install them (Debian: apt-get install redis-server redis-tools)."
            process.waitFor() shouldBe 2
        }

        test("the CSV of redis-benchmark is read by the names of its columns") {
            val csv =
                """
                "test","rps","avg_latency_ms","min_latency_ms","p50_latency_ms","p95_latency_ms","p99_latency_ms","max_latency_ms"
                "GET","1351351.38","0.559","0.096","0.567","0.711","0.839","1.055"

                """.trimIndent()
            RedisBenchmarkReply.parse(csv) shouldBe RedisBenchmarkReply(1_351_351.38, 567.0, 839.0)
        }

        test("a CSV without the wanted columns is refused, not guessed at") {
            shouldThrow<SelfCheckFailure> {
                RedisBenchmarkReply.parse(
                    "\"GET\",\"1351351.38\"\n",
                )
            }.message shouldContain
                "redis-benchmark --csv (version 7 or newer) said"
        }
    })

package dev.uring.bench.message

import dev.uring.bench.bench
import dev.uring.bench.report.shouldBeAReport
import io.kotest.core.spec.style.FunSpec
import io.kotest.engine.spec.tempdir
import io.kotest.matchers.collections.shouldContainExactlyInAnyOrder
import io.kotest.matchers.shouldBe
import io.kotest.matchers.string.shouldContain
import io.kotest.matchers.string.shouldEndWith
import kotlinx.serialization.json.double
import kotlinx.serialization.json.jsonArray
import kotlinx.serialization.json.jsonObject
import kotlinx.serialization.json.jsonPrimitive
import org.HdrHistogram.Histogram

private val latencies = Histogram(60_000_000_000L, 3)

private fun load(
    workload: MessageWorkload,
    isFaulty: Boolean = false,
) = MessageLoad(workload, System.nanoTime() + 5_000_000, 0, isFaulty, latencies)

class MessageBenchTest :
    FunSpec({
        test("subjects are measured from end to end, by round trips and by streams") {
            val json = tempdir().toPath().resolve("message.json")
            val out = StringBuilder()
            val err = StringBuilder()
            val workloads = listOf("round-trip-64B-16ch-tcp", "one-way-1024B-1ch-tcp")
            val only = listOf("netty-epoll", "jeromq", "one-reactor-baseline")
            val arguments =
                "message --quick --only ${only.joinToString(",")} --workload ${workloads.joinToString(",")} " +
                    "--rounds 2 --seconds 0.1 --json $json"
            val code = bench(arguments.split(' '), out::append, { err.appendLine(it) })
            check(code == 0) { "exit code $code:\n$err" }

            out.toString() shouldContain "bodies that were never sent were caught"
            val rows = shouldBeAReport(json.toFile().readText()).getValue("rows").jsonArray.map { it.jsonObject }
            rows.map {
                it.getValue("workload").jsonPrimitive.content to it.getValue("subject").jsonPrimitive.content
            } shouldContainExactlyInAnyOrder workloads.flatMap { w -> only.map { w to it } }
            for (row in rows) {
                val metrics = row.getValue("metrics").jsonObject
                for (name in listOf("opsPerSecond", "serverCpuNsPerOp")) {
                    check(metrics.getValue(name).jsonPrimitive.double > 0) { "$name of $row" }
                }
            }
        }

        // Aeron would open the JDK's own packages, which this JVM has not: it is started above all by the bench itself.
        for (library in MessageLibrary.entries.filter { !it.subject.startsWith("aeron") }) {
            test("${library.subject} carries every kind of load, and sees a body that was never sent") {
                val ends = library.open(tempdir().toPath())
                // Few of the largest, because on a machine with Nagle's delays each takes its time.
                for (workload in MessageWorkload.ALL.filter { it.channels < 256 && library.carries(it) }) {
                    val load = load(workload)
                    ends.run(load)
                    check(load.fault == null && load.ops > 0) { "${workload.id}: ${load.fault}" }
                }
                val faulty = load(MessageWorkload.QUICK.first { it.bodyBytes == 64 }, isFaulty = true)
                ends.run(faulty)
                faulty.fault shouldBe "a body of 64 bytes came that was never sent"
                ends.close()
            }
        }

        test("a workload is the same when a subject has read it") {
            for (workload in MessageWorkload.ALL) {
                MessageWorkload.parse(workload.encode().split(' ')) shouldBe workload
            }
        }

        test("a body with another last byte is caught, and so is one that is cut") {
            val workload = MessageWorkload(isRoundTrip = false, bodyBytes = 64, channels = 1, isUnix = false)
            val whole = load(workload)
            whole.check(whole.body)
            whole.fault shouldBe null
            whole.check(whole.body.copyOf(63))
            whole.fault.orEmpty() shouldEndWith "never sent"
            val shifted = load(workload)
            shifted.check(shifted.body.copyOf().also { it[63]++ })
            shifted.fault.orEmpty() shouldEndWith "never sent"
        }
    })

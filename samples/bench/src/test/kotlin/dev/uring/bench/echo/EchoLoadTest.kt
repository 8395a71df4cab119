package dev.uring.bench.echo

import dev.uring.bench.BenchOptions
import dev.uring.bench.BenchSession
import dev.uring.bench.SelfCheckFailure
import dev.uring.bench.measure.Metric
import dev.uring.bench.process.ControlledProcess
import dev.uring.bench.process.JavaCommand
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.matchers.doubles.shouldBeGreaterThan
import io.kotest.matchers.maps.shouldContainKey
import io.kotest.matchers.string.shouldContain

/** One suite over both load generators: they must agree on what is right and what is wrong. */
class EchoLoadTest :
    FunSpec({
        val session = autoClose(BenchSession(BenchOptions(), "load-test"))
        val twin = EchoSubject.TWIN.start(session)
        val generators =
            mutableMapOf("Java" to JavaCommand.of("dev.uring.bench.load.NioLoadGenerator", listOf("-Xmx128m")))
        if (session.native.unavailable == null) generators["C"] = listOf("${session.native.executable("load")}")

        for ((language, command) in generators) {
            val generator = ControlledProcess(session.pool.start("load-$language", command))
            val load = EchoLoad(generator, session.cpus)
            val hasty = EchoLoad(generator, session.cpus, stallMillis = 300)

            fun mode(mode: String) = twin.process.request("MODE $mode")

            test("$language: requests of any size come back whole") {
                mode("none")
                val workloads =
                    listOf(
                        EchoWorkload(1, 3, 5),
                        EchoWorkload(64, 16, 16),
                        EchoWorkload(300 * 1024, 2, 1),
                        EchoWorkload(700_001, 2, 2),
                    )
                for (workload in workloads) {
                    val figures = load.round(twin, workload, 0.1)
                    figures.metrics.getValue(Metric.OPS_PER_SECOND) shouldBeGreaterThan 0.0
                    figures.metrics.getValue(Metric.SERVER_CPU_NS) shouldBeGreaterThan 0.0
                    figures.metrics shouldContainKey Metric.BYTES_PER_OP
                }
            }

            val saying =
                mapOf(
                    "flip" to "wrong byte at offset",
                    "cross" to "wrong byte at offset",
                    "hang-up" to "closed by the server",
                    "duplicate" to "",
                    "drop" to "",
                )
            for (fault in EchoSelfCheck.FAULTS) {
                // Only what is missing shows by its not coming; the others must not be taken for a machine that stops.
                val catching = if (fault == "drop") hasty else load
                test("$language: a server with fault \"$fault\" is caught") {
                    mode(fault)
                    val failure = shouldThrow<SelfCheckFailure> { catching.round(twin, EchoWorkload(64, 4, 2), 0.3) }
                    failure.message shouldContain "jdk-nio-twin did not echo what it was sent (64B-c4-p2, seed "
                    failure.message shouldContain saying.getValue(fault)
                }
            }

            test("$language: after a fault the next round is clean again") {
                mode("none")
                load.round(twin, EchoWorkload(64, 4, 2), 0.05)
            }

            test("$language: a server that is not there is reported, not waited for") {
                val reply = generator.request("OPEN 1 1 1 64 1 300")
                reply["error"].toString() shouldContain "onne" // "Connection refused", "connect to … failed"
            }
        }
    })

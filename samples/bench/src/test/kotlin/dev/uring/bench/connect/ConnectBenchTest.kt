package dev.uring.bench.connect

import dev.uring.bench.BenchOptions
import dev.uring.bench.BenchSession
import dev.uring.bench.SelfCheckFailure
import dev.uring.bench.echo.EchoLoad
import dev.uring.bench.echo.EchoSelfCheck
import dev.uring.bench.echo.EchoSubject
import dev.uring.bench.echo.EchoWorkload
import dev.uring.bench.measure.Metric
import dev.uring.bench.process.ControlledProcess
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.core.test.Enabled
import io.kotest.matchers.doubles.shouldBeGreaterThan
import io.kotest.matchers.string.shouldContain

/** A connection for each request: every subject serves it, and every fault of a server is seen. */
class ConnectBenchTest :
    FunSpec({
        val session = autoClose(BenchSession(BenchOptions(), "connect-test"))
        val generator = ControlledProcess(session.pool.start("load", ConnectBench.GENERATOR))
        val load = EchoLoad(generator, session.cpus)

        for (subject in EchoSubject.ALL) {
            val missing = subject.unavailable(session)
            val availability = if (missing == null) Enabled.enabled else Enabled.disabled("${subject.name}: $missing")
            test("${subject.name} serves connections of one request each").config(
                enabledOrReasonIf = { availability },
            ) {
                val server = subject.start(session)
                for (workload in listOf(EchoWorkload(64, 1, 1), EchoWorkload(64, 16, 1))) {
                    val figures = load.round(server, workload, 0.05)
                    figures.metrics.getValue(Metric.SERVER_CPU_NS) shouldBeGreaterThan 0.0
                }
                session.pool.end(server.process.child)
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
        val twin = EchoSubject.TWIN.start(session)
        val hasty = EchoLoad(generator, session.cpus, stallMillis = 300)
        for (fault in EchoSelfCheck.FAULTS) {
            // Only what is missing shows by its not coming; the others must not be taken for a machine that stops.
            val catching = if (fault == "drop") hasty else load
            test("a server with fault \"$fault\" is caught, and the next round is clean") {
                twin.process.request("MODE $fault")
                val failure = shouldThrow<SelfCheckFailure> { catching.round(twin, EchoWorkload(64, 4, 1), 1.0) }
                failure.message shouldContain saying.getValue(fault)
                twin.process.request("MODE none")
                load.round(twin, EchoWorkload(64, 4, 1), 0.05)
            }
        }
    })

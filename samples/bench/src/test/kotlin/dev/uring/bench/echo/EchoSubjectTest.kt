package dev.uring.bench.echo

import dev.uring.bench.BenchOptions
import dev.uring.bench.BenchSession
import dev.uring.bench.measure.Metric
import dev.uring.bench.process.ControlledProcess
import io.kotest.core.spec.style.FunSpec
import io.kotest.core.test.Enabled
import io.kotest.matchers.doubles.shouldBeGreaterThan

/** Every subject of the table can be started, echoes every byte and tells what it should. */
class EchoSubjectTest :
    FunSpec({
        val session = autoClose(BenchSession(BenchOptions(), "subject-test"))
        val generator = ControlledProcess(session.pool.start("load", session.loadGeneratorCommand()))
        val load = EchoLoad(generator, session.cpus)

        for (subject in EchoSubject.ALL) {
            val missing = subject.unavailable(session)
            val availability = if (missing == null) Enabled.enabled else Enabled.disabled("${subject.name}: $missing")
            test("${subject.name} echoes small pipelined requests and large ones").config(
                enabledOrReasonIf = { availability },
            ) {
                val server = subject.start(session)
                for (workload in listOf(EchoWorkload(64, 20, 4), EchoWorkload(300 * 1024, 3, 2))) {
                    load.round(server, workload, 0.05).metrics.getValue(Metric.SERVER_CPU_NS) shouldBeGreaterThan 0.0
                }
                session.pool.end(server.process.child)
            }
        }
    })

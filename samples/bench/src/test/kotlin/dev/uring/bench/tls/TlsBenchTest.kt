package dev.uring.bench.tls

import dev.uring.bench.BenchOptions
import dev.uring.bench.BenchSession
import dev.uring.bench.SelfCheckFailure
import dev.uring.bench.echo.EchoLoad
import dev.uring.bench.echo.EchoWorkload
import dev.uring.bench.measure.Metric
import dev.uring.bench.process.ControlledProcess
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.core.test.Enabled
import io.kotest.matchers.doubles.shouldBeGreaterThan
import io.kotest.matchers.string.shouldContain

private val isCi = System.getenv("CI") == "true"

/** Tiny inputs: every subject serves every kind of workload, and every fault of a server is seen. */
class TlsBenchTest :
    FunSpec({
        val session = autoClose(BenchSession(BenchOptions(), "tls-test"))
        val store = TlsStore.make(session.work)
        val generator = ControlledProcess(session.pool.start("load", TlsBench.GENERATOR))
        val load = EchoLoad(generator, session.cpus)

        for (subject in TlsSubject.ALL) {
            val missing = subject.unavailable(session)
            val availability = if (missing == null) Enabled.enabled else Enabled.disabled("${subject.name}: $missing")
            test("${subject.name} serves requests and handshakes").config(enabledOrReasonIf = { availability }) {
                val server = subject.start(session, store)
                for (mode in listOf("echo", "full", "resumed")) {
                    generator.request("MODE $mode")
                    for (workload in listOf(EchoWorkload(64, 4, 2), EchoWorkload(40_000, 2, 1))) {
                        val figures = load.round(server, workload, 0.05)
                        figures.metrics.getValue(Metric.SERVER_CPU_NS) shouldBeGreaterThan 0.0
                    }
                }
                session.pool.end(server.process.child)
            }
        }

        val file = TlsFileSubject.makeFile(session.work, 40_000)
        val fetches = EchoWorkload(40_000, 3, 1)
        for (subject in TlsFileSubject.all(file)) {
            val missing = subject.unavailable(session).takeUnless { subject.name == TlsFileSubject.NGINX && isCi }
            val availability = if (missing == null) Enabled.enabled else Enabled.disabled("${subject.name}: $missing")
            test("${subject.name} serves a file, byte for byte").config(enabledOrReasonIf = { availability }) {
                generator.request("MODE bulk $file")
                val server = subject.start(session, store)
                load.round(server, fetches, 0.05).metrics.getValue(Metric.SERVER_CPU_NS) shouldBeGreaterThan 0.0
                load.round(server, fetches, 0.05)
            }
        }

        val differences =
            mapOf(
                TlsFileSubject.makeFile(session.work, 40_000, seed = 1) to "wrong byte at offset 0",
                TlsFileSubject.makeFile(session.work, 39_999, seed = 2) to "the answer is not the file of 39999 bytes",
            )
        for ((expected, saying) in differences) {
            val served = TlsFileSubject.all(file).first { it.name == TlsSubject.NETTY_JDK }
            test("a server of a file that is not as expected is caught: $saying").config(
                enabledOrReasonIf = { served.unavailable(session)?.let { Enabled.disabled(it) } ?: Enabled.enabled },
            ) {
                generator.request("MODE bulk $expected")
                val server = served.start(session, store)
                shouldThrow<SelfCheckFailure> { load.round(server, fetches, 0.05) }.message shouldContain saying
                generator.request("MODE bulk $file")
                load.round(server, fetches, 0.05)
            }
        }

        val saying = mapOf("flip" to "wrong byte at offset", "hang-up" to "closed by the server")
        val hasUring = Enabled.disabled(session.ioUringUnavailable ?: "").takeIf { session.ioUringUnavailable != null }
        for (fault in TlsSelfCheck.FAULTS) {
            test("a server with fault \"$fault\" is caught, and the next round is clean").config(
                enabledOrReasonIf = { hasUring ?: Enabled.enabled },
            ) {
                generator.request("MODE echo")
                val twin = TlsSubject.TWIN.start(session, store)
                twin.process.request("MODE $fault")
                val failure = shouldThrow<SelfCheckFailure> { load.round(twin, EchoWorkload(64, 2, 1), 0.2) }
                failure.message shouldContain saying.getValue(fault)
                twin.process.request("MODE none")
                load.round(twin, EchoWorkload(64, 2, 1), 0.05)
                session.pool.end(twin.process.child)
            }
        }
    })

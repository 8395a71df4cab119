package dev.uring.bench.memory

import dev.uring.bench.BenchOptions
import dev.uring.bench.BenchSession
import dev.uring.bench.echo.EchoSubject
import dev.uring.bench.process.ControlledProcess
import io.kotest.core.spec.style.FunSpec
import io.kotest.core.test.Enabled
import io.kotest.matchers.doubles.shouldBeGreaterThan
import io.kotest.matchers.doubles.shouldBeLessThan

/** Each subject can be looked at, and what a connection keeps shows. */
class MemoryBenchTest :
    FunSpec({
        val session = autoClose(BenchSession(BenchOptions(), "memory-test"))
        val generator = ControlledProcess(session.pool.start("load", session.loadGeneratorCommand()))
        val load = MemoryLoad(session, generator)
        val missing = session.ioUringUnavailable
        val availability = if (missing == null) Enabled.enabled else Enabled.disabled(missing)

        test("a server that keeps 4 KiB for each connection is seen to").config(enabledOrReasonIf = { availability }) {
            val bytes = load.bytesPerConnection(EchoSubject.HOARDER, MemoryWorkload(3_000))
            bytes shouldBeGreaterThan 3_500.0
            bytes shouldBeLessThan 12_000.0
        }

        test("a server of the JDK is looked at as well") {
            val subject = EchoSubject.ALL.first { it.name == "jdk-nio" }
            load.bytesPerConnection(subject, MemoryWorkload(500)) shouldBeLessThan 1_000_000.0
        }
    })

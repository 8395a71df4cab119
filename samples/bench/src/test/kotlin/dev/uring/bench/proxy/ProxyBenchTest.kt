package dev.uring.bench.proxy

import dev.uring.bench.BenchOptions
import dev.uring.bench.BenchSession
import dev.uring.bench.bench
import dev.uring.bench.echo.EchoLoad
import dev.uring.bench.echo.EchoSubject
import dev.uring.bench.echo.EchoWorkload
import dev.uring.bench.measure.Metric
import dev.uring.bench.process.ControlledProcess
import dev.uring.bench.report.shouldBeAReport
import io.kotest.assertions.throwables.shouldThrow
import io.kotest.core.spec.style.FunSpec
import io.kotest.core.test.Enabled
import io.kotest.engine.spec.tempdir
import io.kotest.matchers.collections.shouldContainExactlyInAnyOrder
import io.kotest.matchers.doubles.shouldBeGreaterThan
import io.kotest.matchers.shouldBe
import kotlinx.serialization.json.jsonArray
import kotlinx.serialization.json.jsonObject
import kotlinx.serialization.json.jsonPrimitive
import kotlin.io.path.createFile

class ProxyBenchTest :
    FunSpec({
        val session = autoClose(BenchSession(BenchOptions(), "proxy-test"))
        val load = EchoLoad(ControlledProcess(session.pool.start("load", session.loadGeneratorCommand())), session.cpus)

        for (subject in ProxySubject.ALL) {
            val missing = subject.unavailable(session)
            val availability = if (missing == null) Enabled.enabled else Enabled.disabled("${subject.name}: $missing")
            test("${subject.name} passes small pipelined requests and large ones, byte for byte").config(
                enabledOrReasonIf = { availability },
            ) {
                val upstream = EchoSubject.ALL.first { it.name == "jdk-nio" }.start(session)
                val proxy = subject.start(session, upstream.port)
                for (workload in listOf(EchoWorkload(64, 20, 4), EchoWorkload(300 * 1024, 3, 2))) {
                    load.round(proxy, workload, 0.05).metrics.getValue(Metric.SERVER_CPU_NS) shouldBeGreaterThan 0.0
                }
                session.pool.end(upstream.process.child)
            }
        }

        test("nginx is used with its stream module, loaded or built in, and left out without one") {
            val modules = tempdir().toPath()
            val program = modules.resolve("nginx")
            val loaded = "configure arguments: --modules-path=$modules --with-stream=dynamic --with-stream_ssl_module"
            shouldThrow<IllegalStateException> { Nginx.of(program, loaded) }.message shouldBe
                "$program has no stream module: there is no $modules/ngx_stream_module.so " +
                "(Debian: apt-get install libnginx-mod-stream)"
            val module = modules.resolve("ngx_stream_module.so").createFile()
            Nginx.of(program, loaded).streamModule shouldBe module
            Nginx.of(program, "configure arguments: --with-stream --with-threads").streamModule shouldBe null
        }

        test("the bench measures from end to end and reports").config(
            enabledOrReasonIf = {
                session.ioUringUnavailable?.let { Enabled.disabled("io_uring: $it") } ?: Enabled.enabled
            },
        ) {
            val json = tempdir().toPath().resolve("proxy.json")
            val err = StringBuilder()
            val arguments =
                "proxy --quick --only uring-forward,uring-copy --workload 64KiB-c16-p1 --rounds 1 --seconds 0.1 --json $json"
            val code = bench(arguments.split(' '), {}, { err.appendLine(it) })
            check(code == 0) { "exit code $code:\n$err" }
            val rows = shouldBeAReport(json.toFile().readText()).getValue("rows").jsonArray.map { it.jsonObject }
            rows.map { it.getValue("subject").jsonPrimitive.content } shouldContainExactlyInAnyOrder
                listOf("uring-forward", "uring-copy")
        }
    })

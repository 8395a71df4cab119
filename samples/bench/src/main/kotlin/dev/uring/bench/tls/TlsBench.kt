package dev.uring.bench.tls

import dev.uring.bench.Bench
import dev.uring.bench.BenchOptions
import dev.uring.bench.BenchSession
import dev.uring.bench.BenchUnusable
import dev.uring.bench.echo.EchoLoad
import dev.uring.bench.echo.MeasuredServer
import dev.uring.bench.measure.Contestant
import dev.uring.bench.measure.Schedule
import dev.uring.bench.process.ControlledProcess
import dev.uring.bench.process.JavaCommand
import dev.uring.bench.report.Aim
import dev.uring.bench.report.Bound.AtLeast
import dev.uring.bench.report.Comparison.OPS_PER_CPU
import dev.uring.bench.report.Environment
import dev.uring.bench.report.Ratio
import dev.uring.bench.report.Report
import dev.uring.bench.report.Row
import io.netty.util.Version
import kotlinx.serialization.json.jsonPrimitive

/**
 * Question: what do a request, a handshake and a MiB of a file over TLS 1.3 cost the server's CPU, ours beside Netty on
 * the same kind of engine: the JDK's, and BoringSSL (Conscrypt here, tcnative there)? And the file beside nginx?
 * Goal: a figure that a second run repeats. Non-goal: the highest rate; the load encrypts as much as the server does and
 * limits it.
 */
object TlsBench : Bench {
    override val name = "tls"
    override val summary = "Echo, handshakes and files over TLS 1.3, one core: CPU per request, latency, allocation"
    override val subjects = TlsSubject.ALL.map { it.name } + TlsFileSubject.NGINX
    override val workloads get() = TlsWorkload.ALL.map { it.id }

    internal val GENERATOR = JavaCommand.of("dev.uring.bench.load.TlsLoadGenerator")

    private const val OVER_NETTY = 1.15

    /** On the same kind of engine there is a bound; across them the figures are only told. */
    private val AIMS: List<Aim> =
        listOf(
            Aim(TlsSubject.URING_JDK, TlsSubject.NETTY_JDK, OPS_PER_CPU, workloads.toSet(), AtLeast(OVER_NETTY)),
            Aim(TlsSubject.URING_DSL_JDK, TlsSubject.NETTY_JDK, OPS_PER_CPU, workloads.toSet(), AtLeast(OVER_NETTY)),
            Aim(
                TlsSubject.URING_CONSCRYPT,
                TlsSubject.NETTY_TCNATIVE,
                OPS_PER_CPU,
                workloads.toSet(),
                AtLeast(OVER_NETTY),
            ),
            Aim(
                TlsSubject.URING_DSL_CONSCRYPT,
                TlsSubject.NETTY_TCNATIVE,
                OPS_PER_CPU,
                workloads.toSet(),
                AtLeast(OVER_NETTY),
            ),
            Aim(TlsSubject.URING_JDK, TlsSubject.NETTY_TCNATIVE, OPS_PER_CPU, workloads.toSet(), null),
            Aim(TlsSubject.URING_JDK, TlsFileSubject.NGINX, OPS_PER_CPU, workloads.toSet(), null),
            Aim(TlsSubject.URING_CONSCRYPT, TlsFileSubject.NGINX, OPS_PER_CPU, workloads.toSet(), null),
        )

    private val SCHEDULE = Schedule(rounds = 7, seconds = 1.4, warmUpRoundsMax = 8)
    private val QUICK_SCHEDULE = Schedule(rounds = 3, seconds = 0.3, warmUpRoundsMax = 4, repeatsPerRoundMax = 1)

    override fun run(options: BenchOptions): Report = BenchSession(options, name).use { measure(it) }

    private fun measure(session: BenchSession): Report {
        val options = session.options
        val store = TlsStore.make(session.work)
        val generator = ControlledProcess(session.pool.start("load", session.placement.onClientCpu(GENERATOR)))
        val selfCheck = TlsSelfCheck(session, generator, store).run()

        val file = TlsFileSubject.makeFile(session.work, TlsWorkload.FILE_BYTES)
        val chosen = options.choose(TlsWorkload.ALL, TlsWorkload.QUICK) { it.id }
        val (fetched, exchanged) = chosen.partition { it.isBulk }
        val left = LinkedHashSet<String>()
        val servers = ArrayList<MeasuredServer>()
        val load = EchoLoad(generator, session.cpus)

        val rows = ArrayList<Row>()
        val ratios = ArrayList<Ratio>()
        for ((subjects, workloads) in listOf(TlsSubject.ALL to exchanged, TlsFileSubject.all(file) to fetched)) {
            if (workloads.isEmpty()) continue
            val wanted = subjects.filter { options.only.isEmpty() || it.name in options.only }
            val (missing, present) = wanted.partition { it.unavailable(session) != null }
            missing.mapTo(left) { "${it.name} is left out: ${it.unavailable(session)}" }
            options.progress("starting ${present.joinToString { it.name }}")
            val started = present.map { it.start(session, store) }
            servers += started
            for (workload in workloads) {
                generator.request("MODE ${workload.mode}" + if (workload.isBulk) " $file" else "")
                val contestants =
                    started.map { server -> Contestant(server.name) { load.round(server, workload.echo, it) } }
                val schedule = options.adjust(if (options.quick) QUICK_SCHEDULE else SCHEDULE)
                val rounds = session.interleaving(schedule, workload.id).measure(contestants)
                rounds.mapTo(rows) { (subject, itsRounds) -> Row.of(workload.id, subject, itsRounds) }
                ratios += Ratio.of(workload.id, AIMS, rounds)
            }
        }
        if (servers.isEmpty()) throw BenchUnusable("No subject can run here. ${left.joinToString(" ")}")
        val environment =
            buildMap {
                putAll(Environment.describe(session.placement))
                put("nettyFlags", JavaCommand.NETTY_FLAGS.joinToString(" "))
                val netty = Version.identify().values.firstOrNull()
                put("nettyVersion", netty?.artifactVersion() ?: "unknown")
                put("certificate", "EC P-256, TLS 1.3")
                put(
                    "load",
                    generator.announcement
                        .getValue("settings")
                        .jsonPrimitive.content,
                )
                servers.groupBy { it.name }.forEach { (name, its) -> put(name, its.joinToString("; ") { it.settings }) }
            }
        return Report(name, environment, selfCheck, rows, ratios, left.toList() + Row.disturbances(rows))
    }
}

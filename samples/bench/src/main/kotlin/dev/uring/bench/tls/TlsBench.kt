package dev.uring.bench.tls

import dev.uring.bench.Bench
import dev.uring.bench.BenchOptions
import dev.uring.bench.BenchSession
import dev.uring.bench.BenchUnusable
import dev.uring.bench.echo.EchoLoad
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
 * Question: what does a request, and what does a handshake over TLS 1.3 cost the server's CPU, ours beside Netty on the
 * same kind of engine: the JDK's, and BoringSSL (Conscrypt here, tcnative there)?
 * Goal: a figure that a second run repeats. Non-goal: the highest rate; the load encrypts as much as the server does and
 * limits it.
 */
object TlsBench : Bench {
    override val name = "tls"
    override val summary = "Echo and handshakes over TLS 1.3, one server core: CPU per request, latency, allocation"
    override val subjects = TlsSubject.ALL.map { it.name }
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
        )

    private val SCHEDULE = Schedule(rounds = 7, seconds = 1.4, warmUpRoundsMax = 8)
    private val QUICK_SCHEDULE = Schedule(rounds = 3, seconds = 0.3, warmUpRoundsMax = 4, repeatsPerRoundMax = 1)

    override fun run(options: BenchOptions): Report = BenchSession(options, name).use { measure(it) }

    private fun measure(session: BenchSession): Report {
        val options = session.options
        val store = TlsStore.make(session.work)
        val generator = ControlledProcess(session.pool.start("load", session.placement.onClientCpu(GENERATOR)))
        val selfCheck = TlsSelfCheck(session, generator, store).run()

        val chosen = TlsSubject.ALL.filter { options.only.isEmpty() || it.name in options.only }
        val (missing, present) = chosen.partition { it.unavailable(session) != null }
        val left = missing.map { "${it.name} is left out: ${it.unavailable(session)}" }
        if (present.isEmpty()) throw BenchUnusable("No subject can run here. ${left.joinToString(" ")}")
        options.progress("starting ${present.joinToString { it.name }}")
        val servers = present.map { it.start(session, store) }
        val load = EchoLoad(generator, session.cpus)

        val rows = ArrayList<Row>()
        val ratios = ArrayList<Ratio>()
        for (workload in options.choose(TlsWorkload.ALL, TlsWorkload.QUICK) { it.id }) {
            generator.request("MODE ${workload.mode}")
            val contestants =
                servers.map { server -> Contestant(server.name) { load.round(server, workload.echo, it) } }
            val schedule = options.adjust(if (options.quick) QUICK_SCHEDULE else SCHEDULE)
            val rounds = session.interleaving(schedule, workload.id).measure(contestants)
            rounds.mapTo(rows) { (subject, itsRounds) -> Row.of(workload.id, subject, itsRounds) }
            ratios += Ratio.of(workload.id, AIMS, rounds)
        }
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
                servers.forEach { put(it.name, it.settings) }
            }
        return Report(name, environment, selfCheck, rows, ratios, left + Row.disturbances(rows))
    }
}

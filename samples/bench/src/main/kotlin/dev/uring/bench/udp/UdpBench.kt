package dev.uring.bench.udp

import dev.uring.bench.Bench
import dev.uring.bench.BenchOptions
import dev.uring.bench.BenchSession
import dev.uring.bench.BenchUnusable
import dev.uring.bench.echo.EchoLoad
import dev.uring.bench.echo.MeasuredServer
import dev.uring.bench.measure.Contestant
import dev.uring.bench.measure.Metric
import dev.uring.bench.measure.Schedule
import dev.uring.bench.process.ControlledProcess
import dev.uring.bench.process.JavaCommand
import dev.uring.bench.report.Environment
import dev.uring.bench.report.Ratio
import dev.uring.bench.report.Report
import dev.uring.bench.report.Row
import io.netty.util.Version
import kotlinx.serialization.json.jsonPrimitive
import java.util.Locale

/**
 * Question: what does one echoed datagram cost the server's CPU, ours beside Netty, the JDK and C, and what is lost?
 * Goal: a figure that a second run repeats. Non-goal: the highest datagrams per second; the load generator shares the
 * machine and limits them.
 */
object UdpBench : Bench {
    override val name = "udp"
    override val summary = "UDP echo over loopback, one server core: CPU per datagram, loss, latency, allocation"
    override val subjects = UdpSubject.ALL.map { it.name }
    override val workloads = UdpWorkloads.ALL.map { it.id }

    override fun run(options: BenchOptions): Report = BenchSession(options, name).use { measure(it) }

    private fun measure(session: BenchSession): Report {
        val options = session.options
        session.native.unavailable?.let { throw BenchUnusable("The UDP load generator is a C program: $it") }
        val program = listOf(session.native.executable("load_udp").toString())
        val generator = ControlledProcess(session.pool.start("load", session.placement.onClientCpu(program)))
        val selfCheck = UdpSelfCheck(session, generator).run()

        val chosen = UdpSubject.ALL.filter { options.only.isEmpty() || it.name in options.only }
        val (missing, present) = chosen.partition { it.unavailable(session) != null }
        val left = missing.map { "${it.name} is left out: ${it.unavailable(session)}" }
        if (present.isEmpty()) throw BenchUnusable("No subject can run here. ${left.joinToString(" ")}")
        options.progress("starting ${present.joinToString { it.name }}")
        val servers = present.map { it.start(session) }
        val load = EchoLoad(generator, session.cpus)

        val rows = ArrayList<Row>()
        val ratios = ArrayList<Ratio>()
        for (workload in options.choose(UdpWorkloads.ALL, UdpWorkloads.QUICK) { it.id }) {
            val contestants = servers.map { server -> Contestant(server.name) { load.round(server, workload, it) } }
            val rounds = session.interleaving(options.adjust(schedule(options)), workload.id).measure(contestants)
            rounds.mapTo(rows) { (subject, itsRounds) -> Row.of(workload.id, subject, itsRounds) }
            ratios += Ratio.of(workload.id, UdpAims.ALL, rounds)
        }
        val environment = environment(session, generator, servers)
        return Report(name, environment, selfCheck, rows, ratios, left + losses(rows) + Row.disturbances(rows))
    }

    /** What was lost, in the worst round of each subject and workload that lost anything. */
    private fun losses(rows: List<Row>): List<String> {
        val lost = rows.filter { (it.spreads[Metric.LOST_SHARE]?.max ?: 0.0) > 0.0 }
        if (lost.isEmpty()) return listOf("No datagram was lost.")
        return lost.map { row ->
            val share = row.spreads.getValue(Metric.LOST_SHARE)
            "${row.subject} lost %.3f %% of the datagrams of ${row.workload} (median), %.3f %% at worst."
                .format(Locale.ROOT, share.median * PERCENT, share.max * PERCENT)
        }
    }

    private fun environment(
        session: BenchSession,
        generator: ControlledProcess,
        servers: List<MeasuredServer>,
    ): Map<String, String> =
        buildMap {
            putAll(Environment.describe(session.placement))
            put("nettyFlags", JavaCommand.NETTY_FLAGS.joinToString(" "))
            val netty = Version.identify().values.firstOrNull()
            put("nettyVersion", netty?.artifactVersion() ?: "unknown")
            put("cCompiler", session.native.compiler)
            put(
                "load",
                generator.announcement
                    .getValue("settings")
                    .jsonPrimitive.content,
            )
            servers.forEach { put(it.name, it.settings) }
        }

    private fun schedule(options: BenchOptions) = if (options.quick) QUICK_SCHEDULE else SCHEDULE

    private const val PERCENT = 100

    private val SCHEDULE = Schedule(rounds = 7, seconds = 1.4, warmUpRoundsMax = 8)
    private val QUICK_SCHEDULE = Schedule(rounds = 3, seconds = 0.3, warmUpRoundsMax = 4, repeatsPerRoundMax = 1)
}

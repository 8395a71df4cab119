package dev.uring.bench.proxy

import dev.uring.bench.Bench
import dev.uring.bench.BenchOptions
import dev.uring.bench.BenchSession
import dev.uring.bench.BenchUnusable
import dev.uring.bench.echo.EchoLoad
import dev.uring.bench.echo.EchoSelfCheck
import dev.uring.bench.echo.EchoSubject
import dev.uring.bench.echo.MeasuredServer
import dev.uring.bench.measure.Contestant
import dev.uring.bench.measure.Schedule
import dev.uring.bench.process.ControlledProcess
import dev.uring.bench.report.Environment
import dev.uring.bench.report.Ratio
import dev.uring.bench.report.Report
import dev.uring.bench.report.Row
import kotlinx.serialization.json.jsonPrimitive

/**
 * Question: what does it cost a TCP proxy's CPU to pass bytes on, without a copy and with one, and nginx?
 * Goal: the proxy's own CPU for each request. Non-goal: latency through it; the load and the echo server behind the
 * proxy share the other CPU.
 */
object ProxyBench : Bench {
    override val name = "proxy"
    override val summary = "TCP proxy over loopback, one core: forwarding beside copying and nginx, CPU per request"
    override val subjects = ProxySubject.ALL.map { it.name }
    override val workloads = ProxyWorkloads.ALL.map { it.id }

    override fun run(options: BenchOptions): Report = BenchSession(options, name).use { measure(it) }

    private fun measure(session: BenchSession): Report {
        val options = session.options
        val command = session.placement.onClientCpu(session.loadGeneratorCommand())
        val generator = ControlledProcess(session.pool.start("load", command))
        val selfCheck = EchoSelfCheck(session, generator).run()

        val chosen = ProxySubject.ALL.filter { options.only.isEmpty() || it.name in options.only }
        val (missing, present) = chosen.partition { it.unavailable(session) != null }
        val left = missing.map { "${it.name} is left out: ${it.unavailable(session)}" }
        if (present.isEmpty()) throw BenchUnusable("No subject can run here. ${left.joinToString(" ")}")
        options.progress("starting ${present.joinToString { it.name }}")
        val upstream = upstream(session)
        val proxies = present.map { it.start(session, upstream.port) }
        val load = EchoLoad(generator, session.cpus, partners = listOf(upstream))

        val rows = ArrayList<Row>()
        val ratios = ArrayList<Ratio>()
        for (workload in options.choose(ProxyWorkloads.ALL, ProxyWorkloads.QUICK) { it.id }) {
            val contestants = proxies.map { proxy -> Contestant(proxy.name) { load.round(proxy, workload, it) } }
            val rounds = session.interleaving(options.adjust(schedule(options)), workload.id).measure(contestants)
            rounds.mapTo(rows) { (subject, itsRounds) -> Row.of(workload.id, subject, itsRounds) }
            ratios += Ratio.of(workload.id, ProxyAims.ALL, rounds)
        }
        val environment = environment(session, generator, listOf(upstream) + proxies)
        return Report(name, environment, selfCheck, rows, ratios, left + Row.disturbances(rows))
    }

    /** The cheapest echo there is, on the load's CPU: what it costs is not the proxy's. */
    private fun upstream(session: BenchSession): MeasuredServer {
        val preferred = EchoSubject.ALL.first { it.name == "c-uring" }
        val subject =
            if (preferred.unavailable(session) == null) preferred else EchoSubject.ALL.first { it.name == "jdk-nio" }
        return subject.start(session, session.placement::onClientCpu, name = "upstream")
    }

    private fun environment(
        session: BenchSession,
        generator: ControlledProcess,
        servers: List<MeasuredServer>,
    ): Map<String, String> =
        buildMap {
            putAll(Environment.describe(session.placement))
            put("cCompiler", session.native.unavailable ?: session.native.compiler)
            put(
                "load",
                generator.announcement
                    .getValue("settings")
                    .jsonPrimitive.content,
            )
            servers.forEach { put(it.name, it.settings) }
        }

    private fun schedule(options: BenchOptions) = if (options.quick) QUICK_SCHEDULE else SCHEDULE

    private val SCHEDULE = Schedule(rounds = 7, seconds = 1.4, warmUpRoundsMax = 8)
    private val QUICK_SCHEDULE = Schedule(rounds = 3, seconds = 0.3, warmUpRoundsMax = 4, repeatsPerRoundMax = 1)
}

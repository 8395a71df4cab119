package dev.uring.bench.echo

import dev.uring.bench.Bench
import dev.uring.bench.BenchOptions
import dev.uring.bench.BenchSession
import dev.uring.bench.BenchUnusable
import dev.uring.bench.measure.Contestant
import dev.uring.bench.measure.Schedule
import dev.uring.bench.process.ControlledProcess
import dev.uring.bench.process.JavaCommand
import dev.uring.bench.report.Environment
import dev.uring.bench.report.Ratio
import dev.uring.bench.report.Report
import dev.uring.bench.report.Row
import io.netty.util.Version
import kotlinx.serialization.json.jsonPrimitive

/**
 * Question: what does one echoed request cost the server's CPU, ours beside Netty, the JDK and C?
 * Goal: a figure that a second run repeats. Non-goal: the highest requests per second; the load generator shares the
 * machine and limits them.
 */
object EchoBench : Bench {
    override val name = "echo"
    override val summary = "TCP echo over loopback, one server core: CPU per request, latency, allocation"
    override val subjects = EchoSubject.ALL.map { it.name }
    override val workloads = EchoWorkload.ALL.map { it.id }

    override fun run(options: BenchOptions): Report = BenchSession(options, name).use { measure(it) }

    private fun measure(session: BenchSession): Report {
        val options = session.options
        val command = session.placement.onClientCpu(session.loadGeneratorCommand())
        val generator = ControlledProcess(session.pool.start("load", command))
        val selfCheck = EchoSelfCheck(session, generator).run()

        val (missing, present) = chosenSubjects(options).partition { it.unavailable(session) != null }
        val left = missing.map { "${it.name} is left out: ${it.unavailable(session)}" }
        if (present.isEmpty()) throw BenchUnusable("No subject can run here. ${left.joinToString(" ")}")
        options.progress("starting ${present.joinToString { it.name }}")
        val servers = present.map { it.start(session) }
        val load = EchoLoad(generator, session.cpus)

        val rows = ArrayList<Row>()
        val ratios = ArrayList<Ratio>()
        for (workload in options.choose(EchoWorkload.ALL, EchoWorkload.QUICK) { it.id }) {
            val contestants = servers.map { server -> Contestant(server.name) { load.round(server, workload, it) } }
            val rounds = session.interleaving(options.adjust(schedule(options)), workload.id).measure(contestants)
            rounds.mapTo(rows) { (subject, itsRounds) -> Row.of(workload.id, subject, itsRounds) }
            ratios += Ratio.of(workload.id, EchoAims.ALL, rounds)
        }
        return Report(
            name,
            environment(session, generator, servers),
            selfCheck,
            rows,
            ratios,
            left + Row.disturbances(rows),
        )
    }

    private fun chosenSubjects(options: BenchOptions) =
        EchoSubject.ALL.filter { options.only.isEmpty() || it.name in options.only }

    private fun environment(
        session: BenchSession,
        generator: ControlledProcess,
        servers: List<RunningEcho>,
    ): Map<String, String> =
        buildMap {
            putAll(Environment.describe(session.placement))
            put("nettyFlags", JavaCommand.NETTY_FLAGS.joinToString(" "))
            put(
                "nettyVersion",
                io.netty.util.Version
                    .identify()
                    .values
                    .firstOrNull()
                    ?.artifactVersion() ?: "unknown",
            )
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

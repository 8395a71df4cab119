package dev.uring.bench.connect

import dev.uring.bench.Bench
import dev.uring.bench.BenchOptions
import dev.uring.bench.BenchSession
import dev.uring.bench.BenchUnusable
import dev.uring.bench.echo.EchoLoad
import dev.uring.bench.echo.EchoSubject
import dev.uring.bench.echo.EchoWorkload
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
import kotlinx.serialization.json.jsonPrimitive

/**
 * Question: what does one short connection cost the server's CPU, from its accept to its close, ours beside Netty, the
 * JDK and C? One operation is a connection with one request echoed and an end in each direction.
 * Goal: a figure that a second run repeats. Non-goal: the highest rate; the load generator limits it.
 */
object ConnectBench : Bench {
    override val name = "connect"
    override val summary = "A TCP connection for each echo, one server core: CPU per connection, latency, allocation"
    override val subjects = EchoSubject.ALL.map { it.name }
    override val workloads get() = ALL.map { it.id }

    private val ALL = listOf(1, 64, 1000).map { EchoWorkload(payloadBytes = 64, connections = it, pipeline = 1) }
    private val QUICK = listOf(EchoWorkload(payloadBytes = 64, connections = 64, pipeline = 1))
    private const val CHURN_AIM = 1.1

    /** Against both transports of Netty, and so against the better one. */
    private val AIMS: List<Aim> =
        listOf("uring-dsl", "uring-callback").flatMap { ours ->
            listOf("netty-epoll", "netty-io_uring").map { netty ->
                Aim(ours, netty, OPS_PER_CPU, ALL.map { it.id }.toSet(), AtLeast(CHURN_AIM))
            }
        }

    override fun run(options: BenchOptions): Report = BenchSession(options, name).use { measure(it) }

    private fun measure(session: BenchSession): Report {
        val options = session.options
        val command = session.placement.onClientCpu(GENERATOR)
        val generator = ControlledProcess(session.pool.start("load", command))
        val selfCheck = ConnectSelfCheck(session, generator).run()

        val chosen = EchoSubject.ALL.filter { options.only.isEmpty() || it.name in options.only }
        val (missing, present) = chosen.partition { it.unavailable(session) != null }
        val left = missing.map { "${it.name} is left out: ${it.unavailable(session)}" }
        if (present.isEmpty()) throw BenchUnusable("No subject can run here. ${left.joinToString(" ")}")
        options.progress("starting ${present.joinToString { it.name }}")
        val servers = present.map { it.start(session) }
        val load = EchoLoad(generator, session.cpus)

        val rows = ArrayList<Row>()
        val ratios = ArrayList<Ratio>()
        for (workload in options.choose(ALL, QUICK) { it.id }) {
            val contestants = servers.map { server -> Contestant(server.name) { load.round(server, workload, it) } }
            val schedule = options.adjust(if (options.quick) QUICK_SCHEDULE else SCHEDULE)
            val rounds = session.interleaving(schedule, workload.id).measure(contestants)
            rounds.mapTo(rows) { (subject, itsRounds) -> Row.of(workload.id, subject, itsRounds) }
            ratios += Ratio.of(workload.id, AIMS, rounds)
        }
        val environment =
            buildMap {
                putAll(Environment.describe(session.placement))
                put("nettyFlags", JavaCommand.NETTY_FLAGS.joinToString(" "))
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

    internal val GENERATOR = JavaCommand.of("dev.uring.bench.load.NioChurnGenerator")
    private val SCHEDULE = Schedule(rounds = 7, seconds = 1.4, warmUpRoundsMax = 8)
    private val QUICK_SCHEDULE = Schedule(rounds = 3, seconds = 0.3, warmUpRoundsMax = 4, repeatsPerRoundMax = 1)
}

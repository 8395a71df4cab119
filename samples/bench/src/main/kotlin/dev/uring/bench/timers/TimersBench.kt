package dev.uring.bench.timers

import dev.uring.bench.Bench
import dev.uring.bench.BenchOptions
import dev.uring.bench.BenchSession
import dev.uring.bench.measure.Contestant
import dev.uring.bench.measure.Schedule
import dev.uring.bench.report.Aim
import dev.uring.bench.report.Comparison
import dev.uring.bench.report.Environment
import dev.uring.bench.report.Ratio
import dev.uring.bench.report.Report
import dev.uring.bench.report.Row

/**
 * Question: what does a timer cost that is armed and cancelled, or armed and fired, with up to a million of them armed;
 * how much memory does it hold, and how late is it?
 * Goal: each facility used as it is made for, ours on its worker, the others from another thread. Non-goal: the price of
 * handing a timer to our worker from outside, which is that of a message.
 */
object TimersBench : Bench {
    override val name = "timers"
    override val summary = "timers armed and cancelled, armed and fired: CPU, heap, lateness, beside Netty and the JDK"
    override val subjects = TimersSubjectProcess.NAMES
    override val workloads = TimersWorkload.ALL.map { it.id }

    override fun run(options: BenchOptions): Report = BenchSession(options, name).use { measure(it) }

    private fun measure(session: BenchSession): Report {
        val options = session.options
        val selfCheck = TimersSelfCheck(session).run()
        val missing = session.ioUringUnavailable
        val asked = subjects.filter { options.only.isEmpty() || it in options.only }
        val present = asked.filter { it != TimersSubjectProcess.URING || missing == null }
        options.progress("starting ${present.joinToString()}")
        val processes = present.map { TimersSubjectProcess.start(it, session) }
        val rows = ArrayList<Row>()
        val ratios = ArrayList<Ratio>()
        for (workload in options.choose(TimersWorkload.ALL, TimersWorkload.QUICK) { it.id }) {
            val contestants = processes.map { process -> Contestant(process.name) { process.round(workload, it) } }
            val rounds = session.interleaving(options.adjust(schedule(options)), workload.id).measure(contestants)
            rounds.mapTo(rows) { (subject, itsRounds) -> Row.of(workload.id, subject, itsRounds) }
            ratios += Ratio.of(workload.id, COMPARED, rounds)
        }
        val held =
            processes.map { "${it.name} holds ${it.heldBytes(HELD)} B of heap for each of $HELD armed timers." }
        val left = (asked - present.toSet()).map { "$it is left out: $missing" }
        val environment = Environment.describe(session.placement) + processes.associate { it.name to it.settings }
        return Report(name, environment, selfCheck, rows, ratios, held + NOTE + left + Row.disturbances(rows))
    }

    private fun schedule(options: BenchOptions) = if (options.quick) QUICK_SCHEDULE else SCHEDULE

    private val COMPARED: List<Aim> =
        listOf(TimersSubjectProcess.NETTY, TimersSubjectProcess.JDK).flatMap { peer ->
            listOf(Comparison.OPS_PER_CPU, Comparison.P99).map { compared ->
                Aim(TimersSubjectProcess.URING, peer, compared, workloads.toSet(), null)
            }
        }

    private const val HELD = 200_000
    private const val NOTE = "Latencies are how late timers fired; server ns/op is all CPU of the process for each."
    private val SCHEDULE = Schedule(rounds = 5, seconds = 1.0, warmUpRoundsMax = 5)
    private val QUICK_SCHEDULE = Schedule(rounds = 3, seconds = 0.3, warmUpRoundsMax = 4, repeatsPerRoundMax = 1)
}

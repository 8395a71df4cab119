package dev.uring.bench.momento

import dev.uring.bench.Bench
import dev.uring.bench.BenchOptions
import dev.uring.bench.BenchSession
import dev.uring.bench.SelfCheckFailure
import dev.uring.bench.measure.AddedCpuCheck
import dev.uring.bench.measure.Contestant
import dev.uring.bench.measure.Schedule
import dev.uring.bench.redis.RedisSubjectProcess
import dev.uring.bench.redis.RedisWorkload
import dev.uring.bench.report.Aim
import dev.uring.bench.report.Bound
import dev.uring.bench.report.Comparison
import dev.uring.bench.report.Environment
import dev.uring.bench.report.Ratio
import dev.uring.bench.report.Report
import dev.uring.bench.report.Row

/**
 * Question: what does a command cost the client that sends it: with coroutines, with callbacks, and with blocking sockets
 * on virtual threads, in the clear and over TLS?
 * Goal: get and set of 64 bytes with 1, 64 and 1024 in flight on one connection. Non-goal: the service, which nobody can
 * measure from here; the local server is the same for all and on another CPU.
 */
object MomentoBench : Bench {
    const val URING = "uring"
    const val CALLBACK = "uring-callback"
    const val BLOCKING = "blocking-virtual"

    /** What the name of a subject ends with that speaks TLS, as the service does. */
    const val TLS_SUFFIX = "-tls"

    private const val MAIN_CLASS = "dev.uring.bench.momento.MomentoSubject"
    private val PLAIN = listOf(URING, CALLBACK, BLOCKING)
    private val LOADS: List<RedisWorkload> =
        listOf(1, 64, 1024).flatMap { inFlight ->
            listOf(false, true).map { RedisWorkload(it, 64, inFlight, depth = 1) }
        }
    private val QUICK_LOADS = LOADS.filterNot { it.isSet }

    override val name = "momento"
    override val summary = "get and set at a local server: CPU of coroutines, callbacks and blocking sockets"
    override val subjects = PLAIN + PLAIN.map { it + TLS_SUFFIX }
    override val workloads = LOADS.map { it.id }

    override fun run(options: BenchOptions): Report = BenchSession(options, name).use { measure(it) }

    private fun measure(session: BenchSession): Report {
        val options = session.options
        session.ioUringUnavailable?.let {
            options.progress(
                "without io_uring everything runs on the selector driver: $it",
            )
        }
        val server = MomentoPeer.start(session)
        val selfCheck = selfCheck(session, server)
        val asked = subjects.filter { options.only.isEmpty() || it in options.only }
        options.progress("starting ${asked.joinToString()}")
        val processes = asked.map { start(it, server, session) }
        val rows = ArrayList<Row>()
        val ratios = ArrayList<Ratio>()
        val schedule = options.adjust(if (options.quick) QUICK_SCHEDULE else SCHEDULE)
        for (workload in options.choose(LOADS, QUICK_LOADS) { it.id }) {
            val contestants = processes.map { process -> Contestant(process.name) { process.round(workload, it) } }
            val rounds = session.interleaving(schedule, workload.id).measure(contestants)
            rounds.mapTo(rows) { (subject, itsRounds) -> Row.of(workload.id, subject, itsRounds) }
            ratios += Ratio.of(workload.id, AIMS, rounds)
        }
        val settings = processes.associate { it.name to it.settings }
        val environment = Environment.describe(session.placement) + RedisSubjectProcess.ENVIRONMENT + settings
        return Report(name, environment, selfCheck, rows, ratios, listOf(NOTE) + Row.disturbances(rows))
    }

    private fun start(
        client: String,
        server: MomentoPeer,
        session: BenchSession,
    ) = RedisSubjectProcess.start(
        client,
        if (client.endsWith(TLS_SUFFIX)) server.overTls else server,
        session,
        MAIN_CLASS,
        usesNetty = false,
    )

    private fun selfCheck(
        session: BenchSession,
        server: MomentoPeer,
    ): List<String> {
        val plain = start(BLOCKING, server, session)
        val twin = start(BLOCKING, server, session)
        session.options.progress("self-check: values that were never set must be caught")
        twin.mode("fault")
        val found = runCatching { twin.round(CHECKED, FAULT_SECONDS) }.exceptionOrNull()
        if (found !is SelfCheckFailure) throw SelfCheckFailure("Values that were never set were not caught: $found")
        twin.mode("spin ${AddedCpuCheck.ADDED_NANOS}")
        val added =
            AddedCpuCheck(session).run(
                Contestant("plain") { plain.round(CHECKED, it) },
                Contestant("slowed") { twin.round(CHECKED, it) },
            )
        plain.end(session)
        twin.end(session)
        return listOf("values that were never set were caught", added, "every byte of every value was compared")
    }

    private val CHECKED = RedisWorkload(isSet = false, valueBytes = 64, loops = 64, depth = 1)
    private const val FAULT_SECONDS = 0.1

    private val MANY = workloads.filterNot { it.endsWith("loops-1") }.toSet()
    private val AIMS: List<Aim> =
        listOf("", TLS_SUFFIX).flatMap { suffix ->
            listOf(
                Aim(URING + suffix, BLOCKING + suffix, Comparison.OPS_PER_CPU, MANY, Bound.AtLeast(2.0)),
                Aim(URING + suffix, CALLBACK + suffix, Comparison.OPS_PER_CPU, MANY, Bound.AtLeast(1.0)),
                Aim(URING + suffix, BLOCKING + suffix, Comparison.P99, workloads.toSet(), Bound.AtMost(1.0)),
            )
        }
    private const val NOTE =
        "Here \"server ns/op\" is the CPU of the measured client, and loops-N is N commands in flight on its one connection."
    private val SCHEDULE = Schedule(rounds = 5, seconds = 1.0, warmUpRoundsMax = 8)
    private val QUICK_SCHEDULE = Schedule(rounds = 3, seconds = 0.3, warmUpRoundsMax = 5, repeatsPerRoundMax = 1)
}

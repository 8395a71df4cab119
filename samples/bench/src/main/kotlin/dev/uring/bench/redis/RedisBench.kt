package dev.uring.bench.redis

import dev.uring.bench.Bench
import dev.uring.bench.BenchOptions
import dev.uring.bench.BenchSession
import dev.uring.bench.SelfCheckFailure
import dev.uring.bench.measure.AddedCpuCheck
import dev.uring.bench.measure.Contestant
import dev.uring.bench.measure.Schedule
import dev.uring.bench.report.Aim
import dev.uring.bench.report.Bound
import dev.uring.bench.report.Comparison
import dev.uring.bench.report.Environment
import dev.uring.bench.report.Ratio
import dev.uring.bench.report.Report
import dev.uring.bench.report.Row

/**
 * Question: what does a command cost the client that sends it, beside Lettuce and Jedis, on one CPU each?
 * Goal: GET and SET as programs send them: many at the same time, and in explicit pipelines. Non-goal: the server, which is
 * the same for all and on another CPU.
 */
object RedisBench : Bench {
    override val name = "redis"
    override val summary = "GET and SET at redis-server: the client's CPU beside Lettuce, Jedis, redis-benchmark"
    override val subjects = RedisSubjectProcess.NAMES + RedisBenchmarkProgram.NAME
    override val workloads = RedisWorkload.ALL.map { it.id }

    override fun run(options: BenchOptions): Report = BenchSession(options, name).use { measure(it) }

    private fun measure(session: BenchSession): Report {
        val options = session.options
        val server = RedisPeer.start(session)
        val selfCheck = selfCheck(session, server)
        val missing = session.ioUringUnavailable
        val asked = subjects.filter { options.only.isEmpty() || it in options.only }
        val present = asked.filterNot { RedisSubjectProcess.isOurs(it) && missing != null }
        options.progress("starting ${present.joinToString()}")
        val clients = present.map { start(it, server, session) }
        val rows = ArrayList<Row>()
        val ratios = ArrayList<Ratio>()
        val schedule = options.adjust(if (options.quick) QUICK_SCHEDULE else SCHEDULE)
        // At one loop nothing becomes hot within a few short rounds, and an interpreter would be measured.
        for (client in clients) client.round(WARM_UP, WARM_UP_ROUNDS * schedule.seconds)
        for (workload in options.choose(RedisWorkload.ALL, RedisWorkload.QUICK) { it.id }) {
            val able = clients.filter { it.canRun(workload) }
            val contestants = able.map { client -> Contestant(client.name) { client.round(workload, it) } }
            val rounds = session.interleaving(schedule, workload.id).measure(contestants)
            rounds.mapTo(rows) { (subject, itsRounds) -> Row.of(workload.id, subject, itsRounds) }
            ratios += Ratio.of(workload.id, AIMS, rounds)
        }
        val left = (asked - present.toSet()).map { "$it is left out: $missing" }
        val settings = clients.associate { it.name to it.settings }
        val environment = Environment.describe(session.placement) + RedisSubjectProcess.ENVIRONMENT + settings
        return Report(name, environment, selfCheck, rows, ratios, listOf(NOTE) + left + Row.disturbances(rows))
    }

    private fun start(
        client: String,
        server: RedisPeer,
        session: BenchSession,
    ): MeasuredClient =
        if (client == RedisBenchmarkProgram.NAME) {
            RedisBenchmarkProgram(server, session)
        } else {
            RedisSubjectProcess.start(client, server, session)
        }

    private fun selfCheck(
        session: BenchSession,
        server: RedisPeer,
    ): List<String> {
        val plain = RedisSubjectProcess.start(RedisSubjectProcess.JEDIS, server, session)
        val twin = RedisSubjectProcess.start(RedisSubjectProcess.JEDIS, server, session)
        session.options.progress("self-check: values that were never set must be caught")
        for (workload in CHECKED) {
            twin.mode("fault")
            val found = runCatching { twin.round(workload, FAULT_SECONDS) }.exceptionOrNull()
            if (found !is SelfCheckFailure) {
                throw SelfCheckFailure("Values that were never set were not caught (${workload.id}): $found")
            }
        }
        twin.mode("spin ${AddedCpuCheck.ADDED_NANOS}")
        val added =
            AddedCpuCheck(session).run(
                Contestant("plain") { plain.round(DEEP, it) },
                Contestant("slowed") { twin.round(DEEP, it) },
            )
        plain.end(session)
        twin.end(session)
        return listOf("values that were never set were caught", added, "every byte of every value was compared")
    }

    private val DEEP = RedisWorkload(isSet = false, valueBytes = 64, loops = 1, depth = 100)
    private val CHECKED = listOf(DEEP, RedisWorkload(isSet = false, valueBytes = 64, loops = 4, depth = 1))
    private const val FAULT_SECONDS = 0.1
    private val WARM_UP = RedisWorkload(isSet = false, valueBytes = 64, loops = 16, depth = 1)
    private const val WARM_UP_ROUNDS = 3

    private val PIPELINES = workloads.filter { "pipeline" in it }.toSet()
    private val MANY = workloads.filter { it.endsWith("loops-256") }.toSet() + PIPELINES
    private val LETTUCES = listOf(RedisSubjectProcess.LETTUCE, RedisSubjectProcess.LETTUCE_COROUTINES)
    private val JEDISES = listOf(RedisSubjectProcess.JEDIS, RedisSubjectProcess.JEDIS_POOL)
    private val READS = workloads.filter { it.startsWith("get") }.toSet()
    private val AIMS: List<Aim> =
        LETTUCES.map { Aim(RedisSubjectProcess.URING, it, Comparison.OPS_PER_CPU, MANY, Bound.AtLeast(2.0)) } +
            JEDISES.map { Aim(RedisSubjectProcess.URING, it, Comparison.OPS_PER_CPU, PIPELINES, Bound.AtLeast(1.3)) } +
            JEDISES.map {
                Aim(
                    RedisSubjectProcess.URING,
                    it,
                    Comparison.OPS_PER_CPU,
                    workloads.toSet() - PIPELINES,
                    null,
                )
            } +
            (LETTUCES + JEDISES).map {
                Aim(RedisSubjectProcess.URING, it, Comparison.P99, workloads.toSet(), Bound.AtMost(1.0))
            } +
            Aim(RedisSubjectProcess.URING_VIEW, null, Comparison.BYTES_PER_OP, READS, Bound.AtMost(64.0)) +
            Aim(RedisSubjectProcess.URING, RedisBenchmarkProgram.NAME, Comparison.OPS_PER_CPU, workloads.toSet(), null)
    private const val NOTE =
        "Here \"server ns/op\" is the CPU of the measured client; a latency is that of a command or of a whole pipeline."
    private val SCHEDULE = Schedule(rounds = 5, seconds = 1.0, warmUpRoundsMax = 8)
    private val QUICK_SCHEDULE = Schedule(rounds = 3, seconds = 0.3, warmUpRoundsMax = 5, repeatsPerRoundMax = 1)
}

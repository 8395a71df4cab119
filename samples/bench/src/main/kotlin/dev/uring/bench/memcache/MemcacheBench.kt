package dev.uring.bench.memcache

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
 * Question: what does a command cost the client that sends it, beside the JVM's other clients, on one CPU each?
 * Goal: get and set as programs send them, many at the same time, and multi-get. Non-goal: the server, which is the same for
 * all and on another CPU.
 */
object MemcacheBench : Bench {
    const val URING = "uring"
    const val FOLSOM = "folsom"
    const val XMEMCACHED = "xmemcached"
    const val SPYMEMCACHED = "spymemcached"

    private const val MULTI_GET_KEYS = 100
    private const val MAIN_CLASS = "dev.uring.bench.memcache.MemcacheSubject"
    private val LOADS: List<RedisWorkload> =
        listOf(64, 1024, 1 shl 20).flatMap { bytes ->
            listOf(1, 16, 256).flatMap { loops ->
                // 256 values of 1 MiB at once would be the memory's benchmark.
                val isTooMuch = bytes > 1024 && loops > 16
                if (isTooMuch) emptyList() else listOf(false, true).map { RedisWorkload(it, bytes, loops, 1) }
            } + if (bytes > 1024) emptyList() else listOf(multiGet(bytes))
        }
    private val QUICK_IDS = setOf("get-64B-loops-256", "set-64B-loops-256", "get-64B-multi-100")
    private val QUICK_LOADS = LOADS.filter { it.id in QUICK_IDS }

    override val name = "memcache"
    override val summary = "get and set against memcached: the client's CPU, beside folsom, xmemcached and spymemcached"
    override val subjects = listOf(URING, FOLSOM, XMEMCACHED, SPYMEMCACHED)
    override val workloads = LOADS.map { it.id }

    private fun multiGet(bytes: Int) = RedisWorkload(isSet = false, bytes, loops = 1, MULTI_GET_KEYS, many = "multi")

    override fun run(options: BenchOptions): Report = BenchSession(options, name).use { measure(it) }

    private fun measure(session: BenchSession): Report {
        val options = session.options
        val server = MemcachedPeer.start(session)
        val selfCheck = selfCheck(session, server)
        val missing = session.ioUringUnavailable
        val asked = subjects.filter { options.only.isEmpty() || it in options.only }
        val present = asked.filter { it != URING || missing == null }
        options.progress("starting ${present.joinToString()}")
        val processes = present.map { start(it, server, session) }
        val rows = ArrayList<Row>()
        val ratios = ArrayList<Ratio>()
        val schedule = options.adjust(if (options.quick) QUICK_SCHEDULE else SCHEDULE)
        for (workload in options.choose(LOADS, QUICK_LOADS) { it.id }) {
            val contestants = processes.map { process -> Contestant(process.name) { process.round(workload, it) } }
            val rounds = session.interleaving(schedule, workload.id).measure(contestants)
            rounds.mapTo(rows) { (subject, itsRounds) -> Row.of(workload.id, subject, itsRounds) }
            ratios += Ratio.of(workload.id, AIMS, rounds)
        }
        val left = (asked - present.toSet()).map { "$it is left out: $missing" }
        val settings = processes.associate { it.name to it.settings }
        val environment = Environment.describe(session.placement) + RedisSubjectProcess.ENVIRONMENT + settings
        return Report(name, environment, selfCheck, rows, ratios, listOf(NOTE) + left + Row.disturbances(rows))
    }

    private fun start(
        client: String,
        server: MemcachedPeer,
        session: BenchSession,
    ) = RedisSubjectProcess.start(client, server, session, MAIN_CLASS, usesNetty = client == FOLSOM)

    private fun selfCheck(
        session: BenchSession,
        server: MemcachedPeer,
    ): List<String> {
        val plain = start(FOLSOM, server, session)
        val twin = start(FOLSOM, server, session)
        session.options.progress("self-check: values that were never set must be caught")
        for (workload in CHECKED) {
            twin.mode("fault")
            val found = runCatching { twin.round(workload, FAULT_SECONDS) }.exceptionOrNull()
            if (found !is SelfCheckFailure) {
                throw SelfCheckFailure("Values that were never set were not caught (${workload.id}): $found")
            }
        }
        twin.mode("spin ${AddedCpuCheck.ADDED_NANOS}")
        val deep = CHECKED.first()
        val added =
            AddedCpuCheck(session).run(
                Contestant("plain") { plain.round(deep, it) },
                Contestant("slowed") { twin.round(deep, it) },
            )
        plain.end(session)
        twin.end(session)
        return listOf("values that were never set were caught", added, "every byte of every value was compared")
    }

    private val CHECKED = listOf(multiGet(64), RedisWorkload(isSet = false, valueBytes = 64, loops = 4, depth = 1))
    private const val FAULT_SECONDS = 0.1

    private val MANY = workloads.filter { it.endsWith("loops-256") || "multi" in it }.toSet()
    private val AIMS: List<Aim> =
        listOf(FOLSOM, XMEMCACHED, SPYMEMCACHED).flatMap { peer ->
            listOf(
                Aim(URING, peer, Comparison.OPS_PER_CPU, MANY, Bound.AtLeast(2.0)),
                Aim(URING, peer, Comparison.P99, workloads.toSet(), Bound.AtMost(1.0)),
            )
        }
    private const val NOTE =
        "Here \"server ns/op\" is the CPU of the measured client, for each key; a latency is that of a command, or " +
            "of a whole multi-get."
    private val SCHEDULE = Schedule(rounds = 5, seconds = 1.0, warmUpRoundsMax = 8)
    private val QUICK_SCHEDULE = Schedule(rounds = 3, seconds = 0.3, warmUpRoundsMax = 5, repeatsPerRoundMax = 1)
}

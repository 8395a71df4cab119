package dev.uring.bench.cache

import dev.uring.bench.Bench
import dev.uring.bench.BenchOptions
import dev.uring.bench.BenchSession
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
 * Question: what does one cache command cost the server's CPU, our script on one worker beside redis-server?
 * Goal: the server's own work; redis-benchmark is the load for both and usually the limit of requests per second.
 * Non-goal: many cores, persistence, large key spaces.
 */
object CacheBench : Bench {
    override val name = "cache"
    override val summary = "the cache script beside redis-server under redis-benchmark, one server core"
    override val subjects = CacheServer.NAMES
    override val workloads = CacheWorkload.ALL.map { it.id }

    override fun run(options: BenchOptions): Report {
        CacheServer.requireRedis("redis-server")
        CacheServer.requireRedis("redis-benchmark")
        return BenchSession(options, name).use { measure(it) }
    }

    private fun measure(session: BenchSession): Report {
        val options = session.options
        val load = CacheLoad(session)
        val selfCheck = CacheSelfCheck(session, load).run()
        val names = CacheServer.NAMES.filter { options.only.isEmpty() || it in options.only }
        options.progress("starting ${names.joinToString()}")
        val servers = names.map { CacheServer.start(it, session) }

        val rows = ArrayList<Row>()
        val ratios = ArrayList<Ratio>()
        for (workload in options.choose(CacheWorkload.ALL, CacheWorkload.QUICK) { it.id }) {
            val contestants = servers.map { server -> Contestant(server.name) { load.round(server, workload, it) } }
            val rounds = session.interleaving(options.adjust(schedule(options)), workload.id).measure(contestants)
            rounds.mapTo(rows) { (subject, itsRounds) -> Row.of(workload.id, subject, itsRounds) }
            ratios += Ratio.of(workload.id, AIMS, rounds)
        }
        val environment = Environment.describe(session.placement) + servers.associate { it.name to it.settings }
        return Report(name, environment, selfCheck, rows, ratios, Row.disturbances(rows))
    }

    private fun schedule(options: BenchOptions) = if (options.quick) QUICK_SCHEDULE else SCHEDULE

    private val AIMS: List<Aim> =
        listOf(16 to Bound.AtLeast(1.0), 1 to null).map { (pipeline, bound) ->
            val ids =
                CacheWorkload.ALL
                    .filter { it.pipeline == pipeline }
                    .map { it.id }
                    .toSet()
            Aim(CacheServer.OURS, CacheServer.REDIS, Comparison.OPS_PER_CPU, ids, bound)
        }

    private val SCHEDULE = Schedule(rounds = 5, seconds = 1.2, warmUpRoundsMax = 8)
    private val QUICK_SCHEDULE = Schedule(rounds = 3, seconds = 0.4, warmUpRoundsMax = 8, repeatsPerRoundMax = 1)
}

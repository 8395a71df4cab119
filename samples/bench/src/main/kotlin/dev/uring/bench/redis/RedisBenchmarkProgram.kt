package dev.uring.bench.redis

import dev.uring.bench.BenchSession
import dev.uring.bench.SelfCheckFailure
import dev.uring.bench.cache.CacheServer
import dev.uring.bench.cache.RedisBenchmarkReply
import dev.uring.bench.cache.RespProbe
import dev.uring.bench.measure.CpuActivity
import dev.uring.bench.measure.CpuTime
import dev.uring.bench.measure.Metric
import dev.uring.bench.measure.RoundFigures
import kotlin.time.Duration.Companion.seconds

/**
 * redis-benchmark, a program in C that does nothing but ask: how little CPU a client could do with. One process for each
 * round; its start is a few milliseconds of it.
 *
 * It asks for one key, has a connection for each loop, and looks at replies only for errors: so whether the key still has its
 * value is looked at afterwards.
 */
class RedisBenchmarkProgram(
    private val server: RedisPeer,
    private val session: BenchSession,
) : MeasuredClient {
    override val name = NAME
    override val settings = "C; a connection for each loop, one key, replies are not kept"
    private val opsPerSecond = HashMap<String, Double>()

    // It sends one command over and over.
    override fun canRun(workload: RedisWorkload): Boolean = workload.mix != RedisWorkload.Mix.MIXED

    override fun round(
        workload: RedisWorkload,
        seconds: Double,
    ): RoundFigures {
        server.fill(workload.valueBytes)
        val perTurn = workload.loops * workload.depth
        val turns = ((opsPerSecond[workload.id] ?: FIRST_OPS_PER_SECOND) * seconds / perTurn).toInt()
        val requests = turns.coerceAtLeast(1) * perTurn
        val serverBefore = CpuTime.of(server.pid)
        val ownBefore = CpuTime.endedChildrenNanos()
        val busyBefore = CpuActivity.busyNanos(session.cpus)
        val beganNanos = System.nanoTime()
        val said = RedisBenchmarkReply.parse(ask(workload, requests))
        val nanos = System.nanoTime() - beganNanos
        val busyNanos = CpuActivity.busyNanos(session.cpus) - busyBefore
        val ownNanos = CpuTime.endedChildrenNanos() - ownBefore
        val serverNanos = CpuTime.of(server.pid).since(serverBefore)
        checkValue(workload)
        opsPerSecond[workload.id] = said.opsPerSecond
        val metrics =
            mapOf(
                Metric.OPS_PER_SECOND to said.opsPerSecond,
                Metric.SERVER_CPU_NS to ownNanos.toDouble() / requests,
                Metric.P50_MICROS to said.p50Micros,
                Metric.P99_MICROS to said.p99Micros,
            )
        return RoundFigures(metrics, ownNanos, 0, 0, busyNanos, nanos, serverNanos)
    }

    private fun ask(
        workload: RedisWorkload,
        requests: Int,
    ): String {
        val words = listOf("get", KEY).takeUnless { workload.isSet } ?: listOf("set", KEY, value(workload))
        val options =
            listOf("-h", "127.0.0.1", "-p", "${server.port}", "-n", "$requests", "--csv") +
                listOf("-c", "${workload.loops}", "-P", "${workload.depth}")
        val program = "${CacheServer.requireRedis(NAME)}"
        val child = session.pool.start(NAME, session.placement.onServerCpu(listOf(program) + options + words))
        val result = child.await(RUN_LIMIT)
        session.pool.end(child)
        if (result.exitCode != 0) {
            throw SelfCheckFailure(
                "$NAME ended with ${result.exitCode}, ${workload.id}: ${(result.errors + result.output).trim()}",
            )
        }
        return result.output
    }

    private fun checkValue(workload: RedisWorkload) {
        val left = RespProbe(server.port).use { it.call("GET", KEY) }
        if (left != value(workload)) throw SelfCheckFailure("$NAME, ${workload.id}: $KEY has lost its value")
    }

    private fun value(workload: RedisWorkload) = String(RedisLoad.valueOf(workload.valueBytes), Charsets.ISO_8859_1)

    companion object {
        const val NAME = "redis-benchmark"
        private val KEY = RedisLoad.KEYS.first()
        private const val FIRST_OPS_PER_SECOND = 50_000.0
        private val RUN_LIMIT = 120.seconds
    }
}

package dev.uring.bench.cache

import dev.uring.bench.BenchSession
import dev.uring.bench.SelfCheckFailure
import dev.uring.bench.measure.CpuActivity
import dev.uring.bench.measure.CpuTime
import dev.uring.bench.measure.Metric
import dev.uring.bench.measure.RoundFigures
import kotlin.random.Random
import kotlin.time.Duration.Companion.seconds

/**
 * redis-benchmark as a load: one process for each round, pinned to the load's CPU.
 *
 * It looks at replies only for errors, so the harness looks at the data: a GET must find the value that was put there, a
 * SET must leave a value of the right size, and a counter must have grown by exactly as many INCRs as were sent.
 */
class CacheLoad(
    private val session: BenchSession,
) {
    private val random = Random(SEED)
    private val opsPerSecond = HashMap<Pair<String, String>, Double>()

    /** Runs one round of about [seconds]; wrong data or an error reply is a [SelfCheckFailure]. */
    fun round(
        server: CacheServer,
        workload: CacheWorkload,
        seconds: Double,
    ): RoundFigures {
        val key = server.name to workload.id
        val perTurn = workload.connections * workload.pipeline
        val turns = ((opsPerSecond[key] ?: FIRST_OPS_PER_SECOND) * seconds / perTurn).toInt().coerceAtLeast(1)
        val requests = turns * perTurn
        return checked(server, workload, requests) { measured(server, workload, requests) }
            .also { opsPerSecond[key] = it.metrics.getValue(Metric.OPS_PER_SECOND) }
    }

    private fun checked(
        server: CacheServer,
        workload: CacheWorkload,
        requests: Int,
        work: () -> RoundFigures,
    ): RoundFigures {
        fun refuse(what: String): Nothing = throw SelfCheckFailure("${server.name}, ${workload.id}: $what")
        try {
            return RespProbe(server.port).use { probe ->
                when (workload.command) {
                    CacheWorkload.Command.GET -> {
                        val value = randomValue(workload.valueBytes)
                        probe.call("SET", VALUE_KEY, value)
                        work().also { if (probe.call("GET", VALUE_KEY) != value) refuse("GET returned another value") }
                    }

                    CacheWorkload.Command.SET -> {
                        probe.call("DEL", VALUE_KEY)
                        work().also {
                            val size = (probe.call("GET", VALUE_KEY) as String?)?.length
                            if (size != workload.valueBytes) refuse("SET left a value of $size bytes")
                        }
                    }

                    CacheWorkload.Command.INCR -> {
                        probe.call("DEL", COUNTER_KEY)
                        work().also {
                            val count = probe.call("GET", COUNTER_KEY)
                            if (count != "$requests") refuse("$requests INCR made the counter $count")
                        }
                    }

                    CacheWorkload.Command.PING -> {
                        work()
                    }
                }
            }
        } catch (e: RespError) {
            refuse("${e.message}")
        }
    }

    private fun measured(
        server: CacheServer,
        workload: CacheWorkload,
        requests: Int,
    ): RoundFigures {
        val countersBefore = server.counters?.invoke()
        val serverBefore = CpuTime.of(server.pid)
        val clientBefore = CpuTime.endedChildrenNanos()
        val busyBefore = CpuActivity.busyNanos(session.cpus)
        val startedNanos = System.nanoTime()
        val reply = RedisBenchmarkReply.parse(runBenchmark(server, workload, requests))
        val nanos = System.nanoTime() - startedNanos
        val busyNanos = CpuActivity.busyNanos(session.cpus) - busyBefore
        val clientNanos = CpuTime.endedChildrenNanos() - clientBefore
        val serverAfter = CpuTime.of(server.pid)
        val serverNanos = serverAfter.since(serverBefore)
        val metrics =
            buildMap {
                put(Metric.OPS_PER_SECOND, reply.opsPerSecond)
                put(Metric.P50_MICROS, reply.p50Micros)
                put(Metric.P99_MICROS, reply.p99Micros)
                put(Metric.SERVER_CPU_NS, serverNanos.toDouble() / requests)
                put(Metric.CLIENT_CPU_NS, clientNanos.toDouble() / requests)
                put(Metric.CLIENT_BUSY, clientNanos.toDouble() / nanos)
                if (countersBefore != null) {
                    val counters = server.counters.invoke().mapValues { it.value - countersBefore.getValue(it.key) }
                    put(Metric.BYTES_PER_OP, counters.getValue("allocatedBytes").toDouble() / requests)
                    put(Metric.GC_COUNT, counters.getValue("gcCount").toDouble())
                }
            }
        return RoundFigures(
            metrics,
            serverNanos,
            serverAfter.compilingSince(serverBefore),
            clientNanos,
            busyNanos,
            nanos,
        )
    }

    private fun runBenchmark(
        server: CacheServer,
        workload: CacheWorkload,
        requests: Int,
    ): String {
        val options =
            listOf("-h", "127.0.0.1", "-p", "${server.port}", "-t", workload.command.test, "-n", "$requests", "--csv") +
                listOf(
                    "-c",
                    "${workload.connections}",
                    "-P",
                    "${workload.pipeline}",
                    "-d",
                    "${maxOf(1, workload.valueBytes)}",
                )
        val command = session.placement.onClientCpu(listOf("${CacheServer.requireRedis("redis-benchmark")}") + options)
        val child = session.pool.start("redis-benchmark", command)
        val result = child.await(RUN_LIMIT)
        session.pool.end(child)
        if (result.exitCode != 0) {
            throw SelfCheckFailure(
                "redis-benchmark ended with ${result.exitCode} against ${server.name}, ${workload.id}: " +
                    (result.errors + result.output).trim(),
            )
        }
        return result.output
    }

    private fun randomValue(bytes: Int) = String(CharArray(bytes) { 'a' + random.nextInt('z' - 'a') })

    private companion object {
        // redis-benchmark's own names; without -r it does not replace the placeholder.
        const val VALUE_KEY = "key:__rand_int__"
        const val COUNTER_KEY = "counter:__rand_int__"
        const val FIRST_OPS_PER_SECOND = 50_000.0
        const val SEED = 0x5eed
        val RUN_LIMIT = 120.seconds
    }
}

/** What redis-benchmark 7 prints with `--csv`: a header and one line for the test. */
data class RedisBenchmarkReply(
    val opsPerSecond: Double,
    val p50Micros: Double,
    val p99Micros: Double,
) {
    companion object {
        /** Columns are found by name: versions have added some. */
        fun parse(csv: String): RedisBenchmarkReply {
            val lines = csv.lines().filter { it.startsWith('"') }.map { line -> line.split(',').map { it.trim('"') } }
            if (lines.size != 2) throw SelfCheckFailure("redis-benchmark --csv (version 7 or newer) said: $csv")
            val (header, row) = lines

            fun column(name: String): Double {
                val at = header.indexOf(name)
                if (at < 0) throw SelfCheckFailure("redis-benchmark --csv has no column $name: $header")
                return row[at].toDouble()
            }
            return RedisBenchmarkReply(
                opsPerSecond = column("rps"),
                p50Micros = column("p50_latency_ms") * 1000,
                p99Micros = column("p99_latency_ms") * 1000,
            )
        }
    }
}

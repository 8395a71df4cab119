package dev.uring.bench.redis

import dev.uring.bench.BenchSession
import dev.uring.bench.SelfCheckFailure
import dev.uring.bench.measure.CpuActivity
import dev.uring.bench.measure.CpuTime
import dev.uring.bench.measure.Metric
import dev.uring.bench.measure.RoundFigures
import dev.uring.bench.process.ControlledProcess
import dev.uring.bench.process.JavaCommand
import dev.uring.bench.process.error
import kotlinx.serialization.json.jsonPrimitive
import kotlinx.serialization.json.long
import kotlin.time.Duration.Companion.minutes

/**
 * A process with one client in it, on the CPU that is measured; the redis-server is on the other one.
 *
 * A round goes from idle to idle, and all of the process's CPU time in between is counted.
 */
class RedisSubjectProcess private constructor(
    override val name: String,
    private val process: ControlledProcess,
    private val server: CachePeer,
    private val cpus: Set<Int>,
) : MeasuredClient {
    override val settings: String =
        process.announcement
            .getValue("settings")
            .jsonPrimitive.content

    override fun round(
        workload: RedisWorkload,
        seconds: Double,
    ): RoundFigures {
        server.fill(workload.valueBytes)
        val before = counters()
        val cpuBefore = CpuTime.of(process.child.pid)
        val serverBefore = CpuTime.of(server.pid)
        val busyBefore = CpuActivity.busyNanos(cpus)
        mode(workload.mode((seconds * MILLIS).toLong()))
        val busyNanos = CpuActivity.busyNanos(cpus) - busyBefore
        val cpuAfter = CpuTime.of(process.child.pid)
        val serverNanos = CpuTime.of(server.pid).since(serverBefore)
        val after = counters()
        val ops = after.getValue("ops")
        val nanos = after.getValue("nanos")
        val cpuNanos = cpuAfter.since(cpuBefore)
        val metrics =
            mapOf(
                Metric.OPS_PER_SECOND to ops * NANOS_PER_SECOND / nanos,
                Metric.SERVER_CPU_NS to cpuNanos.toDouble() / ops,
                Metric.BYTES_PER_OP to after.since(before, "allocatedBytes").toDouble() / ops,
                Metric.GC_COUNT to after.since(before, "gcCount").toDouble(),
                Metric.P50_MICROS to after.getValue("p50") / NANOS_PER_MICRO,
                Metric.P99_MICROS to after.getValue("p99") / NANOS_PER_MICRO,
                Metric.P999_MICROS to after.getValue("p999") / NANOS_PER_MICRO,
            )
        return RoundFigures(metrics, cpuNanos, cpuAfter.compilingSince(cpuBefore), 0, busyNanos, nanos, serverNanos)
    }

    /** Changes how the process behaves: `spin NANOS`, `fault`, `run …`. */
    fun mode(mode: String) {
        process.request("MODE $mode", within = LIMIT).error?.let {
            throw SelfCheckFailure("$name read wrong replies ($mode): $it")
        }
    }

    /** Ends the process before the session does. */
    fun end(session: BenchSession) = session.pool.end(process.child)

    private fun counters(): Map<String, Long> = process.request("STATS").mapValues { it.value.jsonPrimitive.long }

    private fun Map<String, Long>.since(
        before: Map<String, Long>,
        name: String,
    ) = getValue(name) - before.getValue(name)

    companion object {
        const val URING = "uring"
        const val URING_VIEW = "uring-view"
        const val LETTUCE = "lettuce-async"
        const val LETTUCE_COROUTINES = "lettuce-coroutines"
        const val JEDIS = "jedis"
        const val JEDIS_POOL = "jedis-pool"

        /** In table order. */
        val NAMES: List<String> = listOf(URING, URING_VIEW, LETTUCE, LETTUCE_COROUTINES, JEDIS, JEDIS_POOL)

        /**
         * Flags of every JVM with a client in it. The heap's pages are touched before the first round: a client that allocates
         * little would else meet new ones in each of them, and pay for their zeroes, which one that allocates much has met
         * in its first second.
         */
        val FLAGS: List<String> = JavaCommand.FLAGS + "-XX:+AlwaysPreTouch"

        /** What [Environment][dev.uring.bench.report.Environment] says of the JVMs, for benches of clients. */
        val ENVIRONMENT: Map<String, String> = mapOf("jvmFlags" to FLAGS.joinToString(" "))

        /** Whether the client called [name] needs io_uring. */
        fun isOurs(name: String): Boolean = name.startsWith(URING)

        private const val MILLIS = 1000.0
        private const val NANOS_PER_MICRO = 1000.0
        private const val NANOS_PER_SECOND = 1e9
        private val LIMIT = 2.minutes

        /** Starts the client called [name]; its requests go to [server]. */
        fun start(
            name: String,
            server: CachePeer,
            session: BenchSession,
            mainClass: String = "dev.uring.bench.redis.RedisSubject",
            usesNetty: Boolean = name.startsWith("lettuce"),
        ): RedisSubjectProcess {
            val command =
                JavaCommand.of(
                    mainClass,
                    FLAGS + if (usesNetty) JavaCommand.NETTY_FLAGS else emptyList(),
                    listOf(name, "${server.port}"),
                )
            val bench = mainClass.split('.').dropLast(1).last()
            val child = session.pool.start("$bench-$name", session.placement.onServerCpu(command))
            return RedisSubjectProcess(name, ControlledProcess(child), server, session.cpus)
        }
    }
}

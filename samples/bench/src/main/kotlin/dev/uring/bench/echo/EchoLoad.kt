package dev.uring.bench.echo

import dev.uring.bench.SelfCheckFailure
import dev.uring.bench.measure.CpuActivity
import dev.uring.bench.measure.CpuTime
import dev.uring.bench.measure.Metric
import dev.uring.bench.measure.RoundFigures
import dev.uring.bench.process.ControlledProcess
import dev.uring.bench.process.error
import kotlinx.serialization.json.JsonObject
import kotlinx.serialization.json.jsonArray
import kotlinx.serialization.json.jsonPrimitive
import kotlinx.serialization.json.long
import org.HdrHistogram.Histogram
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds

/**
 * The load generator process, seen from the harness.
 *
 * A round goes from idle to idle: connections are open and warm, nothing is in flight, then CPU times and the server's
 * counters are read, the load runs and drains, and all are read again. So every operation and every nanosecond of the
 * round is counted once, and neither connecting nor the harness's questions are.
 *
 * @property partners processes that work for the servers, such as a proxy's upstream: no strangers to the run
 */
class EchoLoad(
    private val generator: ControlledProcess,
    private val cpus: Set<Int>,
    private val stallMillis: Int = STALL_MILLIS,
    private val partners: List<MeasuredServer> = emptyList(),
) {
    private var seed = FIRST_SEED

    /** Runs one round; a wrong, missing or surplus byte is a [SelfCheckFailure]. */
    fun round(
        server: MeasuredServer,
        workload: EchoWorkload,
        seconds: Double,
    ): RoundFigures {
        seed++
        val openLine =
            "OPEN ${server.port} ${workload.connections} ${workload.pipeline} ${workload.payloadBytes} $seed $stallMillis"
        request(server, workload, openLine)
        request(server, workload, "RUN ${minOf(WARM_MILLIS, (seconds * MILLIS / 4).toInt())}")
        val figures = measured(server, workload, (seconds * MILLIS).toLong())
        request(server, workload, "CLOSE")
        return figures
    }

    private fun measured(
        server: MeasuredServer,
        workload: EchoWorkload,
        millis: Long,
    ): RoundFigures {
        val countersBefore = server.counters()
        val serverBefore = CpuTime.of(server.pid)
        val clientBefore = CpuTime.of(generator.child.pid)
        val partnersBefore = partners.map { CpuTime.of(it.pid) }
        val busyBefore = CpuActivity.busyNanos(cpus)
        val result = request(server, workload, "RUN $millis")
        val busyNanos = CpuActivity.busyNanos(cpus) - busyBefore
        val clientNanos = CpuTime.of(generator.child.pid).since(clientBefore)
        val partnersNanos = partners.zip(partnersBefore).sumOf { (it, before) -> CpuTime.of(it.pid).since(before) }
        val serverAfter = CpuTime.of(server.pid)
        val serverNanos = serverAfter.since(serverBefore)
        val counters = server.counters().mapValues { (name, value) -> value - (countersBefore[name] ?: 0) }

        val ops = result.long("ops")
        val nanos = result.long("nanos")
        val latencies = latencies(result)
        if (ops == 0L || latencies.totalCount != ops) {
            throw SelfCheckFailure(
                "${server.name}, ${workload.id}: $ops operations, ${latencies.totalCount} latencies.",
            )
        }
        val metrics =
            mapOf(
                Metric.OPS_PER_SECOND to ops * NANOS_PER_SECOND / nanos,
                Metric.P50_MICROS to latencies.micros(50.0),
                Metric.P99_MICROS to latencies.micros(99.0),
                Metric.P999_MICROS to latencies.micros(99.9),
                Metric.SERVER_CPU_NS to serverNanos.toDouble() / ops,
                Metric.CLIENT_CPU_NS to clientNanos.toDouble() / ops,
                Metric.CLIENT_BUSY to clientNanos.toDouble() / nanos,
            ) + ofServer(counters, ops) + ofLoss(result, ops)
        return RoundFigures(
            metrics,
            serverNanos,
            serverAfter.compilingSince(serverBefore),
            clientNanos,
            busyNanos,
            nanos,
            partnersNanos,
        )
    }

    // Only a load of datagrams tells; the loss of anything else is an error.
    private fun ofLoss(
        result: JsonObject,
        ops: Long,
    ): Map<Metric, Double> {
        val lost = result["lost"]?.jsonPrimitive?.long ?: return emptyMap()
        return mapOf(Metric.LOST_SHARE to lost.toDouble() / (lost + ops))
    }

    private fun ofServer(
        counters: Map<String, Long>,
        ops: Long,
    ): Map<Metric, Double> =
        buildMap {
            counters["allocatedBytes"]?.let { put(Metric.BYTES_PER_OP, it.toDouble() / ops) }
            counters["gcCount"]?.let { put(Metric.GC_COUNT, it.toDouble()) }
            val enters = counters["enters"] ?: return@buildMap
            put(Metric.ENTERS_PER_OP, enters.toDouble() / ops)
            counters["sqes"]?.let { if (enters > 0) put(Metric.SQES_PER_ENTER, it.toDouble() / enters) }
        }

    private fun request(
        server: MeasuredServer,
        workload: EchoWorkload,
        line: String,
    ): JsonObject {
        val reply = generator.request(line, within = stallMillis.milliseconds + RUN_LIMIT)
        reply.error?.let {
            throw SelfCheckFailure("${server.name} did not echo what it was sent (${workload.id}, seed $seed): $it")
        }
        return reply
    }

    private companion object {
        const val STALL_MILLIS = 5_000
        const val WARM_MILLIS = 100
        const val MILLIS = 1000.0
        const val NANOS_PER_SECOND = 1e9
        const val FIRST_SEED = 0x5eed
        val RUN_LIMIT = 120.seconds
    }
}

private fun JsonObject.long(name: String): Long = getValue(name).jsonPrimitive.long

private fun latencies(result: JsonObject): Histogram {
    val histogram = Histogram(2)
    for (pair in result.getValue("histogram").jsonArray) {
        val (nanos, count) = pair.jsonArray.map { it.jsonPrimitive.long }
        histogram.recordValueWithCount(nanos, count)
    }
    return histogram
}

private fun Histogram.micros(percentile: Double): Double = getValueAtPercentile(percentile) / 1000.0

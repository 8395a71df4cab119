package dev.uring.bench.file

import dev.uring.bench.SelfCheckFailure
import dev.uring.bench.measure.CpuActivity
import dev.uring.bench.measure.CpuTime
import dev.uring.bench.measure.Metric
import dev.uring.bench.measure.RoundFigures
import dev.uring.bench.process.error
import kotlinx.serialization.json.JsonObject
import kotlinx.serialization.json.jsonArray
import kotlinx.serialization.json.jsonPrimitive
import kotlinx.serialization.json.long
import org.HdrHistogram.Histogram

/** Random reads of one block each, [depth] of them under way. */
data class FileWorkload(
    val depth: Int,
) {
    val id: String = "depth-$depth"

    companion object {
        /** In table order: one read after the other, a busy disk, a flooded one. */
        val ALL: List<FileWorkload> = listOf(1, 32, FileControl.DEPTH_MAX).map(::FileWorkload)
    }
}

/**
 * Runs rounds of a program and measures what they cost it.
 *
 * The program is its own load: it has nothing under way before a round and after it, and its CPU time is read then.
 */
class FileLoad(
    private val cpus: Set<Int>,
) {
    private var seed = 0

    /** Runs one round; a block that is not the one that was asked for is a [SelfCheckFailure]. */
    fun round(
        subject: RunningFileSubject,
        workload: FileWorkload,
        seconds: Double,
    ): RoundFigures {
        val countersBefore = counters(subject)
        val cpuBefore = CpuTime.of(subject.process.child.pid)
        val busyBefore = CpuActivity.busyNanos(cpus)
        val result = request(subject, "RUN ${workload.depth} ${(seconds * MILLIS).toLong()} ${++seed}")
        val busyNanos = CpuActivity.busyNanos(cpus) - busyBefore
        val cpuAfter = CpuTime.of(subject.process.child.pid)
        val cpuNanos = cpuAfter.since(cpuBefore)
        val counters = counters(subject).mapValues { (name, value) -> value - (countersBefore[name] ?: 0) }

        val ops = result.long("ops")
        val nanos = result.long("nanos")
        val wrong = result.long("wrong")
        val latencies = latencies(result)
        if (ops == 0L || wrong != 0L || latencies.totalCount != ops) {
            throw SelfCheckFailure(
                "${subject.name}, ${workload.id}: $ops reads, $wrong of them wrong, ${latencies.totalCount} latencies.",
            )
        }
        val metrics =
            mapOf(
                Metric.OPS_PER_SECOND to ops * NANOS_PER_SECOND / nanos,
                Metric.P50_MICROS to latencies.micros(50.0),
                Metric.P99_MICROS to latencies.micros(99.0),
                Metric.P999_MICROS to latencies.micros(99.9),
                Metric.SERVER_CPU_NS to cpuNanos.toDouble() / ops,
            ) + told(counters, ops)
        return RoundFigures(metrics, cpuNanos, cpuAfter.compilingSince(cpuBefore), 0, busyNanos, nanos)
    }

    private fun told(
        counters: Map<String, Long>,
        ops: Long,
    ): Map<Metric, Double> =
        buildMap {
            counters["allocatedBytes"]?.let { put(Metric.BYTES_PER_OP, it.toDouble() / ops) }
            val enters = counters["enters"] ?: return@buildMap
            put(Metric.ENTERS_PER_OP, enters.toDouble() / ops)
            counters["sqes"]?.let { if (enters > 0) put(Metric.SQES_PER_ENTER, it.toDouble() / enters) }
        }

    private fun counters(subject: RunningFileSubject): Map<String, Long> =
        request(subject, "STATS").mapValues { it.value.jsonPrimitive.long }

    private fun request(
        subject: RunningFileSubject,
        line: String,
    ): JsonObject {
        val reply = subject.process.request(line)
        reply.error?.let { throw SelfCheckFailure("${subject.name} failed at \"$line\": $it") }
        return reply
    }

    private companion object {
        const val MILLIS = 1000.0
        const val NANOS_PER_SECOND = 1e9
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

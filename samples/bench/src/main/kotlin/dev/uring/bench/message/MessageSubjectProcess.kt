package dev.uring.bench.message

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

/** A process with both ends of one library in it, on the CPU that is measured. A round goes from idle to idle. */
class MessageSubjectProcess private constructor(
    val library: MessageLibrary,
    private val process: ControlledProcess,
    private val cpus: Set<Int>,
) {
    /** What the subject says about its settings. */
    val settings: String =
        process.announcement
            .getValue("settings")
            .jsonPrimitive.content

    /** Runs one round; a body that is wrong is a [SelfCheckFailure]. */
    fun round(
        workload: MessageWorkload,
        seconds: Double,
    ): RoundFigures {
        val before = counters()
        val cpuBefore = CpuTime.of(process.child.pid)
        val busyBefore = CpuActivity.busyNanos(cpus)
        mode("run ${(seconds * MILLIS).toLong()} ${workload.encode()}")
        val busyNanos = CpuActivity.busyNanos(cpus) - busyBefore
        val cpuAfter = CpuTime.of(process.child.pid)
        val after = counters()
        val ops = after.getValue("ops")
        val nanos = after.getValue("nanos")
        val cpuNanos = cpuAfter.since(cpuBefore)
        val allocated = after.getValue("allocatedBytes") - before.getValue("allocatedBytes")
        val metrics =
            mapOf(
                Metric.OPS_PER_SECOND to ops * NANOS_PER_SECOND / nanos,
                Metric.SERVER_CPU_NS to cpuNanos.toDouble() / ops,
                Metric.BYTES_PER_OP to allocated.toDouble() / ops,
                Metric.GC_COUNT to (after.getValue("gcCount") - before.getValue("gcCount")).toDouble(),
            )
        val latencies = if (workload.isRoundTrip) latencies(after) else emptyMap()
        return RoundFigures(metrics + latencies, cpuNanos, cpuAfter.compilingSince(cpuBefore), 0, busyNanos, nanos)
    }

    /** Changes how the process behaves: `spin NANOS`, `fault`, `run …`. */
    fun mode(mode: String) {
        process.request("MODE $mode", within = LIMIT).error?.let {
            throw SelfCheckFailure("${library.subject} got wrong messages ($mode): $it")
        }
    }

    /** Ends the process before the session does. */
    fun end(session: BenchSession) = session.pool.end(process.child)

    private fun counters(): Map<String, Long> = process.request("STATS").mapValues { it.value.jsonPrimitive.long }

    private fun latencies(counters: Map<String, Long>): Map<Metric, Double> =
        mapOf(Metric.P50_MICROS to "p50", Metric.P99_MICROS to "p99", Metric.P999_MICROS to "p999")
            .mapValues { (_, name) -> counters.getValue(name) / NANOS_PER_MICRO }

    companion object {
        private const val MILLIS = 1000.0
        private const val NANOS_PER_MICRO = 1000.0
        private const val NANOS_PER_SECOND = 1e9
        private val LIMIT = 2.minutes

        /** Starts a process of [library]. */
        fun start(
            library: MessageLibrary,
            session: BenchSession,
        ): MessageSubjectProcess {
            val name = library.subject
            val command = JavaCommand.of("dev.uring.bench.message.MessageSubject", library.flags, listOf(name))
            val child = session.pool.start("message-$name", session.placement.onServerCpu(command))
            return MessageSubjectProcess(library, ControlledProcess(child), session.cpus)
        }
    }
}

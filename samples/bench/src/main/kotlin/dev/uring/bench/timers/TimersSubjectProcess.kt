package dev.uring.bench.timers

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
 * A process with one facility for timers in it.
 *
 * A round goes from idle to idle: no timer is armed before and none after, and all of the process's CPU time in between
 * is counted, whichever thread arms, cancels or fires.
 */
class TimersSubjectProcess private constructor(
    val name: String,
    private val process: ControlledProcess,
    private val cpus: Set<Int>,
) {
    private var seed = FIRST_SEED

    /** What the facility says about its settings. */
    val settings: String =
        process.announcement
            .getValue("settings")
            .jsonPrimitive.content

    /** Bytes of heap for each timer of many that are armed, with what the caller keeps to cancel it. */
    fun heldBytes(count: Int): Long {
        request("hold $count")
        return counters().getValue("heldBytes")
    }

    /** Runs one round; a timer that is early, lost or fires twice is a [SelfCheckFailure]. */
    fun round(
        workload: TimersWorkload,
        seconds: Double,
    ): RoundFigures {
        val before = counters()
        val cpuBefore = CpuTime.of(process.child.pid)
        val busyBefore = CpuActivity.busyNanos(cpus)
        request("${workload.kind.mode} ${workload.count} ${(seconds * MILLIS).toLong()} ${seed++}")
        val busyNanos = CpuActivity.busyNanos(cpus) - busyBefore
        val cpuAfter = CpuTime.of(process.child.pid)
        val after = counters()
        val ops = after.getValue("ops")
        val nanos = after.getValue("nanos")
        val cpuNanos = cpuAfter.since(cpuBefore)
        val metrics =
            buildMap {
                put(Metric.OPS_PER_SECOND, ops * NANOS_PER_SECOND / nanos)
                put(Metric.SERVER_CPU_NS, cpuNanos.toDouble() / ops)
                put(Metric.BYTES_PER_OP, after.since(before, "allocatedBytes").toDouble() / ops)
                put(Metric.GC_COUNT, after.since(before, "gcCount").toDouble())
                if (workload.kind == TimersWorkload.Kind.ARM_FIRE) {
                    put(Metric.P50_MICROS, after.getValue("late50") / NANOS_PER_MICRO)
                    put(Metric.P99_MICROS, after.getValue("late99") / NANOS_PER_MICRO)
                    put(Metric.P999_MICROS, after.getValue("late999") / NANOS_PER_MICRO)
                }
            }
        return RoundFigures(metrics, cpuNanos, cpuAfter.compilingSince(cpuBefore), 0, busyNanos, nanos)
    }

    /** Ends the process before the session does. */
    fun end(session: BenchSession) = session.pool.end(process.child)

    /** Changes how the process behaves from now on: `spin NANOS`, `fault NAME`. */
    fun mode(mode: String) = request(mode)

    private fun request(mode: String) {
        process.request("MODE $mode", within = LIMIT).error?.let {
            throw SelfCheckFailure("$name did not keep its timers ($mode): $it")
        }
    }

    private fun counters(): Map<String, Long> = process.request("STATS").mapValues { it.value.jsonPrimitive.long }

    private fun Map<String, Long>.since(
        before: Map<String, Long>,
        name: String,
    ) = getValue(name) - before.getValue(name)

    companion object {
        const val URING = "uring"
        const val NETTY = "netty-wheel"
        const val JDK = "jdk-scheduled"

        /** In table order, with the argument of `TimersSubject`. */
        private val KINDS = linkedMapOf(URING to "uring", NETTY to "netty", JDK to "jdk")

        val NAMES: List<String> = KINDS.keys.toList()

        private const val MILLIS = 1000.0
        private const val NANOS_PER_MICRO = 1000.0
        private const val NANOS_PER_SECOND = 1e9
        private const val FIRST_SEED = 0x5eedL
        private val LIMIT = 2.minutes

        /** Starts the facility on the server's CPU. */
        fun start(
            name: String,
            session: BenchSession,
        ): TimersSubjectProcess {
            val command =
                JavaCommand.of(
                    "dev.uring.bench.subject.TimersSubject",
                    JavaCommand.FLAGS + if (name == NETTY) JavaCommand.NETTY_FLAGS else emptyList(),
                    listOf(KINDS.getValue(name)),
                )
            val child = session.pool.start("timers-$name", session.placement.onServerCpu(command))
            return TimersSubjectProcess(name, ControlledProcess(child), session.cpus)
        }
    }
}

package dev.uring.bench.measure

import java.nio.file.Files
import java.nio.file.Path

/**
 * How long the given CPUs were busy, whoever ran on them, from `/proc/stat`. Steal counts as busy: someone else had the CPU.
 *
 * Compared with the CPU time of our own processes it shows what strangers took in a round.
 */
object CpuActivity {
    /** Nanoseconds since boot, summed over [cpus]; resolution one tick of 10 ms for each CPU. */
    fun busyNanos(cpus: Set<Int>): Long = parse(Files.readAllLines(Path.of("/proc/stat")), cpus)

    internal fun parse(
        lines: List<String>,
        cpus: Set<Int>,
    ): Long {
        val names = cpus.map { "cpu$it" }.toSet()
        return lines
            .map { it.trim().split(Regex(" +")) }
            .filter { it.first() in names }
            .sumOf { fields -> BUSY_FIELDS.sumOf { fields.getOrNull(it)?.toLong() ?: 0 } } * NANOS_PER_TICK
    }

    // proc_stat(5): name user nice system idle iowait irq softirq steal …
    private val BUSY_FIELDS = listOf(1, 2, 3, 6, 7, 8)
}

@file:JvmName("MessageSubject")

package dev.uring.bench.message

import dev.uring.bench.subject.SubjectControl
import org.HdrHistogram.Histogram
import java.nio.file.Files
import java.util.concurrent.Executors
import java.util.concurrent.TimeUnit
import kotlin.io.path.ExperimentalPathApi
import kotlin.io.path.deleteRecursively

/**
 * A process of bench `message`: both ends of one library's connections, on one CPU.
 *
 * Modes: `run MILLIS WORKLOAD`; `spin NANOS` burns CPU for each message from now on; `fault` expects other bodies in the
 * next round than are sent. The figures of the last round are counters of `STATS`.
 */
@OptIn(ExperimentalPathApi::class)
fun main(arguments: Array<String>) {
    val directory = Files.createTempDirectory("uring-bench")
    val ends = MessageLibrary.of(arguments[0]).open(directory)
    val rounds = MessageRounds(ends)
    SubjectControl(0, ends.settings)
        .modes(rounds::to)
        .counters { rounds.figures }
        .ending {
            ends.close()
            directory.deleteRecursively()
        }.serve()
}

private class MessageRounds(
    private val ends: MessageEnds,
) {
    // One thread that stays: the CPU time of an ended one could not be read any more.
    private val caller = Executors.newSingleThreadExecutor { Thread(it, "bench-caller") }

    // One for all rounds: a new one would be most of what a round allocates.
    private val latencies = Histogram(HIGHEST_NANOS, 3)
    private var spinNanos = 0L
    private var isFaulty = false

    @Volatile
    var figures: Map<String, Long> = emptyMap()
        private set

    fun to(mode: String) {
        val words = mode.split(' ')
        when (words[0]) {
            "spin" -> spinNanos = words[1].toLong()
            "fault" -> isFaulty = true
            "run" -> run(words[1].toLong(), MessageWorkload.parse(words.drop(2)))
            else -> throw IllegalArgumentException("unknown mode $mode")
        }
    }

    private fun run(
        millis: Long,
        workload: MessageWorkload,
    ) {
        val began = System.nanoTime()
        val load = MessageLoad(workload, began + TimeUnit.MILLISECONDS.toNanos(millis), spinNanos, isFaulty, latencies)
        isFaulty = false
        runCatching { caller.submit { ends.run(load) }.get() }.onFailure { load.fail("$it") }
        load.fault?.let { throw IllegalArgumentException(it) }
        figures =
            mapOf(
                "ops" to load.ops,
                "nanos" to System.nanoTime() - began,
                "p50" to latencies.getValueAtPercentile(50.0),
                "p99" to latencies.getValueAtPercentile(99.0),
                "p999" to latencies.getValueAtPercentile(99.9),
            )
    }

    private companion object {
        const val HIGHEST_NANOS = 60_000_000_000L
    }
}

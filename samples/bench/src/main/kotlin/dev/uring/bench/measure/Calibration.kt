package dev.uring.bench.measure

import dev.uring.bench.process.Placement
import java.nio.file.Files
import java.nio.file.Path
import java.util.concurrent.Callable
import java.util.concurrent.ExecutorService
import java.util.concurrent.Executors
import kotlin.io.path.name

/**
 * A fixed amount of arithmetic, timed on the server's and on the load's CPU before and after each round.
 *
 * A virtual machine's host flips between speeds; a round on a slow phase would be blamed on its server. Of several short
 * loops the fastest counts, so that a preemption, which hits one of them, is not taken for a slow CPU.
 */
class Calibration(
    placement: Placement,
) : AutoCloseable {
    private val threads = listOf(placement.serverCpu, placement.clientCpu).distinct().map(::pinnedThread)
    private val best = LongArray(threads.size) { Long.MAX_VALUE }

    /** Slowdown against the best moment seen so far, of the slower of the two CPUs: 1.0 is as fast as ever. */
    fun slowdown(): Double {
        val nanos = threads.map { it.submit(Callable { fastestLoopNanos() }) }.map { it.get() }
        nanos.forEachIndexed { i, value -> best[i] = minOf(best[i], value) }
        return nanos.indices.maxOf { nanos[it].toDouble() / best[it] }
    }

    private fun pinnedThread(cpu: Int): ExecutorService {
        val executor = Executors.newSingleThreadExecutor { Thread(it, "calibration-cpu$cpu").apply { isDaemon = true } }
        executor
            .submit {
                // The link names the kernel's id of the very thread that reads it.
                val tid = Files.readSymbolicLink(Path.of("/proc/thread-self")).name
                val pinning = ProcessBuilder("taskset", "-p", "-c", "$cpu", tid).redirectErrorStream(true).start()
                val said = pinning.inputReader().readText()
                check(pinning.waitFor() == 0) { "taskset could not pin thread $tid to CPU $cpu: $said" }
                repeat(WARM_UP_LOOPS) { loop() }
            }.get()
        return executor
    }

    private fun fastestLoopNanos(): Long =
        (1..LOOPS).minOf {
            val started = System.nanoTime()
            sink = loop()
            System.nanoTime() - started
        }

    // Each step needs the one before: the compiler can neither vectorise nor drop it.
    private fun loop(): Long {
        var x = 0x9E3779B97F4A7C15uL.toLong()
        repeat(STEPS) {
            x = x xor (x shl 13)
            x = x xor (x ushr 7)
            x = x xor (x shl 17)
        }
        return x
    }

    override fun close() {
        threads.forEach { it.shutdownNow() }
    }

    private companion object {
        const val STEPS = 400_000 // about a millisecond
        const val LOOPS = 5
        const val WARM_UP_LOOPS = 50

        @Volatile
        var sink = 0L
    }
}

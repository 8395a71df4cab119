package dev.uring.bench.measure

import java.nio.file.Files
import java.nio.file.NoSuchFileException
import java.nio.file.Path
import kotlin.io.path.listDirectoryEntries
import kotlin.io.path.name

/**
 * CPU time of every thread of a process at one moment, from `/proc/PID/task/TID/schedstat`.
 *
 * Unit: nanoseconds on a CPU, user and kernel side together, the thread's share of interrupts included. io_uring's kernel
 * workers are threads of the process and counted. The kernel brings a running thread's figure up to date only at a tick or
 * a switch; a process that sleeps is exact, which is why rounds begin and end with nothing in flight.
 */
class CpuTime private constructor(
    private val threads: Map<String, ThreadTime>,
) {
    private class ThreadTime(
        val isCompiler: Boolean,
        val nanos: Long,
    )

    /** CPU nanoseconds since [earlier]; what a thread that ended in between used is lost. */
    fun since(earlier: CpuTime): Long = since(earlier) { true }

    /** The part of [since] that the JVM spent on compiling; 0 for other programs. */
    fun compilingSince(earlier: CpuTime): Long = since(earlier) { it.isCompiler }

    private fun since(
        earlier: CpuTime,
        isWanted: (ThreadTime) -> Boolean,
    ): Long =
        threads.entries
            .filter { isWanted(it.value) }
            .sumOf { (id, time) -> time.nanos - (earlier.threads[id]?.nanos ?: 0) }

    companion object {
        /** "C1 CompilerThread0" and "C2 CompilerThread0" as far as the kernel keeps names: 15 characters. */
        private val COMPILER = Regex("C[12] CompilerThre.*")

        /** Reads the threads of process [pid]. */
        fun of(pid: Long): CpuTime {
            val threads = HashMap<String, ThreadTime>()
            for (thread in Path.of("/proc/$pid/task").listDirectoryEntries()) {
                try {
                    val nanos = Files.readString(thread.resolve("schedstat")).substringBefore(' ').toLong()
                    val isCompiler = COMPILER.matches(Files.readString(thread.resolve("comm")).trim())
                    threads[thread.name] = ThreadTime(isCompiler, nanos)
                } catch (_: NoSuchFileException) {
                    continue // ended between the listing and the reading
                }
            }
            return CpuTime(threads)
        }

        /**
         * CPU nanoseconds of the harness's children that have ended so far; their own files in `/proc` are gone.
         * Resolution: one clock tick, 10 ms.
         */
        fun endedChildrenNanos(): Long {
            val fields = Files.readString(Path.of("/proc/self/stat")).substringAfterLast(") ").split(' ')
            // proc_pid_stat(5): cutime is field 16 and cstime 17; the text after the name begins with field 3.
            return (fields[13].toLong() + fields[14].toLong()) * NANOS_PER_TICK
        }
    }
}

/** USER_HZ is 100 on every Linux that runs a JDK: proc(5) reports CPU times in hundredths of a second. */
internal const val NANOS_PER_TICK = 10_000_000L

package dev.uring.bench.process

import dev.uring.bench.BenchUnusable
import java.nio.file.Files
import java.nio.file.Path

/**
 * Which CPU the measured server and which the load runs on.
 *
 * Two different ones when the machine has them: a server that shares its core with the load is measured by the scheduler's
 * mood. Children are started under `taskset`, so every thread of theirs inherits the mask.
 */
class Placement(
    val serverCpu: Int,
    val clientCpu: Int,
) {
    /** [command] on the server's CPU. */
    fun onServerCpu(command: List<String>): List<String> = pinned(serverCpu, command)

    /** [command] on the load's CPU. */
    fun onClientCpu(command: List<String>): List<String> = pinned(clientCpu, command)

    private fun pinned(
        cpu: Int,
        command: List<String>,
    ) = listOf("taskset", "-c", cpu.toString()) + command

    companion object {
        /** The first two CPUs that this process may use. */
        fun detect(): Placement {
            if (findOnPath("taskset") == null) {
                throw BenchUnusable(
                    "`taskset` is not on PATH: it pins server and load to a core each. Install util-linux.",
                )
            }
            val status = Files.readAllLines(Path.of("/proc/self/status"))
            val allowed = parseCpuList(status.first { it.startsWith("Cpus_allowed_list:") }.substringAfter(':').trim())
            return Placement(allowed.first(), allowed.getOrElse(1) { allowed.first() })
        }

        /** `0-3,8` → 0, 1, 2, 3, 8 (cpuset(7), List format). */
        fun parseCpuList(list: String): List<Int> =
            list.split(',').flatMap { part ->
                val bounds = part.split('-').map(String::toInt)
                (bounds.first()..bounds.last()).toList()
            }
    }
}

/** The executable file that a shell would run for [program], or null. */
fun findOnPath(program: String): Path? =
    System
        .getenv("PATH")
        .orEmpty()
        .split(':')
        .filter(String::isNotEmpty)
        .map { Path.of(it, program) }
        .firstOrNull(Files::isExecutable)

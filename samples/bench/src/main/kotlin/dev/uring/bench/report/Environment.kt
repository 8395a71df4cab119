package dev.uring.bench.report

import dev.uring.bench.process.JavaCommand
import dev.uring.bench.process.Placement
import java.io.IOException
import java.nio.file.Files
import java.nio.file.Path
import java.util.concurrent.TimeUnit

/** What figures depend on: commit, kernel, CPU, JDK. */
object Environment {
    /** In the order it is shown; a bench adds its peers' versions and settings. */
    fun describe(placement: Placement): Map<String, String> =
        linkedMapOf(
            "commit" to commit(),
            "kernel" to "${System.getProperty("os.name")} ${System.getProperty("os.version")}",
            "cpu" to cpu(),
            "placement" to "server on CPU ${placement.serverCpu}, load on CPU ${placement.clientCpu}",
            "jdk" to "${System.getProperty("java.vendor")} ${Runtime.version()}",
            "jvmFlags" to JavaCommand.FLAGS.joinToString(" "),
        )

    private fun cpu(): String {
        val lines = Files.readAllLines(Path.of("/proc/cpuinfo"))
        val model = lines.firstOrNull { it.startsWith("model name") }?.substringAfter(": ") ?: "unknown"
        return "$model, ${Runtime.getRuntime().availableProcessors()} CPUs"
    }

    /** Of the repository around the working directory; figures of a changed tree belong to no commit and say so. */
    private fun commit(): String {
        val hash = git("rev-parse", "--short=12", "HEAD") ?: return "unknown"
        val changes = git("status", "--porcelain", "--untracked-files=no") ?: return hash
        return if (changes.isEmpty()) hash else "$hash with uncommitted changes"
    }

    private fun git(vararg arguments: String): String? =
        try {
            val process =
                ProcessBuilder(
                    listOf("git") + arguments,
                ).redirectError(ProcessBuilder.Redirect.DISCARD).start()
            val output = process.inputReader().readText().trim()
            if (process.waitFor(GIT_SECONDS, TimeUnit.SECONDS) && process.exitValue() == 0) output else null
        } catch (_: IOException) {
            null // no git on PATH
        }

    private const val GIT_SECONDS = 10L
}

package dev.uring.launcher

import java.io.File
import java.nio.file.Path
import java.util.concurrent.TimeUnit
import kotlin.io.path.createTempFile
import kotlin.io.path.deleteIfExists
import kotlin.io.path.readText

/** What a finished process left: everything that it printed, and its status. */
class Finished(
    val status: Int,
    val out: String,
    val err: String,
)

/** The launcher's main function in a JVM of its own, on this test's class path. */
class ChildProcess(
    cacheHome: Path,
    environment: Map<String, String> = emptyMap(),
    vararg args: String,
) : AutoCloseable {
    private val err = createTempFile("launcher-", ".err")
    private val process: Process
    private val out = StringBuilder()

    init {
        val builder = ProcessBuilder(command(*args)).redirectError(err.toFile())
        builder.environment() += environment + ("XDG_CACHE_HOME" to cacheHome.toString())
        process = builder.start()
        process.outputStream.close()
    }

    private val lines = process.inputStream.bufferedReader()

    /** Waits for the line of output that starts with [prefix] and returns the rest of it. */
    fun awaitLine(prefix: String): String {
        while (true) {
            val line =
                lines.readLine() ?: error("no line \"$prefix…\" before the end; out: $out err: ${err.readText()}")
            out.appendLine(line)
            if (line.startsWith(prefix)) return line.removePrefix(prefix)
        }
    }

    /** SIGTERM. */
    fun terminate() {
        process.toHandle().destroy()
    }

    fun await(): Finished {
        out.append(lines.readText())
        check(process.waitFor(SECONDS_MAX, TimeUnit.SECONDS)) { "still running after $SECONDS_MAX s; out: $out" }
        return Finished(process.exitValue(), out.toString().trimEnd(), err.readText().trimEnd())
    }

    override fun close() {
        process.destroyForcibly().waitFor()
        err.deleteIfExists()
    }

    private companion object {
        const val SECONDS_MAX = 60L

        fun command(vararg args: String): List<String> =
            listOf(
                File(System.getProperty("java.home"), "bin/java").path,
                "--enable-native-access=ALL-UNNAMED",
                "--sun-misc-unsafe-memory-access=allow",
                // What a busy machine makes of a worker's turn is no error of what is tested.
                "-Dorg.slf4j.simpleLogger.log.dev.uring.worker.StallDetector=off",
                "-cp",
                System.getProperty("java.class.path"),
                "dev.uring.launcher.MainKt",
                *args,
            )
    }
}

package dev.uring.testing

import java.nio.file.Path
import java.util.concurrent.TimeUnit

/** The main function of [main] in a process of its own, on this test's class path and with its virtual machine. */
internal class JavaChild(
    private val main: Class<*>,
    private val options: List<String> = emptyList(),
    private val within: List<String> = emptyList(),
) {
    /** What a process that has ended left: its status and everything that it printed. */
    class Ended(
        val status: Int,
        val output: String,
    )

    /** Runs it to its end; one that takes longer than [seconds] is killed, and an error. */
    fun run(
        vararg arguments: String,
        seconds: Long = SECONDS_MAX,
    ): Ended {
        val java = Path.of(System.getProperty("java.home"), "bin", "java").toString()
        val command =
            within + java + "--enable-native-access=ALL-UNNAMED" + options +
                listOf("-cp", System.getProperty("java.class.path"), main.name) + arguments
        val builder = ProcessBuilder(command).redirectErrorStream(true)
        // Whoever runs the tests may have chosen a driver for them.
        builder.environment().remove("URING_DRIVER")
        val process = builder.start()
        process.onExit().orTimeout(seconds, TimeUnit.SECONDS).exceptionally { process.destroyForcibly() }
        val output = process.inputStream.bufferedReader().readText()
        check(process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS)) { "does not end: $output" }
        return Ended(process.exitValue(), output)
    }

    private companion object {
        // A machine that others use as well takes several times as long as a quiet one.
        const val SECONDS_MAX = 180L
    }
}

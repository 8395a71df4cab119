package dev.uring.launcher

import dev.uring.Doctor
import io.kotest.core.spec.style.FunSpec
import io.kotest.core.test.Enabled
import io.kotest.core.test.config.DefaultTestConfig
import java.io.File
import java.net.InetSocketAddress
import java.net.SocketAddress
import java.nio.file.Path
import java.util.concurrent.TimeUnit
import kotlin.io.path.Path
import kotlin.time.Duration.Companion.minutes

/** Skips the tests of a spec, with a reason, where io_uring or one of [programs] is missing; with CI=true they fail. */
fun FunSpec.cacheScriptNeeds(vararg programs: String) {
    val missing =
        programs.filter { program ->
            System.getenv("PATH").split(':').none { File(it, program).canExecute() }
        }
    val report = Doctor.examine()
    val reason =
        when {
            !report.usable() -> report.verdict()
            missing.isNotEmpty() -> "not installed: $missing (Debian: apt-get install redis-server redis-tools)"
            else -> null
        }
    if (reason != null && System.getenv("CI") == "true") error("CI=true, but $reason")
    val enabled = if (reason == null) Enabled.enabled else Enabled.disabled(reason)
    defaultTestConfig = DefaultTestConfig(enabledOrReasonIf = { enabled }, timeout = 3.minutes)
}

/** `./uring run samples/scripts/cache.uring.kts` on a port of its own, in a JVM of its own. */
class CacheScript(
    cacheHome: Path,
) : AutoCloseable {
    private val child = ChildProcess(cacheHome, emptyMap(), "run", "$file", "--port", "0")

    val port: Int = child.awaitLine("cache on port ").substringBefore(',').toInt()

    val address: SocketAddress get() = InetSocketAddress("127.0.0.1", port)

    /** Asks the process to end, as an operator would, and returns what it left. */
    fun terminate(): Finished {
        child.terminate()
        return child.await()
    }

    override fun close() = child.close()

    private companion object {
        val file = Path(System.getProperty("uring.root"), "samples", "scripts", "cache.uring.kts")
    }
}

/** Runs one of Redis's own tools and returns what it printed, standard error included. */
fun runTool(vararg command: String): String {
    val process = ProcessBuilder(*command).redirectErrorStream(true).start()
    process.outputStream.close()
    val output = process.inputStream.bufferedReader().readText()
    check(process.waitFor(60, TimeUnit.SECONDS)) { "still running: ${command.toList()}" }
    check(process.exitValue() == 0) { "${command.toList()} ended with ${process.exitValue()}: $output" }
    return output
}

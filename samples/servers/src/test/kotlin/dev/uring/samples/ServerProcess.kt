package dev.uring.samples

import io.kotest.matchers.shouldBe
import java.io.Closeable
import java.io.File
import java.net.Socket
import java.nio.file.Files
import java.nio.file.Path
import java.util.concurrent.TimeUnit

/** A sample in a process of its own, on a free port, as a reader would start it. */
class ServerProcess(
    mainClass: String,
    vararg arguments: String,
) : Closeable {
    private val process =
        ProcessBuilder(
            File(System.getProperty("java.home"), "bin/java").path,
            "--enable-native-access=ALL-UNNAMED",
            "-cp",
            System.getProperty("java.class.path"),
            mainClass,
            "127.0.0.1:0",
            *arguments,
        ).redirectError(ProcessBuilder.Redirect.INHERIT).start()

    val port =
        process
            .inputReader()
            .readLine()
            .substringAfter("listening on port ")
            .toInt()

    fun connect() = Socket("127.0.0.1", port).apply { soTimeout = TIMEOUT_MILLIS }

    /** Stops it as a service manager would. */
    fun terminate() {
        signal()
        awaitExit()
    }

    /** Asks it to end, and does not wait. */
    fun signal() {
        process.toHandle().destroy()
    }

    /** Until it takes no more connections. Looks for its socket: a connection that it still takes has to end too. */
    fun awaitListenerClosed() {
        val deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(TIMEOUT_MILLIS.toLong())
        val listening = Regex("\\d+: [0-9A-F]{8}:%04X [0-9A-F:]+ 0A ".format(port))
        while (listening.containsMatchIn(Files.readString(Path.of("/proc/net/tcp")))) {
            check(System.nanoTime() < deadline) { "it still listens after $TIMEOUT_MILLIS ms" }
            Thread.sleep(1)
        }
    }

    /** Until it has ended, as it should after a signal. */
    fun awaitExit() {
        process.waitFor(TIMEOUT_MILLIS.toLong(), TimeUnit.MILLISECONDS) shouldBe true
        process.exitValue() shouldBe SIGTERM_EXIT
    }

    override fun close() {
        process.destroyForcibly()
    }

    private companion object {
        const val TIMEOUT_MILLIS = 30_000
        const val SIGTERM_EXIT = 143
    }
}

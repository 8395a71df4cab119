package dev.uring.testing

import java.util.concurrent.TimeUnit
import kotlin.concurrent.thread

/** A program with both its streams. */
internal class Program(
    command: List<String>,
) : AutoCloseable {
    private val process = ProcessBuilder(command).redirectErrorStream(true).start()
    private val collected = StringBuffer()
    private val reader =
        thread(isDaemon = true) {
            process.inputStream.reader().use { input ->
                val buffer = CharArray(1 shl 14)
                while (true) {
                    val count = input.read(buffer)
                    if (count < 0) break
                    collected.append(buffer, 0, count)
                }
            }
        }

    val output: String get() = collected.toString()

    fun say(text: String) {
        process.outputStream.write(text.toByteArray())
        process.outputStream.flush()
    }

    fun awaitOutput(part: String) = await({ "no '$part' in: $output" }) { part in output }

    /** Closes its input, waits for its end and returns its status. */
    fun finish(): Int {
        process.outputStream.close()
        check(process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS)) { "does not end: $output" }
        reader.join()
        return process.exitValue()
    }

    override fun close() {
        process.destroyForcibly().waitFor()
    }
}

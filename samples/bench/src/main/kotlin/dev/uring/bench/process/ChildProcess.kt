package dev.uring.bench.process

import java.io.IOException
import java.nio.file.Files
import java.nio.file.Path
import java.nio.file.StandardOpenOption
import java.util.concurrent.BlockingQueue
import java.util.concurrent.LinkedBlockingQueue
import java.util.concurrent.TimeUnit
import kotlin.concurrent.thread
import kotlin.time.Duration
import kotlin.time.Duration.Companion.seconds

/**
 * One process that the harness started and must end.
 *
 * Owner: the [ProcessPool] that made it. Its standard output is read by a daemon thread, so a child never blocks on a full
 * pipe; its standard error goes to [log].
 */
class ChildProcess internal constructor(
    val name: String,
    private val process: Process,
    val log: Path,
) : AutoCloseable {
    val pid: Long = process.pid()

    val isAlive: Boolean get() = process.isAlive

    /** Lines of standard output in order, then [END] once. */
    private val lines: BlockingQueue<String> = LinkedBlockingQueue()
    private val commands = process.outputStream.bufferedWriter()

    init {
        thread(name = "output of $name", isDaemon = true) {
            process.inputStream.bufferedReader().useLines { it.forEach(lines::add) }
            lines.add(END)
        }
    }

    /** Writes one line to the child's standard input. */
    fun send(line: String) {
        try {
            commands.write(line)
            commands.newLine()
            commands.flush()
        } catch (e: IOException) {
            throw ChildFailure("$name (pid $pid) does not read its input: ${e.message}.\n${lastWords()}", e)
        }
    }

    /** The next line that begins with [prefix], without it; other lines are the child's own talk and go to the log. */
    fun receive(
        prefix: String,
        within: Duration,
    ): String {
        val deadline = System.nanoTime() + within.inWholeNanoseconds
        while (true) {
            val line = lines.poll(deadline - System.nanoTime(), TimeUnit.NANOSECONDS)
            when {
                line == null -> {
                    throw ChildFailure("$name (pid $pid) did not answer within $within.\n${lastWords()}")
                }

                line === END -> {
                    lines.add(END)
                    throw ChildFailure("$name (pid $pid) ended with exit code ${process.waitFor()}.\n${lastWords()}")
                }

                line.startsWith(prefix) -> {
                    return line.removePrefix(prefix)
                }

                else -> {
                    Files.writeString(log, line + "\n", StandardOpenOption.APPEND)
                }
            }
        }
    }

    /** All output until the child ends by itself. */
    fun await(within: Duration): Finished {
        val output = StringBuilder()
        val deadline = System.nanoTime() + within.inWholeNanoseconds
        while (true) {
            val line =
                lines.poll(deadline - System.nanoTime(), TimeUnit.NANOSECONDS)
                    ?: throw ChildFailure("$name (pid $pid) did not end within $within.\n${lastWords()}")
            if (line === END) break
            output.append(line).append('\n')
        }
        return Finished(process.waitFor(), output.toString(), Files.readString(log))
    }

    /** Asks by closing the input, which every child of ours obeys; one that does not within [GRACE] is killed. */
    override fun close() {
        runCatching { commands.close() }
        if (!process.waitFor(GRACE.inWholeMilliseconds, TimeUnit.MILLISECONDS)) kill()
    }

    /** Kills the child and what it started, and waits until it is gone. */
    fun kill() {
        process.descendants().forEach { it.destroyForcibly() }
        process.destroyForcibly().waitFor()
    }

    private fun lastWords(): String {
        val tail = Files.readAllLines(log).takeLast(LOG_LINES).joinToString("\n")
        return if (tail.isEmpty()) "It wrote nothing to standard error." else "Its last output (all in $log):\n$tail"
    }

    /** How a child that ends by itself ended. */
    class Finished(
        val exitCode: Int,
        val output: String,
        val errors: String,
    )

    private companion object {
        /** Compared by identity, so no line of a child can be taken for it. */
        val END = String(charArrayOf('E', 'O', 'F'))
        val GRACE = 2.seconds
        const val LOG_LINES = 20
    }
}

/** A child process ended, hung or spoke out of turn: the run cannot go on. The text holds its last output. */
class ChildFailure(
    message: String,
    cause: Throwable? = null,
) : Exception(message, cause)

package dev.uring.bench.process

import java.io.IOException
import java.nio.file.Files
import java.nio.file.Path
import java.util.concurrent.ConcurrentLinkedDeque

/**
 * Owns every process of a run, and ends each of them, however the run ends.
 *
 * In order: [close]. After Ctrl-C or `System.exit`: the shutdown hook kills them. After `kill -9` of the harness itself:
 * their standard input ends, which all of them obey (foreign programs run under [leashed]).
 */
class ProcessPool(
    private val logs: Path,
) : AutoCloseable {
    private val children = ConcurrentLinkedDeque<ChildProcess>()
    private val hook = Thread { children.forEach { it.kill() } }

    init {
        Files.createDirectories(logs)
        Runtime.getRuntime().addShutdownHook(hook)
    }

    val pids: List<Long> get() = children.map { it.pid }

    /** Starts [command]; the caller may end it early with [end]. */
    fun start(
        name: String,
        command: List<String>,
        environment: Map<String, String> = emptyMap(),
    ): ChildProcess {
        val log = logs.resolve("$name.log")
        Files.writeString(log, "")
        val builder = ProcessBuilder(command).redirectError(log.toFile())
        builder.environment().putAll(environment)
        val process =
            try {
                builder.start()
            } catch (e: IOException) {
                throw ChildFailure("$name could not be started: ${e.message}. Command: ${command.joinToString(" ")}", e)
            }
        return ChildProcess(name, process, log).also(children::addFirst)
    }

    /** Ends one child in order and lets go of it. */
    fun end(child: ChildProcess) {
        child.close()
        children.remove(child)
    }

    override fun close() {
        children.forEach { it.close() }
        children.clear()
        // Refused when the JVM is already going down; then the hook itself is at work.
        runCatching { Runtime.getRuntime().removeShutdownHook(hook) }
    }

    companion object {
        /**
         * [command] for a program that does not watch its input, run beside a shell that does and kills it at the end of
         * input. The shell's first line of output is `@bench PID n`: the pid of the program, not of the shell.
         */
        fun leashed(command: List<String>): List<String> = listOf("sh", "-c", LEASH, "leash") + command

        // The program gets its own input; the shell keeps the harness's pipe as descriptor 3.
        private val LEASH =
            """
            exec 3<&0
            "$@" 3<&- </dev/null >&2 &
            echo "@bench PID $!"
            read -r _ <&3
            kill -KILL $!
            wait $!
            """.trimIndent()
    }
}

package dev.uring.bench.memory

import dev.uring.bench.BenchSession
import dev.uring.bench.SelfCheckFailure
import dev.uring.bench.echo.EchoSubject
import dev.uring.bench.echo.RunningEcho
import dev.uring.bench.process.ControlledProcess
import dev.uring.bench.process.error
import java.nio.file.Files
import java.nio.file.Path
import kotlin.time.Duration.Companion.seconds

/**
 * Measures what the resident memory of a fresh server process grows by with a number of idle connections.
 *
 * Before each look the server's heap is collected, compacted and shrunk, from outside: what is left is what is kept.
 */
class MemoryLoad(
    private val session: BenchSession,
    private val generator: ControlledProcess,
) {
    /** Bytes for each connection of [workload]; [onSettings] is told what the server says about itself. */
    fun bytesPerConnection(
        subject: EchoSubject,
        workload: MemoryWorkload,
        onSettings: (String) -> Unit = {},
    ): Double {
        val server = subject.start(session, { session.placement.onServerCpu(withFlags(it)) })
        onSettings(server.settings)
        // What is loaded, compiled and pooled once, whatever the number of connections, is not theirs.
        request(server, "OPEN ${server.port} $WARM_CONNECTIONS 1 $PAYLOAD_BYTES 1 $STALL_MILLIS")
        request(server, "RUN $WARM_MILLIS")
        request(server, "CLOSE")
        val before = residentBytes(server)
        request(server, "OPEN ${server.port} ${workload.connections} 1 $PAYLOAD_BYTES 2 $STALL_MILLIS")
        request(server, "RUN 1")
        val after = residentBytes(server)
        request(server, "CLOSE")
        session.pool.end(server.process.child)
        return (after - before).toDouble() / workload.connections
    }

    // Behind the program's own flags, of which the last one counts, and before its class path.
    private fun withFlags(command: List<String>): List<String> {
        val at = command.indexOf("-cp")
        return command.take(at) + JVM_FLAGS + command.drop(at)
    }

    private fun residentBytes(server: RunningEcho): Long {
        val pid = server.process.child.pid
        // Twice: the first collection still meets references that it clears itself.
        repeat(2) {
            val jcmd = Path.of(System.getProperty("java.home"), "bin", "jcmd").toString()
            val collected = session.pool.start("jcmd", listOf(jcmd, "$pid", "GC.run"))
            collected.await(GC_LIMIT)
            session.pool.end(collected)
        }
        val line = Files.readAllLines(Path.of("/proc/$pid/status")).first { it.startsWith("VmRSS:") }
        return line.filter(Char::isDigit).toLong() * BYTES_PER_KIB
    }

    private fun request(
        server: RunningEcho,
        line: String,
    ) {
        generator
            .request(line, within = RUN_LIMIT)
            .error
            ?.let { throw SelfCheckFailure("${server.name} did not echo what it was sent: $it") }
    }

    companion object {
        /** The heap begins small and gives back what a collection has freed, so that it holds little but what is kept. */
        val JVM_FLAGS = listOf("-Xms16m", "-XX:MinHeapFreeRatio=5", "-XX:MaxHeapFreeRatio=10")

        private const val PAYLOAD_BYTES = 64
        private const val WARM_CONNECTIONS = 200
        private const val WARM_MILLIS = 500
        private const val STALL_MILLIS = 10_000
        private const val BYTES_PER_KIB = 1024L
        private val GC_LIMIT = 60.seconds
        private val RUN_LIMIT = 120.seconds
    }
}

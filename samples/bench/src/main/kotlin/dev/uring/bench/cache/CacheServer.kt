package dev.uring.bench.cache

import dev.uring.bench.BenchSession
import dev.uring.bench.BenchUnusable
import dev.uring.bench.process.ChildFailure
import dev.uring.bench.process.ChildProcess
import dev.uring.bench.process.ControlledProcess
import dev.uring.bench.process.ProcessPool
import dev.uring.bench.process.findOnPath
import kotlinx.serialization.json.jsonPrimitive
import kotlinx.serialization.json.long
import java.io.IOException
import java.net.InetAddress
import java.net.ServerSocket
import java.nio.file.Files
import java.nio.file.Path
import kotlin.io.path.extension
import kotlin.io.path.isExecutable
import kotlin.time.Duration.Companion.seconds

/**
 * A started cache server; its pool ends it.
 *
 * @property pid of the server itself, which need not be the pool's child
 * @property counters what a JVM tells about itself, or null for a foreign program
 */
class CacheServer(
    val name: String,
    val port: Int,
    val pid: Long,
    val settings: String,
    val counters: (() -> Map<String, Long>)?,
) {
    companion object {
        const val OURS = "cache-script"
        const val REDIS = "redis-server"
        private const val SCRIPT = "samples/scripts/cache.uring.kts"

        /** In table order. */
        val NAMES = listOf(OURS, REDIS)

        /** Starts the server called [name] on the server's CPU and waits until it answers. */
        fun start(
            name: String,
            session: BenchSession,
        ): CacheServer {
            val port = freePort()
            val server = if (name == OURS) script(session, port) else redis(session, port)
            return server.also { awaitPong(it) }
        }

        /** Started by `uring run`, as a user starts it; the agent beside it answers for the JVM. */
        private fun script(
            session: BenchSession,
            port: Int,
        ): CacheServer {
            val home = home()
            val options = listOfNotNull(agent()?.let { "-javaagent:$it" }, "-XX:-UseDynamicNumberOfCompilerThreads")
            val command = listOf("$home/uring", "run", "$home/$SCRIPT", "--port", "$port")
            val environment = mapOf("URING_JAVA_OPTS" to options.joinToString(" "))
            val child = session.pool.start(OURS, session.placement.onServerCpu(command), environment)
            val counters =
                agent()?.let {
                    val control = ControlledProcess(child, within = BUILD_LIMIT)
                    val read: () -> Map<String, Long> = {
                        control.request("STATS").mapValues { it.value.jsonPrimitive.long }
                    }
                    read
                }
            return CacheServer(OURS, port, child.pid, "uring run $SCRIPT; ${jvmFlags(child.pid)}", counters)
        }

        /** The launcher's choice, not ours: read from the process. */
        private fun jvmFlags(pid: Long): String =
            Files
                .readString(Path.of("/proc/$pid/cmdline"))
                .split('\u0000')
                .drop(1)
                .takeWhile { it != "-cp" }
                .filterNot { it.startsWith("-javaagent:") }
                .joinToString(" ") { it.replace(FOLDERS, "=") }

        /** Debian's own, without persistence and without I/O threads: one thread does the work, as with one worker. */
        private fun redis(
            session: BenchSession,
            port: Int,
        ): CacheServer {
            val program = requireRedis("redis-server")
            val options =
                listOf(
                    "--port",
                    "$port",
                    "--bind",
                    "127.0.0.1",
                    "--save",
                    "",
                    "--appendonly",
                    "no",
                    "--io-threads",
                    "1",
                )
            val command = ProcessPool.leashed(session.placement.onServerCpu(listOf("$program") + options))
            val child = session.pool.start(REDIS, command)
            val pid = child.receive(ControlledProcess.PREFIX + "PID ", START_LIMIT).toLong()
            return CacheServer(REDIS, port, pid, "${version(session)}; ${options.drop(2).joinToString(" ")}", null)
        }

        /** The path of a Redis program; without it this bench has no peer and no load. */
        fun requireRedis(program: String): Path =
            findOnPath(program)
                ?: throw BenchUnusable(
                    "`$program` is not on PATH: this bench needs redis-server and redis-benchmark. " +
                        "Install them (Debian: apt-get install redis-server redis-tools).",
                )

        private fun version(session: BenchSession): String {
            val child: ChildProcess = session.pool.start("redis-version", listOf("redis-server", "--version"))
            val said =
                child
                    .await(START_LIMIT)
                    .output
                    .lineSequence()
                    .first()
            session.pool.end(child)
            return said.substringBefore(" sha=")
        }

        /** The repository: where the `uring` launcher is. */
        private fun home(): Path {
            System.getProperty("uring.home")?.let { return Path.of(it) }
            return generateSequence(codeSource()) { it.parent }.firstOrNull { it.resolve("uring").isExecutable() }
                ?: throw BenchUnusable("The `uring` launcher was not found; start the bench with ./uring bench cache.")
        }

        /** The bench's jar is the agent; classes in a folder are not one, and then B/op is not told. */
        private fun agent(): Path? = codeSource().takeIf { it.extension == "jar" && Files.isRegularFile(it) }

        private fun codeSource() =
            Path.of(
                CacheServer::class.java.protectionDomain.codeSource.location
                    .toURI(),
            )

        private fun freePort(): Int = ServerSocket(0, 1, InetAddress.getLoopbackAddress()).use { it.localPort }

        private fun awaitPong(server: CacheServer) {
            val deadline = System.nanoTime() + START_LIMIT.inWholeNanoseconds
            while (true) {
                val problem =
                    try {
                        val reply = RespProbe(server.port).use { it.call("PING") }
                        if (reply == "PONG") return else "PING was answered with \"$reply\""
                    } catch (e: IOException) {
                        "${e.message}"
                    }
                if (System.nanoTime() > deadline || !ProcessHandle.of(server.pid).isPresent) {
                    throw ChildFailure("${server.name} did not answer on port ${server.port}: $problem")
                }
                // Nothing tells when a foreign program listens: asked again, bounded by the deadline.
                Thread.sleep(POLL_MILLIS)
            }
        }

        private val START_LIMIT = 30.seconds

        /** `uring run` builds the launcher at its first use. */
        private val BUILD_LIMIT = 600.seconds
        private const val POLL_MILLIS = 20L
        private val FOLDERS = Regex("=/.*/")
    }
}

package dev.uring.memcache

import dev.uring.dsl.UringScope
import dev.uring.dsl.uring
import dev.uring.testing.leavesNothingBehind
import dev.uring.testing.stopProcess
import io.kotest.core.spec.style.FunSpec
import io.kotest.core.test.Enabled
import io.kotest.core.test.config.DefaultTestConfig
import kotlinx.coroutines.runBlocking
import java.net.ServerSocket
import java.net.StandardProtocolFamily
import java.net.UnixDomainSocketAddress
import java.nio.channels.SocketChannel
import java.nio.file.Files
import java.nio.file.Path
import java.util.concurrent.TimeUnit
import kotlin.time.Duration.Companion.seconds

/** Skips the tests of a spec, with the reason, where there is no io_uring or no memcached; with CI=true they fail. */
internal fun FunSpec.needsMemcached() {
    defaultTestConfig = DefaultTestConfig(enabledOrReasonIf = { memcachedThere }, timeout = 120.seconds)
}

private val memcachedThere: Enabled by lazy {
    val missing = runCatching { ProcessBuilder("memcached", "--version").start().waitFor() }.isFailure
    when {
        !missing -> {
            runCatching { runBlocking { uring({ workersCount(1).pinWorkers(false) }) { } } }.fold(
                { Enabled.enabled },
                { if (System.getenv("CI") == "true") throw it else Enabled.disabled("no io_uring: ${it.message}") },
            )
        }

        System.getenv("CI") == "true" -> {
            error("CI=true, but memcached is not installed")
        }

        else -> {
            Enabled.disabled("not installed: memcached (Debian: apt-get install memcached)")
        }
    }
}

/**
 * The real memcached, on a Unix socket of its own, or on TCP if asked: no port that somebody else could take. [options] go
 * to it as they are.
 */
internal class RealMemcached(
    private vararg val options: String,
    private val isTcp: Boolean = false,
    private val isUdp: Boolean = false,
) : AutoCloseable {
    private val folder: Path = Files.createTempDirectory("uring-memcached")
    private val socket = folder.resolve("memcached.sock")
    private val log = folder.resolve("memcached.log").toFile()
    val port: Int = if (isTcp) ServerSocket(0).use { it.localPort } else 0
    private var process = start()

    /** Its address. */
    val address: String get() = if (isTcp) "127.0.0.1:$port" else "unix:$socket"

    val pid: Long get() = process.pid()

    private fun start(): Process {
        Files.deleteIfExists(socket)
        val udp = if (isUdp) listOf("-U", "$port") else emptyList()
        val where = if (isTcp) listOf("-p", "$port", "-l", "127.0.0.1") + udp else listOf("-s", "$socket")
        val started =
            ProcessBuilder(listOf("memcached", "-u", System.getProperty("user.name")) + where + options)
                .redirectErrorStream(true)
                .redirectOutput(log)
                .start()
        val deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(20)
        while (!isListening()) {
            check(started.isAlive && System.nanoTime() < deadline) { "memcached does not listen: ${log.readText()}" }
            Thread.sleep(5)
        }
        return started
    }

    private fun isListening(): Boolean =
        runCatching {
            if (isTcp) {
                java.net.Socket("127.0.0.1", port).close()
            } else {
                SocketChannel.open(StandardProtocolFamily.UNIX).use { it.connect(UnixDomainSocketAddress.of(socket)) }
            }
        }.isSuccess

    /** Sends it a signal; a STOP has come to every thread when this returns. */
    fun signal(name: String) {
        if (name == "STOP") return stopProcess(pid)
        check(ProcessBuilder("kill", "-$name", "$pid").start().waitFor() == 0) { "kill -$name $pid" }
    }

    /** Kills it without a goodbye. */
    fun kill() {
        process.destroyForcibly().waitFor()
    }

    /** Starts it again, empty, at the same address. */
    fun restart() {
        kill()
        process = start()
    }

    override fun close() {
        kill()
        folder.toFile().deleteRecursively()
    }
}

/** Runs [block] on worker 0 with a client of [server]; afterwards client and runtime are closed and no socket is left. */
internal fun withClient(
    server: RealMemcached,
    workers: Int = 1,
    configure: MemcacheConfig.() -> MemcacheConfig = { this },
    block: suspend UringScope.(MemcacheClient) -> Unit,
) {
    // Before sockets are counted: it may start the server, and the JDK its own first socket.
    val address = server.address
    withUring(workers) { memcache(address, configure).use { block(it) } }
}

/** Runs [block] on worker 0; afterwards nothing is left, unless the test itself has something. */
internal fun withUring(
    workers: Int = 1,
    countsAll: Boolean = true,
    block: suspend UringScope.() -> Unit,
) {
    val run = { runBlocking { uring({ workersCount(workers).pinWorkers(false) }, block = block) } }
    if (countsAll) leavesNothingBehind(run) else run()
}

/** Waits until [condition] holds, and fails after 20 s. */
internal suspend fun eventually(
    what: () -> String,
    condition: suspend () -> Boolean,
) {
    val deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(20)
    while (!condition()) {
        check(System.nanoTime() < deadline) { "after 20 s: ${what()}" }
        kotlinx.coroutines.delay(2)
    }
}

/** Runs a program to its end and returns what it says; fails when it does. */
internal fun runTool(vararg command: String): String {
    val process = ProcessBuilder(*command).redirectErrorStream(true).start()
    val output = process.inputStream.bufferedReader().readText()
    check(process.waitFor() == 0) { "${command.joinToString(" ")}: exit ${process.exitValue()}: $output" }
    return output
}

/** Whether the tools of libmemcached are there; with CI=true they must be. */
internal fun toolsThere(): Enabled {
    val missing = runCatching { ProcessBuilder("memccapable", "-h").start().waitFor() }.isFailure
    return when {
        !missing -> Enabled.enabled
        System.getenv("CI") == "true" -> error("CI=true, but libmemcached-tools is not installed")
        else -> Enabled.disabled("not installed: libmemcached-tools (memccapable)")
    }
}

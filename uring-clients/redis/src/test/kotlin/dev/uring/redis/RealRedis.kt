package dev.uring.redis

import dev.uring.dsl.UringScope
import dev.uring.dsl.uring
import dev.uring.redis.commands.freePort
import dev.uring.testing.leavesNothingBehind
import dev.uring.testing.stopProcess
import io.kotest.core.spec.style.FunSpec
import io.kotest.core.test.Enabled
import io.kotest.core.test.config.DefaultTestConfig
import kotlinx.coroutines.runBlocking
import java.net.UnixDomainSocketAddress
import java.nio.ByteBuffer
import java.nio.channels.SocketChannel
import java.nio.file.Files
import java.nio.file.Path
import java.util.concurrent.TimeUnit
import kotlin.time.Duration.Companion.seconds

/** Skips the tests of a spec, with the reason, where there is no io_uring or no redis-server; with CI=true they fail. */
internal fun FunSpec.needsRedis() {
    defaultTestConfig = DefaultTestConfig(enabledOrReasonIf = { redisThere }, timeout = 120.seconds)
}

private val redisThere: Enabled by lazy {
    val missing = runCatching { ProcessBuilder("redis-server", "--version").start().waitFor() }.isFailure
    when {
        !missing -> {
            runCatching { runBlocking { uring({ workersCount(1).pinWorkers(false) }) { } } }.fold(
                { Enabled.enabled },
                { if (System.getenv("CI") == "true") throw it else Enabled.disabled("no io_uring: ${it.message}") },
            )
        }

        System.getenv("CI") == "true" -> {
            error("CI=true, but redis-server is not installed")
        }

        else -> {
            Enabled.disabled("not installed: redis-server (Debian: apt-get install redis-server)")
        }
    }
}

/**
 * The real redis-server, without persistence, on a Unix socket of its own, and on TCP if asked: no port that somebody else
 * could take. [admin] talks to it with plain blocking sockets, so that what a test checks with is not what it checks.
 */
internal class RealRedis(
    private vararg val options: String,
    isTcp: Boolean = false,
) : AutoCloseable {
    private val folder: Path = Files.createTempDirectory("uring-redis")
    private val socket = folder.resolve("redis.sock")
    private val log = folder.resolve("redis.log").toFile()

    // Not one that the kernel gives out: it might give it to somebody else before the server has it.
    val port: Int = if (isTcp) generateSequence { freePort() }.first { "$it" !in options } else 0
    private var process = start()

    /** Its URL, by Unix socket. */
    val url: String get() = "unix:$socket"

    val pid: Long get() = process.pid()

    private fun start(): Process {
        Files.deleteIfExists(socket)
        val started =
            ProcessBuilder(
                listOf("redis-server", "--port", "$port", "--unixsocket", "$socket", "--save", "", "--dir", "$folder") +
                    options,
            ).redirectErrorStream(true).redirectOutput(log).start()
        val deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(20)
        while (!isListening()) {
            check(started.isAlive && System.nanoTime() < deadline) { "redis-server does not listen: ${log.readText()}" }
            Thread.sleep(5)
        }
        return started
    }

    private fun isListening(): Boolean = runCatching { admin("PING") }.isSuccess

    /** What the server says to an inline command: the reply's bytes as text, as far as they have come in one piece. */
    fun admin(command: String): String =
        SocketChannel.open(UnixDomainSocketAddress.of(socket)).use { channel ->
            channel.write(ByteBuffer.wrap("$command\r\n".toByteArray()))
            val answer = ByteBuffer.allocate(1 shl 16)
            channel.read(answer)
            String(answer.array(), 0, answer.position(), Charsets.ISO_8859_1).trim()
        }

    /** Sends it a signal; a STOP has come to every thread when this returns. */
    fun signal(name: String) {
        if (name == "STOP") return stopProcess(pid)
        check(ProcessBuilder("kill", "-$name", "$pid").start().waitFor() == 0) { "kill -$name $pid" }
    }

    /** Kills it without a goodbye. */
    fun kill() {
        process.destroyForcibly().waitFor()
    }

    /** Starts it again, empty, on the same socket. */
    fun restart() {
        kill()
        process = start()
    }

    override fun close() {
        kill()
        folder.toFile().deleteRecursively()
    }
}

/** Runs [block] on worker 0 with a client of [redis]; afterwards client and runtime are closed and no socket is left. */
internal fun withClient(
    redis: RealRedis,
    workers: Int = 1,
    configure: RedisConfig.() -> RedisConfig = { this },
    block: suspend UringScope.(RedisClient) -> Unit,
) {
    val url = redis.url // Before sockets are counted: it may start the server, and the JDK its own first socket.
    withUring(workers) { redis(url, configure).use { block(it) } }
}

/** Runs [block] on worker 0; afterwards nothing is left, unless others of this process open and close what is theirs. */
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

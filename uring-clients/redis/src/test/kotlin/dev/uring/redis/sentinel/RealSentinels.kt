package dev.uring.redis.sentinel

import dev.uring.redis.RealRedis
import dev.uring.redis.commands.WireClient
import dev.uring.redis.commands.freePorts
import java.net.InetSocketAddress
import java.net.Socket
import java.nio.file.Files
import java.nio.file.Path
import java.util.concurrent.TimeUnit
import kotlin.io.path.writeText

/**
 * A real master with replicas, and three real sentinels that watch it, with passwords of their own.
 *
 * [noticeMillis] is how long a silent master is not replaced: short where a test waits for that, else so long that a busy
 * machine does not look like a dead master.
 */
internal class RealSentinels(
    replicas: Int = 1,
    private val noticeMillis: Int = 15_000,
) : AutoCloseable {
    private val folder: Path = Files.createTempDirectory("uring-sentinel")
    val ports: List<Int> = freePorts(1 + replicas)

    /** The master first, as it is in the beginning. */
    val nodes: List<RealRedis> =
        ports.mapIndexed { n, port ->
            val auth = arrayOf("--requirepass", PASSWORD, "--masterauth", PASSWORD, "--port", "$port")
            val following = if (n == 0) emptyArray() else arrayOf("--replicaof", "127.0.0.1 ${ports[0]}")
            // A replica is there as soon as its master has written its first copy to its socket.
            RealRedis(*auth, *following, "--repl-diskless-sync-delay", "0")
        }

    val addresses: List<String>
    private val sentinels: List<Process>

    init {
        val sentinelPorts = freePorts(SENTINELS)
        addresses = sentinelPorts.map { "127.0.0.1:$it" }
        waitUntil("the replicas have copied") {
            (1..<nodes.size).all { "master_link_status:up" in ask(it, "INFO", "replication") as String }
        }
        sentinels = sentinelPorts.map(::start)
        waitUntil("the sentinels know each other and the replicas") {
            sentinelPorts.all { port ->
                val text = runCatching { sentinel(port, "SENTINEL", "MASTER", NAME) }.getOrNull().toString()
                "num-slaves, $replicas," in text && "num-other-sentinels, ${SENTINELS - 1}," in text
            }
        }
    }

    fun ask(
        node: Int,
        vararg words: String,
    ): Any? =
        WireClient(nodes[node].url).use {
            it.ask("AUTH", PASSWORD)
            it.ask(*words)
        }

    fun isMaster(node: Int): Boolean = runCatching { (ask(node, "ROLE") as List<*>)[0] == "master" }.getOrDefault(false)

    /** Lets a replica take over in order, and waits until it has. */
    fun failOver(to: Int) {
        val port = addresses[0].substringAfter(':').toInt()
        // Refused until the sentinel has heard that the replica is well.
        waitUntil("a failover begins") { runCatching { sentinel(port, "SENTINEL", "FAILOVER", NAME) }.isSuccess }
        waitUntil("$to is the master") { isMaster(to) }
    }

    /** Kills a sentinel for good. */
    fun killSentinel(index: Int) {
        sentinels[index].destroyForcibly().waitFor()
    }

    private fun sentinel(
        port: Int,
        vararg words: String,
    ): Any? =
        WireClient(Socket().apply { connect(InetSocketAddress("127.0.0.1", port), 1_000) }).use {
            it.ask("AUTH", SENTINEL_PASSWORD)
            it.ask(*words)
        }

    private fun start(port: Int): Process {
        val config = folder.resolve("$port.conf")
        config.writeText(
            """
            |port $port
            |bind 127.0.0.1
            |dir $folder
            |requirepass $SENTINEL_PASSWORD
            |sentinel sentinel-pass $SENTINEL_PASSWORD
            |sentinel monitor $NAME 127.0.0.1 ${ports[0]} 2
            |sentinel auth-pass $NAME $PASSWORD
            |sentinel down-after-milliseconds $NAME $noticeMillis
            |sentinel failover-timeout $NAME 4000
            |
            """.trimMargin(),
        )
        val log = folder.resolve("$port.log").toFile()
        return ProcessBuilder("redis-server", "$config", "--sentinel")
            .redirectErrorStream(true)
            .redirectOutput(log)
            .start()
    }

    override fun close() {
        sentinels.forEach { it.destroyForcibly().waitFor() }
        nodes.forEach(RealRedis::close)
        folder.toFile().deleteRecursively()
    }

    companion object {
        const val NAME = "main"
        const val PASSWORD = "data"
        const val SENTINEL_PASSWORD = "watch"
        private const val SENTINELS = 3

        fun waitUntil(
            what: String,
            holds: () -> Boolean,
        ) {
            val deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60)
            while (!holds()) {
                check(System.nanoTime() < deadline) { "not within 60 s: $what" }
                Thread.sleep(20)
            }
        }
    }
}

package dev.uring.bench.redis

import dev.uring.bench.BenchSession
import dev.uring.bench.cache.CacheServer
import dev.uring.bench.cache.RespProbe
import dev.uring.bench.process.ChildFailure
import dev.uring.bench.process.ControlledProcess
import dev.uring.bench.process.ProcessPool
import java.io.IOException
import java.net.InetAddress
import java.net.ServerSocket
import kotlin.time.Duration.Companion.seconds

/** The server that all clients of a bench ask. */
interface CachePeer {
    val port: Int
    val pid: Long

    /** Gives every key its value of [valueBytes] bytes, if it has another one. */
    fun fill(valueBytes: Int)
}

/** The redis-server that all clients ask, on the CPU that is not measured; its pool ends it. */
class RedisPeer private constructor(
    override val port: Int,
    override val pid: Long,
) : CachePeer {
    private var filledBytes = 0

    override fun fill(valueBytes: Int) {
        if (filledBytes == valueBytes) return
        val value = String(RedisLoad.valueOf(valueBytes), Charsets.ISO_8859_1)
        RespProbe(port).use { probe -> RedisLoad.KEYS.forEach { probe.call("SET", it, value) } }
        filledBytes = valueBytes
    }

    companion object {
        private val START_LIMIT = 30.seconds
        private const val POLL_MILLIS = 20L

        fun start(session: BenchSession): RedisPeer {
            val program = CacheServer.requireRedis("redis-server")
            val port = ServerSocket(0, 1, InetAddress.getLoopbackAddress()).use { it.localPort }
            val options = listOf("--port", "$port", "--bind", "127.0.0.1", "--save", "", "--io-threads", "1")
            val command = ProcessPool.leashed(session.placement.onClientCpu(listOf("$program") + options))
            val child = session.pool.start("redis-server", command)
            val pid = child.receive(ControlledProcess.PREFIX + "PID ", START_LIMIT).toLong()
            awaitPong(port)
            return RedisPeer(port, pid)
        }

        private fun awaitPong(port: Int) {
            val deadline = System.nanoTime() + START_LIMIT.inWholeNanoseconds
            while (true) {
                try {
                    if (RespProbe(port).use { it.call("PING") } == "PONG") return
                } catch (problem: IOException) {
                    if (System.nanoTime() > deadline) throw ChildFailure("redis-server: no answer on $port: $problem")
                }
                // Nothing tells when a foreign program listens: asked again, bounded by the deadline.
                Thread.sleep(POLL_MILLIS)
            }
        }
    }
}

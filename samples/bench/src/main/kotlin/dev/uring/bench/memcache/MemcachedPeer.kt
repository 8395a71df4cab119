package dev.uring.bench.memcache

import dev.uring.bench.BenchSession
import dev.uring.bench.BenchUnusable
import dev.uring.bench.process.ChildFailure
import dev.uring.bench.process.ControlledProcess
import dev.uring.bench.process.ProcessPool
import dev.uring.bench.process.findOnPath
import dev.uring.bench.redis.CachePeer
import dev.uring.bench.redis.RedisLoad
import java.io.IOException
import java.net.InetAddress
import java.net.ServerSocket
import java.net.Socket
import kotlin.time.Duration.Companion.seconds

/** The memcached that all clients ask, on the CPU that is not measured; its pool ends it. */
class MemcachedPeer private constructor(
    override val port: Int,
    override val pid: Long,
) : CachePeer {
    private var filledBytes = 0

    override fun fill(valueBytes: Int) {
        if (filledBytes == valueBytes) return
        val value = RedisLoad.valueOf(valueBytes)
        Socket(InetAddress.getLoopbackAddress(), port).use { socket ->
            val out = socket.getOutputStream().buffered()
            val answers = socket.getInputStream().bufferedReader(Charsets.ISO_8859_1)
            for (key in RedisLoad.KEYS.take(RedisLoad.keysCount(valueBytes))) {
                out.write("set $key 0 0 $valueBytes\r\n".toByteArray())
                out.write(value)
                out.write("\r\n".toByteArray())
                out.flush()
                val answer = answers.readLine()
                if (answer != "STORED") throw ChildFailure("memcached: set of $valueBytes bytes: $answer")
            }
        }
        filledBytes = valueBytes
    }

    companion object {
        private val START_LIMIT = 30.seconds
        private const val POLL_MILLIS = 20L

        fun start(session: BenchSession): MemcachedPeer {
            val program =
                findOnPath("memcached") ?: throw BenchUnusable(
                    "`memcached` is not on PATH: this bench needs it. Install it (Debian: apt-get install memcached).",
                )
            val port = ServerSocket(0, 1, InetAddress.getLoopbackAddress()).use { it.localPort }
            val user = System.getProperty("user.name")
            val options = "-u $user -p $port -l 127.0.0.1 -t 1 -m 256 -I 2m -c 1024 -R 200".split(' ')
            val command = ProcessPool.leashed(session.placement.onClientCpu(listOf("$program") + options))
            val child = session.pool.start("memcached", command)
            val pid = child.receive(ControlledProcess.PREFIX + "PID ", START_LIMIT).toLong()
            awaitListening(port)
            return MemcachedPeer(port, pid)
        }

        private fun awaitListening(port: Int) {
            val deadline = System.nanoTime() + START_LIMIT.inWholeNanoseconds
            while (true) {
                try {
                    return Socket(InetAddress.getLoopbackAddress(), port).close()
                } catch (problem: IOException) {
                    if (System.nanoTime() > deadline) throw ChildFailure("memcached: no answer on $port: $problem")
                }
                // Nothing tells when a foreign program listens: asked again, bounded by the deadline.
                Thread.sleep(POLL_MILLIS)
            }
        }
    }
}

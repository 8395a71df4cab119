package dev.uring.bench.momento

import dev.uring.bench.BenchSession
import dev.uring.bench.process.ControlledProcess
import dev.uring.bench.process.JavaCommand
import dev.uring.bench.redis.CachePeer
import dev.uring.bench.redis.RedisLoad
import kotlinx.serialization.json.int
import kotlinx.serialization.json.jsonPrimitive

/** The local server that all clients ask, on the CPU that is not measured: in the clear here, and [overTls]. */
class MomentoPeer private constructor(
    private val process: ControlledProcess,
) : CachePeer {
    private val tlsPort =
        process
            .request("STATS")
            .getValue("tlsPort")
            .jsonPrimitive.int
    private var filledBytes = 0
    override val pid: Long = process.child.pid
    override val port: Int =
        process.announcement
            .getValue("port")
            .jsonPrimitive.int

    /** The same server and the same values, by its other port. */
    val overTls: CachePeer =
        object : CachePeer by this {
            override val port get() = tlsPort
        }

    override fun fill(valueBytes: Int) {
        if (filledBytes == valueBytes) return
        val value = RedisLoad.valueOf(valueBytes)
        BlockingConnection(port, isTls = false).use { connection ->
            for (key in RedisLoad.KEYS) connection.set(key, value)
        }
        filledBytes = valueBytes
    }

    companion object {
        fun start(session: BenchSession): MomentoPeer {
            val command = JavaCommand.of("dev.uring.bench.momento.MomentoLocalServer")
            val child = session.pool.start("momento-server", session.placement.onClientCpu(command))
            return MomentoPeer(ControlledProcess(child))
        }
    }
}

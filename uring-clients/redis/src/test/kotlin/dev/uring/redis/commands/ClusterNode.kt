package dev.uring.redis.commands

import dev.uring.redis.RealRedis
import dev.uring.redis.RedisCertificates
import java.net.BindException
import java.net.ServerSocket
import kotlin.random.Random

/** A real redis-server that runs as a node of a cluster, at first of its own alone. */
internal class ClusterNode private constructor(
    val port: Int,
    val busPort: Int,
    options: List<String>,
    isTls: Boolean,
) {
    val redis =
        RealRedis(
            "--cluster-enabled",
            "yes",
            *(if (isTls) tlsOnly(port) else arrayOf("--port", "$port")),
            "--cluster-port",
            "$busPort",
            *options.toTypedArray(),
        )

    companion object {
        private const val ATTEMPTS_MAX = 10

        private fun tlsOnly(port: Int): Array<String> =
            arrayOf("--port", "0", "--tls-cluster", "yes", "--tls-replication", "yes") +
                RedisCertificates.serverOptions(port)

        fun start(
            vararg options: String,
            isTls: Boolean = false,
        ): ClusterNode {
            var taken: IllegalStateException? = null
            repeat(ATTEMPTS_MAX) {
                try {
                    val (port, busPort) = freePorts(2)
                    return ClusterNode(port, busPort, options.asList(), isTls)
                } catch (failure: IllegalStateException) {
                    taken = failure // somebody else took the port since it was found free
                }
            }
            throw checkNotNull(taken)
        }
    }
}

/** A free port below those of outgoing connections, which the kernel hands out and a cluster's nodes have many of. */
internal fun freePort(): Int {
    while (true) {
        val port = Random.nextInt(12_000, 32_000)
        try {
            ServerSocket(port).close()
            return port
        } catch (_: BindException) {
            continue
        }
    }
}

/** [count] of them, no two the same: one that was found free may be found again until its server listens. */
internal fun freePorts(count: Int): List<Int> {
    val ports = LinkedHashSet<Int>()
    while (ports.size < count) ports += freePort()
    return ports.toList()
}

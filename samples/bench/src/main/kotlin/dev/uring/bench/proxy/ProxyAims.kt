package dev.uring.bench.proxy

import dev.uring.bench.echo.EchoWorkload
import dev.uring.bench.report.Aim
import dev.uring.bench.report.Bound.AtLeast
import dev.uring.bench.report.Bound.AtMost
import dev.uring.bench.report.Comparison.BYTES_PER_OP
import dev.uring.bench.report.Comparison.OPS_PER_CPU

/** The budget of a proxy: not copying shall be worth a fifth where copying is most of the work. */
object ProxyAims {
    private const val LARGE_BYTES = 64 * 1024

    /** Measured, it is a sum over a whole round: an object now and then for something else is not one for each request. */
    private const val ZERO_BYTES_PER_OP = 0.1

    private val all = ProxyWorkloads.ALL.map { it.id }.toSet()
    private val large =
        ProxyWorkloads.ALL
            .filter { it.payloadBytes >= LARGE_BYTES }
            .map { it.id }
            .toSet()

    val ALL: List<Aim> =
        listOf(
            Aim(ProxySubject.FORWARD, ProxySubject.COPY, OPS_PER_CPU, large, AtLeast(1.2)),
            Aim(ProxySubject.FORWARD, ProxySubject.COPY, OPS_PER_CPU, all - large, null),
            Aim(ProxySubject.FORWARD, ProxySubject.NGINX, OPS_PER_CPU, all, null),
            Aim(ProxySubject.FORWARD, null, BYTES_PER_OP, all, AtMost(ZERO_BYTES_PER_OP)),
        )
}

/** One operation is one request that goes through the proxy to an echo server, and its reply that comes back. */
object ProxyWorkloads {
    private const val KIB = 1024

    /** In table order. */
    val ALL: List<EchoWorkload> =
        listOf(64 to 64, 16 * KIB to 64, 64 * KIB to 16, 256 * KIB to 8, 1024 * KIB to 8)
            .map { (bytes, connections) -> EchoWorkload(bytes, connections, pipeline = 1) }

    /** What `--quick` measures. */
    val QUICK: List<EchoWorkload> = ALL.filter { it.payloadBytes in setOf(16 * KIB, 64 * KIB) }
}

package dev.uring.bench.udp

import dev.uring.bench.report.Aim
import dev.uring.bench.report.Bound
import dev.uring.bench.report.Bound.AtLeast
import dev.uring.bench.report.Bound.AtMost
import dev.uring.bench.report.Comparison.BYTES_PER_OP
import dev.uring.bench.report.Comparison.OPS_PER_CPU
import dev.uring.bench.udp.UdpSubject.Companion.CALLBACK
import dev.uring.bench.udp.UdpSubject.Companion.C_URING
import dev.uring.bench.udp.UdpSubject.Companion.DSL
import dev.uring.bench.udp.UdpSubject.Companion.JDK
import dev.uring.bench.udp.UdpSubject.Companion.NETTY_EPOLL
import dev.uring.bench.udp.UdpSubject.Companion.NETTY_URING

/** The budget of a UDP echo: a tenth more work for the same CPU than either of Netty's transports, and no garbage. */
object UdpAims {
    private val all = UdpWorkloads.ALL.map { it.id }.toSet()

    // As for TCP: a sum over a whole round.
    private const val ZERO_BYTES_PER_OP = 0.1
    private const val OVER_NETTY = 1.1

    /** Bounds for ours; the others beside the C program are only told. */
    val ALL: List<Aim> =
        listOf(DSL, CALLBACK).flatMap { ours ->
            listOf(NETTY_EPOLL, NETTY_URING).map { cpu(ours, it, AtLeast(OVER_NETTY)) } +
                Aim(ours, null, BYTES_PER_OP, all, AtMost(ZERO_BYTES_PER_OP))
        } + listOf(DSL, CALLBACK, NETTY_EPOLL, NETTY_URING, JDK).map { cpu(it, C_URING, null) }

    private fun cpu(
        subject: String,
        against: String,
        bound: Bound?,
    ) = Aim(subject, against, OPS_PER_CPU, all, bound)
}

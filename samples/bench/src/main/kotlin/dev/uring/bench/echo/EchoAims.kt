package dev.uring.bench.echo

import dev.uring.bench.report.Aim
import dev.uring.bench.report.Bound
import dev.uring.bench.report.Bound.AtLeast
import dev.uring.bench.report.Bound.AtMost
import dev.uring.bench.report.Comparison.BYTES_PER_OP
import dev.uring.bench.report.Comparison.OPS_PER_CPU
import dev.uring.bench.report.Comparison.P99

/**
 * The budget of an echo, as ratios of work for the same CPU.
 *
 * The kernel's TCP is more than nine tenths of an echo, so the C reference leads even the best peer by a fifth at most;
 * the aims lie inside that room.
 */
object EchoAims {
    private const val CALLBACK = "uring-callback"
    private const val SUSPEND = "uring-dsl"
    private const val NIO_CALLBACK = "nio-callback"
    private const val NIO_SUSPEND = "nio-dsl"
    private const val JDK_NIO = "jdk-nio"
    private const val C_URING = "c-uring"
    private const val NETTY_EPOLL = "netty-epoll"
    private const val NETTY_URING = "netty-io_uring"

    private val all = EchoWorkload.ALL.map { it.id }.toSet()
    private val c64 = setOf(EchoWorkload(64, 64, 1).id)
    private val c1000 = setOf(EchoWorkload(64, 1000, 1).id)
    private val kib16 =
        EchoWorkload.ALL
            .filter { it.payloadBytes == 16 * 1024 }
            .map { it.id }
            .toSet()
    private val streams =
        EchoWorkload.ALL
            .filter { it.payloadBytes > 100_000 }
            .map { it.id }
            .toSet()

    /** Measured, it is a sum over a whole round: an object now and then for something else is not one for each request. */
    private const val ZERO_BYTES_PER_OP = 0.1

    private val budget: List<Aim> =
        listOf(
            cpu(CALLBACK, C_URING, all, AtLeast(0.97)),
            cpu(SUSPEND, C_URING, all, AtLeast(0.96)),
            cpu(SUSPEND, NETTY_EPOLL, c64, AtLeast(1.12)),
            cpu(SUSPEND, NETTY_EPOLL, c1000, AtLeast(1.17)),
            cpu(SUSPEND, NETTY_EPOLL, kib16, AtLeast(1.08)),
            cpu(SUSPEND, NETTY_EPOLL, streams, AtLeast(1.05)),
            cpu(SUSPEND, NETTY_URING, c64, AtLeast(1.03)),
            cpu(SUSPEND, NETTY_URING, c1000 + kib16 + streams, AtLeast(1.05)),
            cpu(NIO_CALLBACK, NETTY_EPOLL, c64, AtLeast(1.0)),
            cpu(NIO_SUSPEND, NETTY_EPOLL, c64, AtLeast(1.0)),
            cpu(NIO_CALLBACK, JDK_NIO, c64, AtLeast(0.95)),
            Aim(SUSPEND, NETTY_EPOLL, P99, c64, AtMost(0.67)),
            Aim(CALLBACK, null, BYTES_PER_OP, all, AtMost(ZERO_BYTES_PER_OP)),
            Aim(SUSPEND, null, BYTES_PER_OP, all, AtMost(ZERO_BYTES_PER_OP)),
            Aim(NIO_CALLBACK, null, BYTES_PER_OP, c64, AtMost(ZERO_BYTES_PER_OP)),
        )

    /** Told beside the aims, to see the room there is: everything against the C reference. */
    val ALL: List<Aim> =
        budget +
            EchoSubject.ALL
                .map { it.name }
                .filter { it != C_URING && it != CALLBACK && it != SUSPEND }
                .map { cpu(it, C_URING, all, null) }

    private fun cpu(
        subject: String,
        against: String,
        workloads: Set<String>,
        bound: Bound?,
    ) = Aim(subject, against, OPS_PER_CPU, workloads, bound)
}

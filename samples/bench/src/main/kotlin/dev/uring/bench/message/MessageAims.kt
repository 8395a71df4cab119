package dev.uring.bench.message

import dev.uring.bench.report.Aim
import dev.uring.bench.report.Bound
import dev.uring.bench.report.Comparison

/** What bench `message` compares. */
object MessageAims {
    private val everywhere = MessageWorkload.ALL.map { it.id }.toSet()
    private val roundTrips =
        MessageWorkload.ALL
            .filter { it.isRoundTrip }
            .map { it.id }
            .toSet()
    private val smallStreams =
        MessageWorkload.ALL
            .filter { !it.isRoundTrip && it.bodyBytes == 64 && !it.isUnix }
            .map { it.id }
            .toSet()

    val ALL: List<Aim> =
        listOf(
            aim(MessageLibrary.RAW_ECHO, Comparison.P50, Bound.AtMost(1.1), roundTrips),
            // Two million messages a second of one core that has both ends.
            aim(null, Comparison.CPU_NANOS, Bound.AtMost(500.0), smallStreams),
            aim(MessageLibrary.NETTY, Comparison.OPS_PER_CPU, Bound.AtLeast(1.3)),
            aim(MessageLibrary.NETTY, Comparison.P99, null, roundTrips),
            aim(MessageLibrary.JEROMQ, Comparison.OPS_PER_CPU, null),
            aim(MessageLibrary.AERON_UDP, Comparison.OPS_PER_CPU, null),
            aim(MessageLibrary.AERON_IPC, Comparison.OPS_PER_CPU, null),
            aim(MessageLibrary.BASELINE, Comparison.OPS_PER_CPU, null),
            // Below one byte is what a round itself makes, not its messages.
            aim(null, Comparison.BYTES_PER_OP, Bound.AtMost(1.0)),
        )

    private fun aim(
        against: MessageLibrary?,
        comparison: Comparison,
        bound: Bound?,
        workloads: Set<String> = everywhere,
    ) = Aim(MessageLibrary.URING.subject, against?.subject, comparison, workloads, bound)
}

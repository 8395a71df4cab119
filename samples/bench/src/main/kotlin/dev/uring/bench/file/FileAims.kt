package dev.uring.bench.file

import dev.uring.bench.report.Aim
import dev.uring.bench.report.Bound
import dev.uring.bench.report.Bound.AtLeast
import dev.uring.bench.report.Bound.AtMost
import dev.uring.bench.report.Comparison

/** The budget of a read, as ratios of work for the same CPU. */
object FileAims {
    private const val CALLBACK = "uring-callback"
    private const val SUSPEND = "uring-dsl"
    private const val C_URING = "c-uring"
    private const val CHANNEL = "file-channel"
    private const val ASYNC_CHANNEL = "async-file-channel"

    private val allDepths = FileWorkload.ALL.map { it.id }.toSet()
    private val flooded = setOf(FileWorkload(FileControl.DEPTH_MAX).id)

    val ALL: List<Aim> =
        listOf(
            cpu(CALLBACK, C_URING, allDepths, AtLeast(0.9)),
            cpu(SUSPEND, C_URING, allDepths, AtLeast(0.9)),
            cpu(CALLBACK, CHANNEL, flooded, AtLeast(2.4)),
            cpu(SUSPEND, CHANNEL, flooded, AtLeast(2.4)),
            cpu(CALLBACK, ASYNC_CHANNEL, flooded, AtLeast(3.0)),
            cpu(SUSPEND, ASYNC_CHANNEL, flooded, AtLeast(3.0)),
            // What a run costs by itself is spread over few reads at depth 1: the flood says what a read allocates.
            Aim(CALLBACK, null, Comparison.BYTES_PER_OP, flooded, AtMost(0.1)),
            Aim(SUSPEND, null, Comparison.BYTES_PER_OP, flooded, AtMost(0.1)),
            cpu(CALLBACK, CHANNEL, allDepths - flooded, null),
            cpu(CALLBACK, ASYNC_CHANNEL, allDepths - flooded, null),
        )

    private fun cpu(
        subject: String,
        against: String,
        workloads: Set<String>,
        bound: Bound?,
    ) = Aim(subject, against, Comparison.OPS_PER_CPU, workloads, bound)
}

package dev.uring.testing

import com.sun.management.ThreadMXBean
import java.lang.management.ManagementFactory

@PublishedApi
internal const val ALLOCATION_ROUNDS_MAX: Int = 30

@PublishedApi
internal val allocationMeter: ThreadMXBean = ManagementFactory.getThreadMXBean() as ThreadMXBean

/**
 * Bytes that the calling thread allocates for each of the [units] units of [work], in whole bytes: the least of up to 30
 * rounds, of which the first with fewer than [goal] is the last.
 *
 * When the optimizer is done is its own business, and takes longer on a busy machine; what the code itself allocates is there
 * in every round. Whole bytes, because a call of the meter itself may add a little.
 */
public inline fun leastAllocatedBytes(
    units: Int,
    goal: Long = 1,
    work: () -> Unit,
): Long {
    var least = Long.MAX_VALUE
    var rounds = 0
    while (least >= goal && rounds++ < ALLOCATION_ROUNDS_MAX) {
        val before = allocationMeter.currentThreadAllocatedBytes
        work()
        least = minOf(least, (allocationMeter.currentThreadAllocatedBytes - before) / units)
    }
    return least
}

/** As [leastAllocatedBytes], of [units] calls of [unit]. */
public inline fun leastAllocatedBytesOfEach(
    units: Int = 20_000,
    goal: Long = 1,
    unit: () -> Unit,
): Long = leastAllocatedBytes(units, goal) { repeat(units) { unit() } }

package dev.uring.dsl

import dev.uring.base.TimeSource
import kotlinx.coroutines.delay
import kotlin.time.Duration
import kotlin.time.Duration.Companion.nanoseconds

/**
 * Runs [block] every [period], first after one period, until the coroutine is cancelled.
 *
 * ### Shapes and units
 * The moments are fixed at the call: one period after it, two periods, and so on. A [block] that takes long, or a busy
 * worker, does not move those that follow, so there is no drift; moments that pass meanwhile are left out and not made
 * up for. A block that takes longer than [period] therefore runs at every second moment, say, and never twice at once.
 * ### Threading and cancellation
 * On the caller's dispatcher; on a worker the waits are timers of its wheel. Cancellation ends it at the next wait.
 * ### Errors
 * Those of [block], which end it. `IllegalArgumentException` [period] is not positive.
 *
 * @sample samples.dsl.heartbeat
 */
public suspend fun every(
    period: Duration,
    block: suspend () -> Unit,
): Nothing {
    require(period.isPositive() && period.isFinite()) { "period=$period must be positive and finite" }
    val periodNanos = period.inWholeNanoseconds.coerceAtLeast(1)
    val clock = TimeSource.present()
    var nextNanos = clock.nanoTime() + periodNanos
    while (true) {
        delay((nextNanos - clock.nanoTime()).coerceAtLeast(1).nanoseconds)
        block()
        nextNanos += periodNanos
        val lateNanos = clock.nanoTime() - nextNanos
        if (lateNanos >= 0) nextNanos += (lateNanos / periodNanos + 1) * periodNanos
    }
}

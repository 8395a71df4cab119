package dev.uring.dsl

import dev.uring.base.Deadline
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.withTimeout
import kotlinx.coroutines.withTimeoutOrNull
import kotlin.time.Duration
import kotlin.time.Duration.Companion.nanoseconds

/** How long it is until this moment: zero when it has passed, infinite for [Deadline.NEVER]. */
public val Deadline.timeLeft: Duration
    get() = if (this == Deadline.NEVER) Duration.INFINITE else remainingNanos().nanoseconds

/**
 * Runs [block] and cancels it when [deadline] passes.
 *
 * ### Shapes and units
 * A deadline is handed down unchanged: steps that follow one another share it, where each `withTimeout` would begin
 * anew. Never early, and at most 2 ms late on an idle worker: kotlinx.coroutines counts timeouts in whole milliseconds.
 * ### Threading and cancellation
 * On a worker the timer is one of the worker's wheel. [block] is cancelled at its next suspension.
 * ### Errors
 * `TimeoutCancellationException` the deadline has passed, also when it had before the call.
 *
 * @sample samples.dsl.withinDeadline
 */
public suspend fun <T> withDeadline(
    deadline: Deadline,
    block: suspend CoroutineScope.() -> T,
): T = if (deadline == Deadline.NEVER) coroutineScope(block) else withTimeout(deadline.timeLeft, block)

/** [withDeadline] that returns null instead of throwing when [deadline] passes. */
public suspend fun <T> withDeadlineOrNull(
    deadline: Deadline,
    block: suspend CoroutineScope.() -> T,
): T? = if (deadline == Deadline.NEVER) coroutineScope(block) else withTimeoutOrNull(deadline.timeLeft, block)

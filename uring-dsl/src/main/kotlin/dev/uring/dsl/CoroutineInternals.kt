package dev.uring.dsl

import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.CompletionHandler
import kotlinx.coroutines.DisposableHandle
import kotlinx.coroutines.InternalCoroutinesApi
import kotlinx.coroutines.Job
import kotlinx.coroutines.ThreadContextElement
import kotlin.coroutines.CoroutineContext

/**
 * Calls [handler] once, when this job begins to be cancelled, or completes, or at once if it did so already.
 *
 * This is the one place that uses `Job.invokeOnCompletion(onCancelling, …)`, which kotlinx.coroutines calls internal
 * but keeps for compatibility. The public overload speaks only when the job is *complete*: a coroutine waiting for
 * bytes would never hear of its own cancellation. `suspendCancellableCoroutine` hears of it, but allocates on every
 * wait; a child job or a watching coroutine hears of it, but keeps its parent from completing.
 *
 * Thread: the handler runs on whichever thread cancels. It must be quick and must not throw.
 */
@OptIn(InternalCoroutinesApi::class)
internal fun Job.onCancellationOrCompletion(handler: CompletionHandler): DisposableHandle =
    invokeOnCompletion(onCancelling = true, invokeImmediately = true, handler = handler)

/** Why this job, which is no longer active, was cancelled: the exception that a suspension in it throws. */
@OptIn(InternalCoroutinesApi::class)
internal fun Job.cancellation(): CancellationException = getCancellationException()

internal fun CoroutineContext.hasThreadContextElements(): Boolean =
    fold(false) { found, element -> found || element is ThreadContextElement<*> }

package dev.uring.dsl

import dev.uring.worker.Worker
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.CompletionHandler
import kotlinx.coroutines.DisposableHandle
import kotlinx.coroutines.Job
import kotlin.coroutines.ContinuationInterceptor
import kotlin.coroutines.CoroutineContext

/** For the clients of this project, which wait in slots of their own: may change in any release. */
@RequiresOptIn("For Uring's own clients; may change in any release.", RequiresOptIn.Level.ERROR)
@Retention(AnnotationRetention.BINARY)
@Target(AnnotationTarget.FUNCTION, AnnotationTarget.CLASS, AnnotationTarget.PROPERTY)
public annotation class InternalUringApi

/**
 * Whether a coroutine of [context] may be resumed right on this worker's loop, without dispatch.
 *
 * Resuming without the interceptor skips whatever a foreign dispatcher (or a `limitedParallelism` view of ours) promises,
 * skips the installation of thread context elements, and takes time that is not on a scheduling group's account.
 */
@InternalUringApi
public fun Worker.resumesInline(context: CoroutineContext): Boolean {
    val dispatcher = context[ContinuationInterceptor] as? WorkerDispatcher ?: return false
    return dispatcher.worker === this && context[GroupElement] == null && !context.hasThreadContextElements()
}

/** Calls [handler] once, on whichever thread, when this job begins to be cancelled or completes, or at once if it did. */
@InternalUringApi
public fun Job.onCancelling(handler: CompletionHandler): DisposableHandle = onCancellationOrCompletion(handler)

/** Why this job, which is no longer active, was cancelled: the exception that a suspension in it throws. */
@InternalUringApi
public fun Job.cancellationException(): CancellationException = cancellation()

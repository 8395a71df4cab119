@file:OptIn(InternalUringApi::class)

package dev.uring.client

import dev.uring.client.jfr.CommandEvent
import dev.uring.dsl.InternalUringApi
import dev.uring.dsl.cancellationException
import dev.uring.dsl.onCancelling
import dev.uring.dsl.resumesInline
import kotlinx.coroutines.CompletionHandler
import kotlinx.coroutines.DisposableHandle
import kotlinx.coroutines.Job
import kotlin.coroutines.Continuation
import kotlin.coroutines.CoroutineContext
import kotlin.coroutines.intrinsics.COROUTINE_SUSPENDED
import kotlin.coroutines.intrinsics.intercepted
import kotlin.coroutines.resume
import kotlin.coroutines.resumeWithException

/**
 * A request that a coroutine waits for.
 *
 * A wait allocates nothing: the bare continuation is kept, and the coroutine's [Job] is listened to once per (request,
 * context) pair, not once per wait. A coroutine that sends one request after the other gets the same object each time if it
 * is kept in a [RequestPool].
 *
 * Thread: everything but [invoke] runs on the worker.
 */
public abstract class SuspendedRequest<R>(
    private val onSide: WorkerSide<R>,
) : Request<R>(),
    CompletionHandler,
    Runnable {
    private var waiter: Continuation<Any?>? = null
    private var job: Job? = null
    private var cancellationNotice: DisposableHandle? = null
    private var resumesInline = false

    // Set from any thread; asked instead of the job, whose state is two more objects to fetch for each wait.
    @Volatile
    private var mayBeCancelled = false

    /** Whose coroutine waited last. */
    public var context: CoroutineContext? = null
        private set

    /** Suspends [continuation] until [resume] or [fail]; throws at once when its job is cancelled already. */
    protected fun park(continuation: Continuation<Any?>): Any {
        if (continuation.context !== context) bind(continuation.context)
        if (mayBeCancelled) throwIfCancelled()
        waiter = if (resumesInline) continuation else continuation.intercepted()
        return COROUTINE_SUSPENDED
    }

    /** Takes back a [park] that was in vain. */
    protected fun unpark() {
        waiter = null
    }

    /** Continues the coroutine; the last thing that is done with this object, for the coroutine may use it again. */
    protected fun resume(value: Any?) {
        val waiting = waiter ?: return
        waiter = null
        waiting.resume(value)
    }

    /** As [resume]. */
    protected fun fail(cause: Throwable) {
        val waiting = waiter ?: return
        waiter = null
        waiting.resumeWithException(cause)
    }

    /** It is in nobody's hands any more: calls [WorkerSide.ended], and lets go of what it holds. */
    protected abstract fun giveBack()

    final override fun failed(cause: Throwable) {
        giveBack()
        fail(cause)
    }

    final override fun drained(): Unit = giveBack()

    final override fun expired(cause: Exception) {
        onSide.counters.timeouts++
        // One that its protocol took back has been given back already.
        if (!isSent && link != null) giveBack()
        fail(cause)
    }

    /** The bound job was cancelled or is complete. Thread: any; so it only asks the worker to look. */
    final override fun invoke(cause: Throwable?) {
        mayBeCancelled = true
        onSide.executeUnlessStopped(this)
    }

    /** Looks whether the job was cancelled. */
    final override fun run() {
        val bound = job ?: return
        // The notice may be about a coroutine that left this object to another one in the meantime.
        if (bound.isActive) return
        unbind()
        if (waiter == null) return
        onSide.counters.cancellations++
        endRecord(CommandEvent.CANCELLED)
        if (isSent) {
            link?.gaveUp(this)
        } else {
            queue?.remove(this)
            giveBack()
        }
        fail(bound.cancellationException())
    }

    private fun throwIfCancelled() {
        // Reset first: a cancellation that comes now sets it again, or is seen by the question below.
        mayBeCancelled = false
        val bound = job ?: return
        if (!bound.isActive) {
            mayBeCancelled = true
            throw bound.cancellationException()
        }
    }

    private fun bind(newContext: CoroutineContext) {
        unbind()
        mayBeCancelled = false
        context = newContext
        resumesInline = onSide.worker.resumesInline(newContext)
        job = newContext[Job]
        // Called at once when the job is cancelled already.
        cancellationNotice = job?.onCancelling(this)
    }

    // Does not hold on to a coroutine that is over.
    private fun unbind() {
        cancellationNotice?.dispose()
        cancellationNotice = null
        context = null
        job = null
    }
}

@file:OptIn(InternalUringApi::class)

package dev.uring.message

import dev.uring.dsl.InternalUringApi
import dev.uring.dsl.cancellationException
import dev.uring.dsl.onCancelling
import dev.uring.dsl.resumesInline
import dev.uring.worker.Timer
import dev.uring.worker.Worker
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
 * A place where one coroutine at a time waits for a value, with or without a time limit. A wait allocates nothing: the
 * bare continuation is kept, and the coroutine's job is listened to once for each context and not for each wait.
 *
 * Thread: everything but [invoke] runs on the worker.
 */
internal abstract class ValueSlot<T>(
    private val worker: Worker,
) : Timer(),
    CompletionHandler,
    Runnable {
    private var waiter: Continuation<T>? = null
    private var job: Job? = null
    private var notice: DisposableHandle? = null
    private var resumesInline = false

    // Set from any thread; asked instead of the job, whose state is two more objects to fetch for each wait.
    @Volatile
    private var mayBeCancelled = false

    /** Whose coroutine waited last. */
    var context: CoroutineContext? = null
        private set

    val isOccupied: Boolean get() = waiter != null

    /** Suspends [continuation]; throws at once when its job is cancelled already. */
    fun park(
        continuation: Continuation<T>,
        timeoutNanos: Long,
    ): Any {
        if (continuation.context !== context) bind(continuation.context)
        if (mayBeCancelled) throwIfCancelled()
        waiter = if (resumesInline) continuation else continuation.intercepted()
        if (timeoutNanos != FOREVER) worker.arm(this, timeoutNanos)
        return COROUTINE_SUSPENDED
    }

    /** Only from the loop's top level. The last thing that is done with this object: the coroutine may use it again. */
    fun resume(value: T) {
        val waiting = take() ?: return
        waiting.resume(value)
    }

    /** As [resume]. */
    fun fail(cause: Throwable) {
        val waiting = take() ?: return
        waiting.resumeWithException(cause)
    }

    /** The coroutine was cancelled and is about to hear of it. */
    protected abstract fun cancelled()

    /** Its time is over: calls [resume] or [fail]. */
    protected abstract fun expired()

    final override fun fire() = expired()

    final override fun invoke(cause: Throwable?) {
        mayBeCancelled = true
        worker.tryExecute(this)
    }

    final override fun run() {
        val bound = job ?: return
        // The notice may be about a coroutine that left this slot to another one in the meantime.
        if (bound.isActive) return
        unbind()
        if (waiter == null) return
        cancelled()
        fail(bound.cancellationException())
    }

    private fun take(): Continuation<T>? {
        if (isArmed) worker.disarm(this)
        val waiting = waiter
        waiter = null
        return waiting
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
        resumesInline = worker.resumesInline(newContext)
        job = newContext[Job]
        notice = job?.onCancelling(this)
    }

    private fun unbind() {
        notice?.dispose()
        notice = null
        context = null
        job = null
    }

    companion object {
        const val FOREVER = Long.MAX_VALUE
    }
}

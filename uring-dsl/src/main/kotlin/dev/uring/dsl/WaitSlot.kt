package dev.uring.dsl

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
 * The place where one coroutine at a time waits for its connection: one slot per direction.
 *
 * A wait allocates nothing: the slot keeps the bare continuation, and it listens to the coroutine's [Job] once per
 * (slot, context) pair, not once per wait. The obvious `suspendCancellableCoroutine` costs 80–216 bytes a wait.
 *
 * Invariant: [waiter] is non-null only between a [park] and the one resume that answers it.
 * Thread: everything but [invoke] runs on the connection's worker.
 */
@OptIn(InternalUringApi::class)
internal class WaitSlot(
    private val worker: Worker,
) : CompletionHandler,
    Runnable {
    private var waiter: Continuation<Unit>? = null
    private var boundContext: CoroutineContext? = null
    private var boundJob: Job? = null
    private var cancellationNotice: DisposableHandle? = null
    private var resumesInline = false

    // Set from any thread. Asked instead of the job, whose state is two more objects to fetch for each wait, and with a
    // thousand connections none of them is in a cache.
    @Volatile
    private var mayBeCancelled = false

    val isOccupied: Boolean get() = waiter != null

    /** Suspends [continuation] here; throws at once when its job is cancelled already. The slot must be free. */
    fun park(continuation: Continuation<Unit>): Any {
        val context = continuation.context
        if (context !== boundContext) bind(context)
        if (mayBeCancelled) throwIfCancelled()
        waiter = if (resumesInline) continuation else continuation.intercepted()
        return COROUTINE_SUSPENDED
    }

    /**
     * Continues the waiting coroutine, if there is one. Only from the loop's top level (a connection event, a timer, a
     * task): a coroutine resumed from inside another one would grow the stack with every link of such a chain.
     */
    fun resume() {
        val waiting = waiter ?: return
        waiter = null
        waiting.resume(Unit)
    }

    fun fail(cause: Throwable) {
        val waiting = waiter ?: return
        waiter = null
        waiting.resumeWithException(cause)
    }

    /** Forgets the coroutine that waited here last, so that a closed connection does not hold on to it. */
    fun unbind() {
        cancellationNotice?.dispose()
        cancellationNotice = null
        boundContext = null
        boundJob = null
    }

    /** The bound job was cancelled or is complete. Thread: any; so it only asks the worker to look. */
    override fun invoke(cause: Throwable?) {
        mayBeCancelled = true
        worker.executeUnlessStopped(this)
    }

    override fun run() {
        val job = boundJob ?: return
        // The notice may be about a coroutine that left this slot to another one in the meantime.
        if (job.isActive) return
        unbind()
        fail(job.cancellation())
    }

    private fun throwIfCancelled() {
        // Reset first: a cancellation that comes now sets it again, or is seen by the question below.
        mayBeCancelled = false
        val job = boundJob ?: return
        if (!job.isActive) {
            mayBeCancelled = true
            throw job.cancellation()
        }
        // It was a late notice about the coroutine that was here before.
    }

    private fun bind(context: CoroutineContext) {
        unbind()
        mayBeCancelled = false
        val job = context[Job]
        boundContext = context
        boundJob = job
        resumesInline = worker.resumesInline(context)
        // Called at once when the job is cancelled already.
        cancellationNotice = job?.onCancellationOrCompletion(this)
    }
}

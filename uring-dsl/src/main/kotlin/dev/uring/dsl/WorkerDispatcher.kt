@file:OptIn(InternalCoroutinesApi::class, ExperimentalCoroutinesApi::class)

package dev.uring.dsl

import dev.uring.worker.Timer
import dev.uring.worker.Worker
import kotlinx.coroutines.CancellableContinuation
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.CompletionHandler
import kotlinx.coroutines.CoroutineDispatcher
import kotlinx.coroutines.Delay
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.DisposableHandle
import kotlinx.coroutines.ExperimentalCoroutinesApi
import kotlinx.coroutines.InternalCoroutinesApi
import kotlinx.coroutines.cancel
import java.util.concurrent.CompletableFuture
import java.util.concurrent.RejectedExecutionException
import java.util.concurrent.TimeUnit
import kotlin.coroutines.CoroutineContext
import kotlin.coroutines.resume

/**
 * The dispatcher that runs coroutines on this worker and times their `delay` and `withTimeout` on its timer wheel.
 *
 * ### Shapes and units
 * Two dispatchers of one worker are equal, so `withContext` between them does not dispatch.
 * ### Threading and cancellation
 * A dispatch from the worker itself is a push on its run queue; from elsewhere it goes through the worker's mailbox and
 * wakes it. A dispatched block never runs before the running one has returned.
 * ### Errors
 * After the worker has stopped a dispatch cancels the coroutine's job and runs the rest of it, usually its `finally`
 * blocks, on [Dispatchers.IO]: the rule that kotlinx.coroutines keeps for closed executors.
 */
public val Worker.dispatcher: CoroutineDispatcher get() = WorkerDispatcher(this)

/**
 * Runs [task] on the worker. A stopped worker has closed its connections, so there is nothing left for [task] to do.
 */
internal fun Worker.executeUnlessStopped(task: Runnable) {
    try {
        execute(task)
    } catch (_: RejectedExecutionException) {
        return
    }
}

/**
 * [Delay] is internal API of kotlinx.coroutines: without it `delay` would run on the default executor's thread and come
 * back through the mailbox. Everything that touches it is in this file.
 */
internal class WorkerDispatcher(
    val worker: Worker,
) : CoroutineDispatcher(),
    Delay {
    override fun dispatch(
        context: CoroutineContext,
        block: Runnable,
    ) {
        try {
            val grouped = context[GroupElement]
            if (grouped == null) worker.execute(block) else worker.execute(grouped.group, block)
        } catch (rejection: RejectedExecutionException) {
            context.cancelAfterStop(rejection)
            Dispatchers.IO.dispatch(context, block)
        }
    }

    override fun scheduleResumeAfterDelay(
        timeMillis: Long,
        continuation: CancellableContinuation<Unit>,
    ) {
        val timer = ResumeTimer(this, continuation)
        if (schedule(timer, timeMillis, continuation.context)) {
            continuation.invokeOnCancellation(handler = timer)
        }
    }

    override fun invokeOnTimeout(
        timeMillis: Long,
        block: Runnable,
        context: CoroutineContext,
    ): DisposableHandle = TaskTimer(worker, block).also { schedule(it, timeMillis, context) }

    private fun schedule(
        timer: WheelTimer,
        timeMillis: Long,
        context: CoroutineContext,
    ): Boolean =
        try {
            timer.start(timeMillis)
            true
        } catch (rejection: RejectedExecutionException) {
            context.cancelAfterStop(rejection)
            // What may not be cancelled still has to go on after its time: the JDK's own delay thread hands it to IO.
            CompletableFuture
                .delayedExecutor(timeMillis, TimeUnit.MILLISECONDS) { Dispatchers.IO.dispatch(context, it) }
                .execute(timer::expire)
            false
        }

    private fun CoroutineContext.cancelAfterStop(rejection: RejectedExecutionException) =
        cancel(CancellationException("worker ${worker.index()} has stopped", rejection))

    override fun equals(other: Any?): Boolean = other is WorkerDispatcher && other.worker === worker

    override fun hashCode(): Int = System.identityHashCode(worker)

    override fun toString(): String = "WorkerDispatcher(${worker.index()})"
}

/** A wheel node that can be started and stopped from any thread; the wheel itself is touched only by its worker. */
private abstract class WheelTimer(
    private val worker: Worker,
) : Timer(),
    DisposableHandle,
    CompletionHandler {
    // Owner: the worker's thread. Set when disposal overtakes a start that came from another thread.
    private var isDisposed = false

    abstract fun expire()

    override fun fire() = expire()

    fun start(timeMillis: Long) {
        val delayNanos = TimeUnit.MILLISECONDS.toNanos(timeMillis)
        if (worker.isCurrent) {
            worker.arm(this, delayNanos)
            return
        }
        val calledNanos = worker.clockNanos()
        worker.execute {
            val passedNanos = worker.clockNanos() - calledNanos
            if (!isDisposed) worker.arm(this, (delayNanos - passedNanos).coerceAtLeast(0))
        }
    }

    override fun dispose() {
        if (worker.isCurrent) disarm() else worker.executeUnlessStopped(::disarm)
    }

    override fun invoke(cause: Throwable?) = dispose()

    private fun disarm() {
        isDisposed = true
        worker.disarm(this)
    }
}

private class ResumeTimer(
    private val dispatcher: WorkerDispatcher,
    private val continuation: CancellableContinuation<Unit>,
) : WheelTimer(dispatcher.worker) {
    override fun expire() {
        // A group's coroutine waits for its group's turn.
        if (continuation.context[GroupElement] != null) return continuation.resume(Unit)
        with(continuation) { dispatcher.resumeUndispatched(Unit) }
    }
}

private class TaskTimer(
    worker: Worker,
    private val task: Runnable,
) : WheelTimer(worker) {
    override fun expire() = task.run()
}

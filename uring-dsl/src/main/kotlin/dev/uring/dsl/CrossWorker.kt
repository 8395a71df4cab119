package dev.uring.dsl

import dev.uring.UringRuntime
import dev.uring.worker.Worker
import kotlinx.coroutines.async
import kotlinx.coroutines.awaitAll
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.withContext
import kotlin.coroutines.ContinuationInterceptor
import kotlin.coroutines.coroutineContext

/**
 * Runs [block] on worker [index] and returns what it returns, on the caller's worker again.
 *
 * ### Shapes and units
 * On that worker already: a plain call, without dispatch. Otherwise two hops through mailboxes and a few hundred bytes;
 * library code that crosses workers per message uses [Worker.execute] with a task of its own that it reuses.
 * ### Threading and cancellation
 * [block] may touch what worker [index] owns and nothing that the caller's worker owns, connections above all.
 * Cancelling the caller cancels [block].
 * ### Errors
 * [block]'s own. `IndexOutOfBoundsException` there is no such worker.
 *
 * @sample samples.dsl.askOwner
 */
public suspend fun <T> UringRuntime.onWorker(
    index: Int,
    block: suspend () -> T,
): T {
    val worker = worker(index)
    return if (worker.isCurrent && isDispatchedTo(worker)) block() else withContext(worker.dispatcher) { block() }
}

/** Runs [block] on worker [index]: [UringRuntime.onWorker] of this scope's runtime. */
public suspend fun <T> UringScope.onWorker(
    index: Int,
    block: suspend () -> T,
): T = runtime.onWorker(index, block)

/**
 * Runs [block] on every worker at once, with the worker's index, and returns the results in the workers' order.
 *
 * ### Threading and cancellation
 * As in [onWorker]. The first failure cancels the others and is thrown.
 *
 * @sample samples.dsl.askAll
 */
public suspend fun <T> UringRuntime.onEachWorker(block: suspend (index: Int) -> T): List<T> =
    coroutineScope {
        List(workersCount()) { index -> async(worker(index).dispatcher) { block(index) } }.awaitAll()
    }

/** Runs [block] on every worker at once: [UringRuntime.onEachWorker] of this scope's runtime. */
public suspend fun <T> UringScope.onEachWorker(block: suspend (index: Int) -> T): List<T> = runtime.onEachWorker(block)

// Being on the thread is not enough: under a foreign dispatcher the block would leave it at its first suspension.
private suspend inline fun isDispatchedTo(worker: Worker): Boolean =
    (coroutineContext[ContinuationInterceptor] as? WorkerDispatcher)?.worker === worker

package dev.uring.dsl

import dev.uring.BlockingPool
import dev.uring.UringRuntime
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.CoroutineDispatcher
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.cancel
import kotlinx.coroutines.runInterruptible
import java.util.concurrent.RejectedExecutionException
import kotlin.coroutines.CoroutineContext

/**
 * Runs [block], which may block, on a thread beside the workers, and returns what it returns on the caller's worker.
 *
 * ### Shapes and units
 * At most `blockingThreadsMax` such blocks run at a time in the whole runtime; the others wait, suspended, in their
 * order. Two hops between threads, about 10 µs: for what blocks, not for what computes for a microsecond.
 * ### Ownership
 * [block] must not touch what a worker owns: no connection, no file, no view.
 * ### Threading and cancellation
 * Cancelling interrupts the thread and waits until [block] has ended: one that ignores interrupts holds up its caller,
 * and a block that waits for a thread is cancelled when its turn comes.
 * ### Errors
 * [block]'s own. `CancellationException` after the runtime has stopped.
 *
 * @sample samples.dsl.lookUp
 */
public suspend fun <T> UringRuntime.withBlocking(block: () -> T): T =
    runInterruptible(BlockingDispatcher(blocking()), block)

/** Runs [block] beside the workers: [UringRuntime.withBlocking] of this scope's runtime. */
public suspend fun <T> UringScope.withBlocking(block: () -> T): T = runtime.withBlocking(block)

private class BlockingDispatcher(
    private val pool: BlockingPool,
) : CoroutineDispatcher() {
    override fun dispatch(
        context: CoroutineContext,
        block: Runnable,
    ) {
        try {
            pool.executeAwaited(block)
        } catch (rejection: RejectedExecutionException) {
            // As kotlinx.coroutines does for a closed executor: cancelled, and its finally blocks still run.
            context.cancel(CancellationException("the runtime has stopped", rejection))
            Dispatchers.IO.dispatch(context, block)
        }
    }
}

package dev.uring.dsl

import dev.uring.UringRuntime
import dev.uring.worker.Worker

/**
 * One instance of a service per worker, each touched by its worker alone, so that the service needs no lock.
 *
 * ### Shapes and units
 * [T] is any class of one's own: a map, a counter, a cache. An instance is created on its worker, at first use.
 * ### Ownership
 * Holds the instances as long as it is reachable itself; does not close them.
 * ### Threading and cancellation
 * [local] on a worker; [on] and [onEach] from any coroutine.
 *
 * @sample samples.dsl.shardedCounter
 */
public class Sharded<T : Any> internal constructor(
    private val runtime: UringRuntime,
    private val create: (index: Int) -> T,
) {
    // Owner of element i: worker i, the only one that reads or writes it. Hence no volatile and no lock.
    private val instances = arrayOfNulls<Any>(runtime.workersCount())

    /** How many instances there are: one per worker. */
    public val size: Int get() = instances.size

    /**
     * The instance of the worker that this is called on.
     *
     * ### Errors
     * `IllegalStateException` on a thread that is no worker of the runtime.
     */
    public val local: T
        get() {
            val worker = Worker.current()
            check(worker != null && worker.index() < size && runtime.worker(worker.index()) === worker) {
                "Sharded.local on thread '${Thread.currentThread().name}', which is no worker of this runtime.\n" +
                    "  Use on(index) { … } or onEach { … } from here."
            }
            return instanceOn(worker.index())
        }

    /** Runs [block] with the instance of worker [index], there; see [onWorker]. */
    public suspend fun <R> on(
        index: Int,
        block: suspend (T) -> R,
    ): R = runtime.onWorker(index) { block(instanceOn(index)) }

    /** Runs [block] with every instance, each on its worker; results in the workers' order. See [onEachWorker]. */
    public suspend fun <R> onEach(block: suspend (T) -> R): List<R> =
        runtime.onEachWorker { index -> block(instanceOn(index)) }

    private fun instanceOn(index: Int): T {
        val instance = instances[index] ?: create(index).also { instances[index] = it }
        // Only create() ever fills the array.
        @Suppress("UNCHECKED_CAST")
        return instance as T
    }
}

/** A service with one instance per worker, made by [create] with the worker's index. See [Sharded]. */
public fun <T : Any> UringScope.sharded(create: (index: Int) -> T): Sharded<T> = Sharded(runtime, create)

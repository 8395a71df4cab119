package dev.uring.client

import dev.uring.UringRuntime
import dev.uring.worker.Worker
import java.util.concurrent.atomic.AtomicInteger

/** The [WorkerSide]s of one client, one on each worker of its runtime. Thread: any. */
public class ClientSides<S : WorkerSide<*>>(
    runtime: UringRuntime,
    make: (Worker) -> S,
) {
    /** All of them, in the order of the workers. */
    public val all: List<S> = List(runtime.workersCount()) { make(runtime.worker(it)) }

    private val placedCount = AtomicInteger()

    /** The side of the worker that this is called on, or null on another thread. */
    public fun here(): S? {
        val worker = Worker.current() ?: return null
        val side = all.getOrNull(worker.index()) ?: return null
        return if (side.worker === worker) side else null
    }

    /** [here], or the sides by turns. */
    public fun place(): S = here() ?: all[Math.floorMod(placedCount.getAndIncrement(), all.size)]

    /** [WorkerSide.close] for each. */
    public fun close(): Unit = all.forEach { it.close() }
}

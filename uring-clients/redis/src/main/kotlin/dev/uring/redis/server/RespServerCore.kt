package dev.uring.redis.server

import dev.uring.redis.codec.RespLimits

/** What all connections of one server share. Nothing here changes once the server listens. */
internal class RespServerCore<S>(
    val commands: CommandTable<RespCommand<S>>,
    val limits: RespLimits,
    private val workers: Workers,
    createShard: () -> S,
) {
    /** The threads that commands run on. */
    interface Workers {
        val count: Int

        /** Runs [task] on [worker]; throws RejectedExecutionException when that has stopped. */
        fun execute(
            worker: Int,
            task: Runnable,
        )

        /** Runs [block] on every worker; results in the workers' order. */
        suspend fun <R> onEach(block: suspend (worker: Int) -> R): List<R>
    }

    private val sides = List(workers.count) { WorkerSide(it, this, createShard) }

    val workersCount: Int get() = workers.count

    /** What belongs to [worker]; only that worker may look inside. */
    fun side(worker: Int): WorkerSide<S> = sides[worker]

    fun execute(
        worker: Int,
        task: Runnable,
    ) = workers.execute(worker, task)

    suspend fun <R> onEachShard(block: suspend (S) -> R): List<R> = workers.onEach { block(side(it).shard) }
}

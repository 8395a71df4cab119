package dev.uring.redis.server

/**
 * What a server has on one worker: its shard, the call that handlers run with, and batches that wait to be used.
 *
 * Owner: worker [index]; nothing here is touched by another thread.
 */
internal class WorkerSide<S>(
    val index: Int,
    val core: RespServerCore<S>,
    private val createShard: () -> S,
) {
    private var created: Any? = NOT_CREATED

    /** Created at first use and not with this object, so that it is created on its worker. */
    val shard: S
        get() {
            if (created === NOT_CREATED) created = createShard()
            @Suppress("UNCHECKED_CAST") // createShard() alone gives it
            return created as S
        }

    // One for all connections of the worker: handlers do not suspend, so they run one after the other.
    val call = RespCall(this)

    private val spareBatches = ArrayDeque<ShardBatch<S>>()

    fun takeBatch(): ShardBatch<S> = spareBatches.removeLastOrNull() ?: ShardBatch()

    fun giveBack(batch: ShardBatch<S>) {
        batch.clear()
        if (spareBatches.size < SPARE_BATCHES_MAX) spareBatches.addLast(batch)
    }

    private companion object {
        val NOT_CREATED = Any()

        // Enough for every connection that can be away at once on a busy worker; each keeps up to 128 KiB.
        const val SPARE_BATCHES_MAX = 256
    }
}

package dev.uring.redis.sharded

import dev.uring.redis.RedisFailure
import dev.uring.redis.cluster.ClusterBatch
import dev.uring.redis.pipeline
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.launch

/** Runs a batch: one pipeline for each server, at the same time, and then by itself what is for several. */
internal class ShardedPipeline(
    private val sharded: RedisSharded<*, *>,
    private val shards: Shards,
) {
    suspend fun run(entries: List<ClusterBatch.Entry<*>>) {
        val groups = entries.groupBy(::indexOf)
        coroutineScope {
            for ((index, group) in groups) if (index >= 0) launch { atServer(index, group) }
        }
        for (entry in groups[Shards.SEVERAL].orEmpty()) entry.executeBy(sharded)
    }

    private fun indexOf(entry: ClusterBatch.Entry<*>): Int {
        val places =
            entry.request
                .keyList()
                .map { shards.indexOf(it) }
                .distinct()
        return if (places.size == 1) places.single() else Shards.SEVERAL
    }

    private suspend fun atServer(
        index: Int,
        group: List<ClusterBatch.Entry<*>>,
    ) {
        try {
            shards.clients[index].pipeline { group.forEach { it.addTo(this) } }
            group.forEach { it.settleWith(shards.config.servers[index].toString()) }
        } catch (failure: RedisFailure) {
            group.forEach { it.fail(failure) }
        }
    }
}

package dev.uring.redis.cluster

import dev.uring.redis.RedisFailure
import dev.uring.redis.pipeline
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.launch

/** Runs a batch: one pipeline for each node, at the same time, and by itself what has to go elsewhere. */
internal class ClusterPipeline(
    private val cluster: RedisCluster<*, *>,
    private val topology: ClusterTopology,
    private val config: ClusterConfig,
) {
    suspend fun run(entries: List<ClusterBatch.Entry<*>>): Unit =
        coroutineScope {
            topology.refreshIfOld()
            val slots = topology.slots
            // One master for all that have no key, so that they stay in their order.
            val any = slots.masters.randomOrNull()
            val groups =
                entries.groupBy {
                    val request = it.request
                    when {
                        request.isForSeveral -> null
                        request.slot == ClusterRequest.NO_SLOT -> any
                        else -> slots.primaryOf(request.slot)
                    }
                }
            for ((address, group) in groups) launch { if (address == null) oneByOne(group) else atNode(address, group) }
        }

    private suspend fun atNode(
        address: String,
        group: List<ClusterBatch.Entry<*>>,
    ) {
        val left =
            try {
                topology.client(address).pipeline { group.forEach { it.addTo(this) } }
                group.filterNot { it.settle() }
            } catch (failure: RedisFailure) {
                group.filterNot { it.settle(failure, config) }
            }
        if (left.isNotEmpty()) oneByOne(left)
    }

    // Those of one slot in their order; other slots do not wait for them.
    private suspend fun oneByOne(left: List<ClusterBatch.Entry<*>>): Unit =
        coroutineScope {
            for (group in left.groupBy { it.request.slot }.values) launch { group.forEach { it.executeBy(cluster) } }
        }
}

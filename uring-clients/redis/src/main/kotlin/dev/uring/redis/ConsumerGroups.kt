package dev.uring.redis

import dev.uring.redis.commands.StreamEntry
import dev.uring.redis.commands.StreamIds
import dev.uring.redis.commands.xack
import dev.uring.redis.commands.xautoClaim
import dev.uring.redis.commands.xreadGroup
import dev.uring.redis.commands.xreadGroupBlocking
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.FlowCollector
import kotlinx.coroutines.flow.flow
import kotlin.time.Duration
import kotlin.time.Duration.Companion.minutes
import kotlin.time.Duration.Companion.seconds
import kotlin.time.TimeSource

/**
 * The entries of the stream at [key] that [consumer] of [group] is to work on, as long as this is collected. Each is
 * acknowledged when the collector is done with it.
 *
 * ### Shapes and units
 * First what this consumer was given before and did not acknowledge; then new entries, at most [count] at a time. Every
 * [claimIdle] it also takes over what other consumers have had for longer than that: they are most likely gone. The group
 * has to be there: see `xgroupCreate`. An entry that was deleted meanwhile is acknowledged and not delivered.
 * ### Threading and cancellation
 * An entry is acknowledged when `emit` has returned, so at least once: a collector that throws or is cancelled in the middle
 * of one gets it again, as does another consumer after [claimIdle]. A `buffer` behind this flow acknowledges what only lies
 * in the buffer. Waiting for new entries takes a connection of its own, for [block] at a time.
 * ### Errors
 * As [RedisExecutor]; `RedisException` with the code NOGROUP: no such stream or group.
 *
 * @sample samples.redis.workOnOrders
 */
public fun <K : Any, V : Any> RedisExecutor<K, V>.consumerGroup(
    key: K,
    group: String,
    consumer: String,
    count: Int = 64,
    block: Duration = 5.seconds,
    claimIdle: Duration = 1.minutes,
): Flow<StreamEntry<K, V>> {
    require(count > 0 && block.isPositive() && block.isFinite() && claimIdle.isPositive()) {
        "consumerGroup(count=$count, block=$block, claimIdle=$claimIdle): each must be positive, " +
            "and block finite, so that entries of others are looked for now and then"
    }
    val reader = GroupReader(this, key, group, consumer, count.toLong())
    return flow {
        reader.emitPending(this)
        var lookAgain = TimeSource.Monotonic.markNow()
        while (true) {
            if (claimIdle.isFinite() && lookAgain.hasPassedNow()) {
                reader.emitAbandoned(this, claimIdle)
                lookAgain = TimeSource.Monotonic.markNow() + claimIdle
            }
            reader.emitNew(this, block)
        }
    }
}

/** One consumer's three ways to entries. Without state: what was done is known to the server alone. */
private class GroupReader<K : Any, V : Any>(
    private val redis: RedisExecutor<K, V>,
    private val key: K,
    private val group: String,
    private val consumer: String,
    private val count: Long,
) {
    suspend fun emitPending(collector: FlowCollector<StreamEntry<K, V>>) {
        while (true) {
            // From the beginning each time: what was delivered is acknowledged, and so not pending any more.
            val entries = redis.xreadGroup(group, consumer, mapOf(key to StreamIds.FIRST), count).values.flatten()
            if (entries.isEmpty()) return
            emit(collector, entries)
        }
    }

    suspend fun emitAbandoned(
        collector: FlowCollector<StreamEntry<K, V>>,
        idle: Duration,
    ) {
        var from = StreamIds.FIRST
        do {
            val claimed = redis.xautoClaim(key, group, consumer, idle, from, count)
            emit(collector, claimed.items)
            from = claimed.next
        } while (from != StreamIds.FIRST)
    }

    suspend fun emitNew(
        collector: FlowCollector<StreamEntry<K, V>>,
        block: Duration,
    ) {
        val entries = redis.xreadGroupBlocking(group, consumer, block, mapOf(key to NEW), count).values.flatten()
        emit(collector, entries)
    }

    private suspend fun emit(
        collector: FlowCollector<StreamEntry<K, V>>,
        entries: List<StreamEntry<K, V>>,
    ) {
        for (entry in entries) {
            if (entry.fields.isNotEmpty()) collector.emit(entry)
            redis.xack(key, group, entry.id)
        }
    }

    private companion object {
        // Entries that no consumer of the group was given yet.
        const val NEW = ">"
    }
}

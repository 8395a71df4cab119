package dev.uring.redis.cluster

import dev.uring.redis.RedisConnectionException
import dev.uring.redis.RedisTimeoutException
import dev.uring.redis.commands.get
import dev.uring.redis.commands.set
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.launch
import java.util.concurrent.ConcurrentHashMap
import java.util.concurrent.CopyOnWriteArrayList
import java.util.concurrent.atomic.AtomicLong
import kotlin.random.Random

/**
 * Writers that never stop: each has keys of its own, writes rising numbers to them and reads them back. A value carries
 * its key, so a reply that belongs to another command shows.
 */
internal class ClusterLoad(
    private val cluster: RedisCluster<String, String>,
    scope: CoroutineScope,
    seed: Long,
    writers: Int = 8,
) {
    /** By key the number that was last acknowledged. */
    val acknowledged = ConcurrentHashMap<String, Long>()

    /** Replies that cannot be: another key's value, or a number that was never sent. */
    val wrong = CopyOnWriteArrayList<String>()

    /** Reads that gave an older number than was acknowledged: what a lost master had not yet copied. */
    val stale = CopyOnWriteArrayList<String>()

    /** What no retry could help: sent, and the connection lost. */
    val unknown = AtomicLong()

    private val done = AtomicLong()

    val operations: Long get() = done.get()

    private val jobs =
        List(writers) { writer ->
            scope.launch {
                val random = Random(seed + writer)
                val sent = HashMap<String, Long>()
                while (true) step("load:$writer:${random.nextInt(KEYS_PER_WRITER)}", sent)
            }
        }

    private suspend fun step(
        key: String,
        sent: MutableMap<String, Long>,
    ) {
        val number = (sent[key] ?: 0) + 1
        try {
            sent[key] = number
            cluster.set(key, "$key=$number")
            acknowledged[key] = number
            check(key, cluster.get(key), number)
            done.incrementAndGet()
        } catch (_: RedisConnectionException) {
            unknown.incrementAndGet()
        } catch (_: RedisTimeoutException) {
            unknown.incrementAndGet()
        }
    }

    private fun check(
        key: String,
        value: String?,
        expected: Long,
    ) {
        if (value != null && value.substringBefore('=') != key) wrong += "$key holds $value"
        val number = value?.substringAfter('=')?.toLong() ?: 0
        if (number > expected) wrong += "$key holds $number, and only $expected was sent"
        if (number < expected) stale += "$key holds $number after $expected was acknowledged"
    }

    suspend fun stop() = jobs.forEach { it.cancelAndJoin() }

    /** Every acknowledged write is there, and nothing else. */
    suspend fun missing(): List<String> =
        acknowledged.mapNotNull { (key, number) ->
            val value = cluster.get(key)
            val isKept = value?.substringBefore('=') == key && value.substringAfter('=').toLong() >= number
            if (isKept) null else "$key: $number, found $value"
        }

    private companion object {
        const val KEYS_PER_WRITER = 200
    }
}

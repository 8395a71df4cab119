package dev.uring.memcache

import kotlinx.coroutines.NonCancellable
import kotlinx.coroutines.delay
import kotlinx.coroutines.withContext
import kotlin.time.Duration
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds

private val POLL_MIN = 5.milliseconds
private val POLL_MAX = 200.milliseconds

/**
 * The value of [key]; if there is none, or it is about to expire, one caller of all clients of the server makes it anew.
 *
 * ### Shapes and units
 * - No item: one caller wins it and runs [compute]; all others wait for what it stores, asking again with pauses that grow
 *   from 5 ms to 200 ms. If it has not stored anything within [lease], another one wins.
 * - An item with less than [refreshBelow] left, or [invalidated][invalidate]: one caller wins it and runs [compute]; all
 *   others get the old value at once.
 * - Otherwise the value.
 *
 * A value computed from data that changed meanwhile is not stored over a newer one: the cas that was won is compared.
 * ### Threading and cancellation
 * [compute] runs in the caller's coroutine. A winner that fails or is cancelled gives its win back, so the next one need not
 * wait for [lease].
 * ### Errors
 * As [Memcache], and what [compute] throws. Needs memcached 1.6.
 * ### Source
 * protocol.txt, mg with flags N and R, and "Stale" (W, X, Z).
 *
 * @sample samples.memcache.page
 */
public suspend fun <V : Any> Memcache<V>.getOrCompute(
    key: String,
    expiresIn: Duration,
    refreshBelow: Duration = Duration.ZERO,
    lease: Duration = 30.seconds,
    compute: suspend () -> V,
): V {
    var pause = POLL_MIN
    while (true) {
        val item =
            metaGet(key) {
                cas = true
                ttl = true
                createFor = lease
                if (refreshBelow.isPositive()) recacheBelow = refreshBelow
            }
        val present = item?.value
        when {
            // Evicted between its making and its reading, on a server without memory.
            item == null -> return compute()

            item.isWon -> return computeWon(key, item, expiresIn, compute)

            present != null -> return present
        }
        delay(pause)
        pause = minOf(pause * 2, POLL_MAX)
    }
}

/**
 * Marks the item as out of date: it stays for [staleFor], and the next [getOrCompute] of it makes it anew while others still
 * get the old value. Says whether there is one.
 */
public suspend fun Memcache<*>.invalidate(
    key: String,
    staleFor: Duration,
): Boolean =
    metaDelete(key) {
        invalidate = true
        this.staleFor = staleFor
    }.result == MetaResult.DONE

private suspend fun <V : Any> Memcache<V>.computeWon(
    key: String,
    won: MetaItem<V>,
    lifetime: Duration,
    compute: suspend () -> V,
): V {
    val value =
        try {
            compute()
        } catch (failure: Throwable) {
            withContext(NonCancellable) { giveUp(key, won) }
            throw failure
        }
    metaSet(key, value) {
        expiresIn = lifetime
        compareCas = won.cas
    }
    return value
}

// What goes wrong here is no news to the caller: the lease ends by itself.
private suspend fun Memcache<*>.giveUp(
    key: String,
    won: MetaItem<*>,
) {
    try {
        metaDelete(key) {
            compareCas = won.cas
            if (won.value != null) {
                invalidate = true
                won.ttlSeconds?.takeIf { it > 0 }?.let { staleFor = it.seconds }
            }
        }
    } catch (_: MemcacheFailure) {
        return
    }
}

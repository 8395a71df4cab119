package dev.uring.memcache

import dev.uring.memcache.codec.MemcacheWriter
import kotlin.time.Clock
import kotlin.time.Duration
import kotlin.time.Duration.Companion.days
import kotlin.time.Duration.Companion.seconds

// protocol.txt §Expiration times: more seconds than these are taken for a point in time.
private val RELATIVE_MAX = 30.days

/**
 * What the protocol writes for an item that expires after [expiresIn]: whole seconds, rounded up; 0 for never; a point in
 * Unix time beyond 30 days; -1, at once, for what is not positive.
 */
internal fun expirySeconds(expiresIn: Duration): Long {
    if (expiresIn.isInfinite()) return if (expiresIn.isPositive()) 0 else -1
    if (!expiresIn.isPositive()) return -1
    val whole = expiresIn.inWholeSeconds
    val rounded = if (expiresIn > whole.seconds) whole + 1 else whole
    return if (expiresIn <= RELATIVE_MAX) rounded else Clock.System.now().epochSeconds + rounded
}

internal fun MemcacheWriter.expiry(expiresIn: Duration): MemcacheWriter = number(expirySeconds(expiresIn))

package dev.uring.momento.server

import dev.uring.momento.codec.StatusCode
import java.util.concurrent.ConcurrentHashMap
import java.util.concurrent.TimeUnit

/**
 * Values in memory, each with the time at which it ends.
 *
 * ### Shapes and units
 * At most [itemsMax] values, by default a million: of 1 KiB each that is about 1.2 GiB. When it is full, values whose time is
 * over are dropped; if there are none, storing is refused with `RESOURCE_EXHAUSTED`. [nanoTime] is the clock.
 * ### Ownership
 * Keeps the arrays it is given.
 * ### Threading and cancellation
 * Any thread: all workers of a server share one.
 */
public class MomentoStore(
    private val itemsMax: Int = ITEMS_MAX,
    private val nanoTime: () -> Long = System::nanoTime,
) {
    private val items = ConcurrentHashMap<ItemKey, Item>()

    /** How many values there are, those whose time is over and that nobody has asked for since included. */
    public val size: Int get() = items.size

    /** The value of [key] in [namespace], or null. */
    public fun get(
        namespace: String,
        key: ByteArray,
    ): ByteArray? {
        val itemKey = ItemKey(namespace, key)
        val item = items[itemKey] ?: return null
        if (item.endNanos - nanoTime() > 0) return item.value
        items.remove(itemKey, item)
        return null
    }

    /** Keeps [value] for [ttlMillis], an unsigned number. */
    public fun set(
        namespace: String,
        key: ByteArray,
        value: ByteArray,
        ttlMillis: Long,
    ) {
        if (ttlMillis == 0L) throw MomentoRefusal(StatusCode.INVALID_ARGUMENT, "the ttl must be at least 1 ms")
        // A century is for ever, and does not overflow.
        val kept = if (ttlMillis in 1..TTL_MILLIS_MAX) ttlMillis else TTL_MILLIS_MAX
        val itemKey = ItemKey(namespace, key)
        if (items.size >= itemsMax && !items.containsKey(itemKey)) makeRoom()
        items[itemKey] = Item(value, nanoTime() + TimeUnit.MILLISECONDS.toNanos(kept))
    }

    /** Drops the value of [key] in [namespace], if there is one. */
    public fun delete(
        namespace: String,
        key: ByteArray,
    ) {
        items.remove(ItemKey(namespace, key))
    }

    private fun makeRoom() {
        val now = nanoTime()
        items.entries.removeIf { it.value.endNanos - now <= 0 }
        if (items.size >= itemsMax) {
            throw MomentoRefusal(StatusCode.RESOURCE_EXHAUSTED, "the store is full: itemsMax=$itemsMax")
        }
    }

    private class Item(
        val value: ByteArray,
        val endNanos: Long,
    )

    private class ItemKey(
        private val namespace: String,
        private val key: ByteArray,
    ) {
        override fun hashCode(): Int = 31 * namespace.hashCode() + key.contentHashCode()

        override fun equals(other: Any?): Boolean =
            other is ItemKey && other.namespace == namespace && other.key.contentEquals(key)
    }

    private companion object {
        const val ITEMS_MAX = 1_000_000
        const val TTL_MILLIS_MAX = 100L * 365 * 24 * 3600 * 1000
    }
}

package dev.uring.redis.commands

import dev.uring.redis.codec.Reply

/** An element that was taken from the list at [key]. */
public data class KeyedValue<out K, out V>(
    public val key: K,
    public val value: V,
)

/** Elements that were taken from the list at [key]. */
public data class KeyedValues<out K, out V>(
    public val key: K,
    public val values: List<V>,
)

/** A key, and what a command does to it, in the server's words. */
public data class KeyAccess<out K>(
    public val key: K,
    public val flags: Set<String>,
)

internal fun <K, V> keyedValueReply(
    key: Reply<K>,
    value: Reply<V>,
): Reply<KeyedValue<K, V>> =
    Reply { r ->
        r.readArrayHeader()
        KeyedValue(key.read(r), value.read(r))
    }

internal fun <K, V> keyedValuesReply(
    key: Reply<K>,
    value: Reply<V>,
): Reply<KeyedValues<K, V>> =
    Reply { r ->
        r.readArrayHeader()
        KeyedValues(key.read(r), elements(value).read(r))
    }

internal fun <K> keyAccessReply(key: Reply<K>): Reply<KeyAccess<K>> =
    Reply { r ->
        r.readArrayHeader()
        KeyAccess(key.read(r), members(Reply.STRING).read(r))
    }

package dev.uring.redis.commands

import dev.uring.redis.codec.Reply
import dev.uring.redis.codec.ReplyReader
import dev.uring.redis.codec.ReplyType
import kotlin.time.Duration
import kotlin.time.Duration.Companion.microseconds
import kotlin.time.Duration.Companion.seconds
import kotlin.time.Instant
import kotlin.time.toJavaDuration
import kotlin.time.toJavaInstant

/** Replies that need no codec; each reads RESP2 and RESP3. */
internal object TypedReplies {
    /** Any status: the server's errors never come here. */
    val ok: Reply<Unit> = Reply { r -> r.skip() }

    /** `OK`, or nil where a condition did not hold. */
    val applied: Reply<Boolean> =
        Reply { r ->
            if (r.readNull()) {
                false
            } else {
                r.skip()
                true
            }
        }

    /** `OK`, or `NOKEY` where there was nothing to do. */
    val notNoKey: Reply<Boolean> = Reply { r -> r.readString() != "NOKEY" }

    /** Null for `OK`, else what the server says instead. */
    val refusal: Reply<String?> = Reply { r -> r.readString().takeIf { it != "OK" } }

    val seconds: Reply<Duration> = Reply { r -> r.readLong().seconds }

    val javaSeconds: Reply<java.time.Duration> = Reply { r -> seconds.read(r).toJavaDuration() }

    /** Seconds since 1970. */
    val instant: Reply<Instant> = Reply { r -> Instant.fromEpochSeconds(r.readLong()) }

    val javaInstant: Reply<java.time.Instant> = Reply { r -> instant.read(r).toJavaInstant() }

    /** Seconds since 1970, and the microseconds of the running one. */
    val instantMicros: Reply<Instant> =
        Reply { r ->
            r.readArrayHeader()
            Instant.fromEpochSeconds(r.readLong()) + r.readLong().microseconds
        }

    val javaInstantMicros: Reply<java.time.Instant> = Reply { r -> instantMicros.read(r).toJavaInstant() }

    /** A text of lines `name:value`. */
    val properties: Reply<Map<String, String>> =
        Reply { r ->
            buildMap {
                for (line in r.readString().lineSequence()) {
                    val colon = line.indexOf(':')
                    if (colon > 0) put(line.substring(0, colon), line.substring(colon + 1))
                }
            }
        }
}

/** A list; nil is an empty one. */
internal fun <T> elements(element: Reply<T>): Reply<List<T>> =
    Reply { r -> if (r.readNull()) emptyList() else List(r.readArrayHeader()) { element.read(r) } }

/** A set, which RESP2 sends as a list; nil is an empty one. */
internal fun <T> members(element: Reply<T>): Reply<Set<T>> =
    Reply { r ->
        if (r.readNull()) {
            emptySet()
        } else {
            val count = r.readArrayHeader()
            LinkedHashSet<T>(count * 2).apply { repeat(count) { add(element.read(r)) } }
        }
    }

/** A map, which RESP2 sends as a flat list or as a list of pairs; nil is an empty one. */
internal fun <K, V> entries(
    key: Reply<K>,
    value: Reply<V>,
): Reply<Map<K, V>> =
    Reply { r ->
        val map = LinkedHashMap<K, V>()
        r.eachPair { map[key.read(r)] = value.read(r) }
        map
    }

/** Pairs, in RESP3 a list of lists for some commands, else a flat list; nil is an empty one. */
internal fun <A, B> pairs(
    first: Reply<A>,
    second: Reply<B>,
): Reply<List<Pair<A, B>>> =
    Reply { r ->
        val pairs = ArrayList<Pair<A, B>>()
        r.eachPair { pairs += first.read(r) to second.read(r) }
        pairs
    }

/** Calls [read] where each pair begins, in whichever of the three forms they came. */
internal inline fun ReplyReader.eachPair(read: () -> Unit) {
    if (readNull()) return
    val count = readArrayHeader()
    if (count == 0) return
    if (peek() == ReplyType.ARRAY) {
        repeat(count) {
            readArrayHeader()
            read()
        }
    } else {
        repeat(count / 2) { read() }
    }
}

/** Reads a record that comes as names with values; [read] reads the value of the name, or skips it. */
internal inline fun ReplyReader.eachField(read: (String) -> Unit) {
    repeat(readMapHeader()) { read(readString()) }
}

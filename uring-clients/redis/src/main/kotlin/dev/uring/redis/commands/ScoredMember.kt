package dev.uring.redis.commands

import dev.uring.redis.codec.Reply
import dev.uring.redis.codec.ReplyReader
import dev.uring.redis.codec.ReplyType

/** A member of a sorted set with its score. */
public data class ScoredMember<out V>(
    public val member: V,
    public val score: Double,
)

/** A member that was taken from the sorted set at [key]. */
public data class KeyedScoredMember<out K, out V>(
    public val key: K,
    public val member: V,
    public val score: Double,
)

/** Members that were taken from the sorted set at [key]. */
public data class KeyedScoredMembers<out K, out V>(
    public val key: K,
    public val members: List<ScoredMember<V>>,
)

/** How many members stand before one, and its score. */
public data class RankedScore(
    public val rank: Long,
    public val score: Double,
) {
    internal companion object {
        val reply: Reply<RankedScore> =
            Reply { r ->
                r.readArrayHeader()
                RankedScore(r.readLong(), r.readDouble())
            }
    }
}

/** Members with scores: RESP3 sends pairs where RESP2 sends one flat list, but for some commands flat in both. */
internal fun <V> scoredMembers(member: Reply<V>): Reply<List<ScoredMember<V>>> = Reply { r -> readScored(r, member) }

/** The only member of such a list; nil and an empty list are null. */
internal fun <V> scoredMemberReply(member: Reply<V>): Reply<ScoredMember<V>?> =
    Reply { r -> readScored(r, member).firstOrNull() }

internal fun <K, V> keyedScoredMemberReply(
    key: Reply<K>,
    member: Reply<V>,
): Reply<KeyedScoredMember<K, V>> =
    Reply { r ->
        r.readArrayHeader()
        KeyedScoredMember(key.read(r), member.read(r), r.readDouble())
    }

internal fun <K, V> keyedScoredMembersReply(
    key: Reply<K>,
    member: Reply<V>,
): Reply<KeyedScoredMembers<K, V>> =
    Reply { r ->
        r.readArrayHeader()
        KeyedScoredMembers(key.read(r), readScored(r, member))
    }

private fun <V> readScored(
    reader: ReplyReader,
    member: Reply<V>,
): List<ScoredMember<V>> {
    if (reader.readNull()) return emptyList()
    val count = reader.readArrayHeader()
    if (count == 0) return emptyList()
    if (reader.peek() == ReplyType.ARRAY) {
        return List(count) {
            reader.readArrayHeader()
            ScoredMember(member.read(reader), reader.readDouble())
        }
    }
    return List(count / 2) { ScoredMember(member.read(reader), reader.readDouble()) }
}

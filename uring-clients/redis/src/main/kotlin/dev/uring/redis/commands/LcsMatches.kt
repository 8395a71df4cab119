package dev.uring.redis.commands

import dev.uring.redis.codec.Reply
import dev.uring.redis.codec.ReplyReader

/**
 * Where two strings have their longest common sequence.
 *
 * @property matches the pieces, last one first as the server sends them
 * @property length of the whole sequence, in bytes
 */
public data class LcsMatches(
    public val matches: List<LcsMatch>,
    public val length: Long,
) {
    internal companion object {
        val reply: Reply<LcsMatches> =
            Reply { r ->
                var matches = emptyList<LcsMatch>()
                var length = 0L
                r.eachField { name ->
                    when (name) {
                        "matches" -> matches = List(r.readArrayHeader()) { readMatch(r) }
                        "len" -> length = r.readLong()
                        else -> r.skip()
                    }
                }
                LcsMatches(matches, length)
            }

        private fun readMatch(r: ReplyReader): LcsMatch {
            r.readArrayHeader()
            return LcsMatch(readRange(r), readRange(r), r.readLong())
        }

        private fun readRange(r: ReplyReader): LongRange {
            r.readArrayHeader()
            return r.readLong()..r.readLong()
        }
    }
}

/** Bytes that both strings have: where in the first, where in the second, and how many. */
public data class LcsMatch(
    public val first: LongRange,
    public val second: LongRange,
    public val length: Long,
)

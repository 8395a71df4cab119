package dev.uring.redis.commands

import dev.uring.redis.codec.CommandWriter

/** How many results are skipped, and how many come at most; a negative [count] is "all". */
public data class Limit(
    public val offset: Long,
    public val count: Long,
) {
    internal fun writeTo(request: CommandWriter) {
        request.arg("LIMIT").arg(offset).arg(count)
    }
}

/** One end of a range of scores. */
public class ScoreBound private constructor(
    private val score: Double,
    private val isExclusive: Boolean,
) {
    internal fun writeTo(request: CommandWriter) {
        if (isExclusive) request.arg(toString()) else request.arg(score)
    }

    /** As the server reads it: an excluded one has a parenthesis in front. */
    override fun toString(): String = if (isExclusive) "($score" else score.toString()

    override fun equals(other: Any?): Boolean =
        other is ScoreBound && other.score == score && other.isExclusive == isExclusive

    override fun hashCode(): Int = score.hashCode() * 2 + if (isExclusive) 1 else 0

    /** What bounds there are. */
    public companion object {
        /** Below every score. */
        @JvmField
        public val LOWEST: ScoreBound = ScoreBound(Double.NEGATIVE_INFINITY, false)

        /** Above every score. */
        @JvmField
        public val HIGHEST: ScoreBound = ScoreBound(Double.POSITIVE_INFINITY, false)

        /** [score], which is part of the range. */
        @JvmStatic
        public fun including(score: Double): ScoreBound = bound(score, isExclusive = false)

        /** [score], which is not part of the range. */
        @JvmStatic
        public fun excluding(score: Double): ScoreBound = bound(score, isExclusive = score.isFinite())

        private fun bound(
            score: Double,
            isExclusive: Boolean,
        ): ScoreBound {
            require(!score.isNaN()) { "score=NaN bounds nothing: take ScoreBound.LOWEST or HIGHEST for no bound" }
            return ScoreBound(score, isExclusive)
        }
    }
}

/** One end of a range of members, where all have the same score and are ordered as bytes. */
public class LexBound private constructor(
    private val text: String,
) {
    internal fun writeTo(request: CommandWriter) {
        request.arg(text)
    }

    /** As the server reads it. */
    override fun toString(): String = text

    override fun equals(other: Any?): Boolean = other is LexBound && other.text == text

    override fun hashCode(): Int = text.hashCode()

    /** What bounds there are. */
    public companion object {
        /** Before every member. */
        @JvmField
        public val LOWEST: LexBound = LexBound("-")

        /** Behind every member. */
        @JvmField
        public val HIGHEST: LexBound = LexBound("+")

        /** [member], which is part of the range. */
        @JvmStatic
        public fun including(member: String): LexBound = LexBound("[$member")

        /** [member], which is not part of the range. */
        @JvmStatic
        public fun excluding(member: String): LexBound = LexBound("($member")
    }
}

/**
 * Which members of a sorted set are meant, and in which order they come.
 *
 * ### Shapes and units
 * Bounds are given lowest first, also where [isReversed]: they change places on the wire, as the server wants them.
 * Positions are counted in the order that results come in, negative ones from the end.
 */
public class SortedSetRange private constructor(
    private val isReversed: Boolean,
    private val limit: Limit?,
    private val kind: String?,
    private val writeFirst: (CommandWriter) -> Unit,
    private val writeLast: (CommandWriter) -> Unit,
) {
    internal fun writeTo(request: CommandWriter) {
        val isSwapped = isReversed && kind != null
        (if (isSwapped) writeLast else writeFirst)(request)
        (if (isSwapped) writeFirst else writeLast)(request)
        if (kind != null) request.arg(kind)
        if (isReversed) request.arg("REV")
        limit?.writeTo(request)
    }

    /** What ranges there are. */
    public companion object {
        /** The members from position [start] to [stop], both included. */
        @JvmStatic
        @JvmOverloads
        public fun byRank(
            start: Long,
            stop: Long,
            isReversed: Boolean = false,
        ): SortedSetRange = SortedSetRange(isReversed, null, null, { it.arg(start) }, { it.arg(stop) })

        /** The members with a score between [min] and [max]. */
        @JvmStatic
        @JvmOverloads
        public fun byScore(
            min: ScoreBound,
            max: ScoreBound,
            isReversed: Boolean = false,
            limit: Limit? = null,
        ): SortedSetRange = SortedSetRange(isReversed, limit, "BYSCORE", min::writeTo, max::writeTo)

        /** The members between [min] and [max], where all have the same score. */
        @JvmStatic
        @JvmOverloads
        public fun byLex(
            min: LexBound,
            max: LexBound,
            isReversed: Boolean = false,
            limit: Limit? = null,
        ): SortedSetRange = SortedSetRange(isReversed, limit, "BYLEX", min::writeTo, max::writeTo)
    }
}

package dev.uring.redis.commands

import dev.uring.redis.codec.CommandWriter

/** Ids that stand for something. */
public object StreamIds {
    /** The server chooses the id of an entry. */
    public const val AUTO: String = "*"

    /** The smallest id, as the start of a range. */
    public const val LOWEST: String = "-"

    /** The greatest id, as the end of a range. */
    public const val HIGHEST: String = "+"

    /** Before every entry. */
    public const val FIRST: String = "0-0"

    /** The last entry that there is now: what comes after it is new. */
    public const val NEWEST: String = "$"

    /** For a consumer group: what was delivered to none of its consumers. */
    public const val UNDELIVERED: String = ">"
}

/**
 * Which old entries of a stream are removed.
 *
 * ### Shapes and units
 * Unless exact, the server removes only as much as it can do cheaply, and may look at `limit` entries at most.
 */
public sealed interface StreamTrim {
    /** All but the newest [count]. */
    public data class MaxLength
        @JvmOverloads
        constructor(
            public val count: Long,
            public val isExact: Boolean = false,
            public val limit: Long? = null,
        ) : StreamTrim

    /** Those with an id below [id]. */
    public data class MinId
        @JvmOverloads
        constructor(
            public val id: String,
            public val isExact: Boolean = false,
            public val limit: Long? = null,
        ) : StreamTrim
}

internal fun StreamTrim.writeTo(request: CommandWriter) {
    when (this) {
        is StreamTrim.MaxLength -> request.arg("MAXLEN").arg(if (isExact) "=" else "~").arg(count)
        is StreamTrim.MinId -> request.arg("MINID").arg(if (isExact) "=" else "~").arg(id)
    }
    val limit =
        when (this) {
            is StreamTrim.MaxLength -> limit
            is StreamTrim.MinId -> limit
        }
    if (limit != null) request.arg("LIMIT").arg(limit)
}

package dev.uring.redis.commands

import dev.uring.redis.codec.Reply
import kotlin.time.Duration
import kotlin.time.Duration.Companion.milliseconds

/**
 * How many entries a consumer group has that were delivered and are not done with.
 *
 * @property firstId the smallest of their ids, [lastId] the greatest; null when there are none
 * @property consumers how many of them each consumer has
 */
public data class PendingSummary(
    public val count: Long,
    public val firstId: String?,
    public val lastId: String?,
    public val consumers: Map<String, Long>,
) {
    internal companion object {
        private val byConsumer = entries(Reply.STRING, Reply.LONG)

        val reply: Reply<PendingSummary> =
            Reply { r ->
                r.readArrayHeader()
                PendingSummary(
                    r.readLong(),
                    Reply.STRING_OR_NULL.read(r),
                    Reply.STRING_OR_NULL.read(r),
                    byConsumer.read(r),
                )
            }
    }
}

/**
 * An entry that was delivered and is not done with.
 *
 * @property idle how long ago it was last delivered
 * @property deliveries how often it was
 */
public data class PendingEntry(
    public val id: String,
    public val consumer: String,
    public val idle: Duration,
    public val deliveries: Long,
) {
    internal companion object {
        val reply: Reply<PendingEntry> =
            Reply { r ->
                r.readArrayHeader()
                PendingEntry(r.readString(), r.readString(), r.readLong().milliseconds, r.readLong())
            }
    }
}

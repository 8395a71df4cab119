package dev.uring.redis.commands

import dev.uring.redis.codec.Reply
import kotlin.time.Duration
import kotlin.time.Duration.Companion.microseconds
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Instant

/**
 * A command that took long.
 *
 * @property id which grows from entry to entry
 * @property at when it ran
 * @property took how long it ran, without waiting and without sending
 * @property words the command, shortened by the server when it was long
 * @property client the address that it came from
 * @property clientName empty when the client has none
 */
public data class SlowLogEntry(
    public val id: Long,
    public val at: Instant,
    public val took: Duration,
    public val words: List<String>,
    public val client: String,
    public val clientName: String,
) {
    internal companion object {
        val reply: Reply<SlowLogEntry> =
            Reply { r ->
                r.readArrayHeader()
                SlowLogEntry(
                    r.readLong(),
                    Instant.fromEpochSeconds(r.readLong()),
                    r.readLong().microseconds,
                    elements(Reply.STRING).read(r),
                    r.readString(),
                    r.readString(),
                )
            }
    }
}

/** How long something took at a moment. */
public data class LatencySample(
    public val at: Instant,
    public val took: Duration,
) {
    internal companion object {
        val reply: Reply<LatencySample> =
            Reply { r ->
                r.readArrayHeader()
                LatencySample(Instant.fromEpochSeconds(r.readLong()), r.readLong().milliseconds)
            }
    }
}

/** What delayed a server: [latest] and for how long at most. */
public data class LatencyEvent(
    public val name: String,
    public val latest: LatencySample,
    public val max: Duration,
) {
    internal companion object {
        val reply: Reply<LatencyEvent> =
            Reply { r ->
                val count = r.readArrayHeader()
                val name = r.readString()
                val latest = LatencySample(Instant.fromEpochSeconds(r.readLong()), r.readLong().milliseconds)
                val event = LatencyEvent(name, latest, r.readLong().milliseconds)
                repeat(count - 4) { r.skip() } // sums and counts since Redis 8
                event
            }
    }
}

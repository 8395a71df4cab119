package dev.uring.redis.commands

import dev.uring.redis.codec.Reply
import kotlin.time.Duration
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds
import kotlin.time.Instant
import kotlin.time.toJavaDuration
import kotlin.time.toJavaInstant

/** How long something has to live. */
public sealed interface TimeToLive {
    /** The time, or null when it does not expire or is not there. */
    public val timeOrNull: Duration? get() = null

    /** [timeOrNull] for Java. */
    public val javaTimeOrNull: java.time.Duration? get() = timeOrNull?.toJavaDuration()

    /** It is not there. */
    public data object Missing : TimeToLive

    /** It does not expire. */
    public data object Unlimited : TimeToLive

    /** It expires after [time]. */
    public data class Limited(
        public val time: Duration,
    ) : TimeToLive {
        override val timeOrNull: Duration get() = time
    }

    /** How it comes on the wire. */
    public companion object {
        internal val seconds: Reply<TimeToLive> = Reply { r -> of(r.readLong()) { Limited(it.seconds) } }
        internal val millis: Reply<TimeToLive> = Reply { r -> of(r.readLong()) { Limited(it.milliseconds) } }

        private inline fun of(
            code: Long,
            limited: (Long) -> TimeToLive,
        ): TimeToLive =
            when (code) {
                MISSING -> Missing
                UNLIMITED -> Unlimited
                else -> limited(code)
            }
    }
}

/** When something expires. */
public sealed interface ExpireTime {
    /** The moment, or null when it does not expire or is not there. */
    public val momentOrNull: Instant? get() = null

    /** [momentOrNull] for Java. */
    public val javaMomentOrNull: java.time.Instant? get() = momentOrNull?.toJavaInstant()

    /** It is not there. */
    public data object Missing : ExpireTime

    /** It does not expire. */
    public data object Never : ExpireTime

    /** It expires at [moment]. */
    public data class At(
        public val moment: Instant,
    ) : ExpireTime {
        override val momentOrNull: Instant get() = moment
    }

    /** How it comes on the wire. */
    public companion object {
        internal val seconds: Reply<ExpireTime> = Reply { r -> of(r.readLong(), Instant::fromEpochSeconds) }
        internal val millis: Reply<ExpireTime> = Reply { r -> of(r.readLong(), Instant::fromEpochMilliseconds) }

        private inline fun of(
            code: Long,
            moment: (Long) -> Instant,
        ): ExpireTime =
            when (code) {
                MISSING -> Missing
                UNLIMITED -> Never
                else -> At(moment(code))
            }
    }
}

private const val MISSING = -2L
private const val UNLIMITED = -1L

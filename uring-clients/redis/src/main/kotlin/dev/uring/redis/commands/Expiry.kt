package dev.uring.redis.commands

import dev.uring.redis.codec.CommandWriter
import kotlin.time.Duration
import kotlin.time.Instant
import kotlin.time.toKotlinDuration

/**
 * When a value that is written expires.
 *
 * ### Shapes and units
 * To the millisecond; what is finer is rounded up.
 */
public sealed interface Expiry {
    /** After some time. */
    public data class After(
        public val time: Duration,
    ) : Expiry

    /** At a moment of the server's clock. */
    public data class At(
        public val moment: Instant,
    ) : Expiry

    /** Where Java finds what it can call: a Kotlin duration is no type that Java can pass. */
    public companion object {
        /** After [time]. */
        @JvmStatic
        public fun after(time: java.time.Duration): Expiry = After(time.toKotlinDuration())

        /** At [moment]. */
        @JvmStatic
        public fun at(moment: java.time.Instant): Expiry = At(Instant.fromEpochMilliseconds(moment.toEpochMilli()))
    }
}

internal fun Expiry.writeTo(request: CommandWriter) {
    when (this) {
        is Expiry.After -> {
            val millis = wholeMillis(time)
            if (millis % MILLIS_PER_SECOND == 0L) {
                request.arg("EX").arg(millis / MILLIS_PER_SECOND)
            } else {
                request.arg("PX").arg(millis)
            }
        }

        is Expiry.At -> {
            request.arg("PXAT").unixMillis(moment)
        }
    }
}

private const val MILLIS_PER_SECOND = 1000L

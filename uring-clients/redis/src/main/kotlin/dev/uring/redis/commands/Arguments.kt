package dev.uring.redis.commands

import dev.uring.redis.codec.CommandWriter
import kotlin.time.Duration
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.DurationUnit
import kotlin.time.Instant

// How arguments that are more than a text or a number are written.

/** Refuses an empty collection: the server would take the words that follow for its elements, or say only "syntax error". */
internal fun requireSome(
    count: Int,
    command: String,
    parameter: String,
) {
    require(count > 0) { "$command: $parameter is empty, and the command takes at least one" }
}

/** A duration in seconds. One that is no whole number of them is refused: as 0 seconds, half a second deletes a key. */
internal fun CommandWriter.seconds(duration: Duration): CommandWriter {
    val whole = duration.inWholeSeconds
    require(duration.toLong(DurationUnit.MILLISECONDS) == whole * MILLIS_PER_SECOND) {
        "$duration is not a whole number of seconds: take the command that counts milliseconds (its name begins with p)"
    }
    return arg(whole)
}

/** A duration in milliseconds, rounded up: rounded down, a short one would be none. */
internal fun CommandWriter.millis(duration: Duration): CommandWriter = arg(wholeMillis(duration))

/** For how long the server may wait, in seconds; 0 on the wire is "for ever", which [Duration.INFINITE] says here. */
internal fun CommandWriter.waitsSeconds(timeout: Duration): CommandWriter {
    val millis = waitMillis(timeout)
    return blocks(millis).arg(millis.milliseconds.toDouble(DurationUnit.SECONDS))
}

/** For how long the server may wait, in milliseconds. */
internal fun CommandWriter.waitsMillis(timeout: Duration): CommandWriter {
    val millis = waitMillis(timeout)
    return blocks(millis).arg(millis)
}

internal fun CommandWriter.unixSeconds(instant: Instant): CommandWriter = arg(instant.epochSeconds)

internal fun CommandWriter.unixMillis(instant: Instant): CommandWriter = arg(instant.toEpochMilliseconds())

internal fun CommandWriter.bit(isSet: Boolean): CommandWriter = arg(if (isSet) "1" else "0")

internal fun CommandWriter.yesNo(isYes: Boolean): CommandWriter = arg(if (isYes) "yes" else "no")

internal fun wholeMillis(duration: Duration): Long {
    val millis = duration.inWholeMilliseconds
    return if (millis.milliseconds < duration) millis + 1 else millis
}

/** How long the server may wait, on the wire: 0 is "for ever". */
internal fun waitMillis(timeout: Duration): Long {
    require(timeout.isPositive()) {
        "timeout=$timeout is not positive: Duration.INFINITE waits without end, and the command that does not wait has no timeout"
    }
    return if (timeout.isInfinite()) 0 else wholeMillis(timeout)
}

private const val MILLIS_PER_SECOND = 1000L

package dev.uring.redis.commands

import dev.uring.redis.codec.CommandWriter
import dev.uring.redis.codec.ValueCodec

/** What a string must be, or must not be, for a command to do anything. Since Redis 8.4. */
public sealed interface ValueComparison<out V> {
    /** It is [value]. */
    public data class EqualTo<V>(
        public val value: V,
    ) : ValueComparison<V>

    /** It is not [value]. */
    public data class NotEqualTo<V>(
        public val value: V,
    ) : ValueComparison<V>

    /** Its digest is [digest], as `digest` returns it. */
    public data class DigestIs(
        public val digest: String,
    ) : ValueComparison<Nothing>

    /** Its digest is not [digest]. */
    public data class DigestIsNot(
        public val digest: String,
    ) : ValueComparison<Nothing>
}

internal fun <V> ValueComparison<V>.writeTo(
    request: CommandWriter,
    values: ValueCodec<V>,
) {
    when (this) {
        is ValueComparison.EqualTo -> request.arg("IFEQ").value(values, value)
        is ValueComparison.NotEqualTo -> request.arg("IFNE").value(values, value)
        is ValueComparison.DigestIs -> request.arg("IFDEQ").arg(digest)
        is ValueComparison.DigestIsNot -> request.arg("IFDNE").arg(digest)
    }
}

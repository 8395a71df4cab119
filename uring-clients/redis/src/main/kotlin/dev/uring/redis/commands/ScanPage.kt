package dev.uring.redis.commands

import dev.uring.redis.codec.Reply

/**
 * One step of a walk.
 *
 * @property cursor where the next step begins; [isLast] when there is none
 * @property items what this step found, which may be nothing though more follows
 */
public data class ScanPage<out T>(
    public val cursor: String,
    public val items: List<T>,
) {
    /** Whether the walk is over. */
    public val isLast: Boolean get() = cursor == START

    /** Where walks begin. */
    public companion object {
        /** The cursor of the first step, and the one that the last step returns. */
        public const val START: String = "0"
    }
}

internal fun <T> scanPageReply(items: Reply<List<T>>): Reply<ScanPage<T>> =
    Reply { r ->
        r.readArrayHeader()
        ScanPage(r.readString(), items.read(r))
    }

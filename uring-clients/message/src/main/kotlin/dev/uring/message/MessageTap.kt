package dev.uring.message

/** Hears of every message that goes over a wire. On the channel's worker, which it must not block. */
public fun interface MessageTap {
    /** [text] is one line for people: type, role, channel, id, sizes. [channel] is this side's number. */
    public fun passed(
        direction: Direction,
        channel: Int,
        text: String,
    )

    /** Where a message goes. */
    public enum class Direction {
        /** To the peer. */
        OUT,

        /** From the peer. */
        IN,
    }
}

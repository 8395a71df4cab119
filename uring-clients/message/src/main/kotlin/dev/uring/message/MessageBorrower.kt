package dev.uring.message

import dev.uring.message.codec.MessageView

/** Takes messages where they were received, without a copy. On the channel's worker, which it must not block. */
public fun interface MessageBorrower {
    /**
     * Looks at a regular message. [message] is lent for the call; [channel] is this side's number. Returns whether that
     * was all: else the message is copied and received like any other.
     */
    public fun receive(
        channel: Int,
        message: MessageView,
    ): Boolean
}

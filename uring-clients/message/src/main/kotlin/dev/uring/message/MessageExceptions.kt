package dev.uring.message

import dev.uring.base.UringException
import dev.uring.message.codec.MessageStatus

/**
 * A channel could not be opened.
 *
 * @property status why
 */
public class ChannelFailedException(
    public val status: MessageStatus,
    message: String,
) : UringException(message)

/** A channel has as many unsent messages as it may; the message that was to be sent stays the program's. */
public class ChannelFullException(
    message: String,
) : UringException(message)

/** The group is closed, or its engine. */
public class GroupClosedException(
    message: String,
) : UringException(message) {
    internal companion object {
        fun make() = GroupClosedException("the group is closed (${MessageStatus.SHUTDOWN_STARTED})")
    }
}

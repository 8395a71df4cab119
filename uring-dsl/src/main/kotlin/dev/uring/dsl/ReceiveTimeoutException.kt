package dev.uring.dsl

import dev.uring.base.UringException
import java.net.SocketAddress
import kotlin.time.Duration

/**
 * No new bytes came from the peer within the time that the program gave it.
 *
 * The connection stays usable: the unconsumed bytes are still in it and the next `receive` may wait again. Not a
 * `CancellationException`: the coroutine is not cancelled, and left uncaught this ends its connection, not silently its
 * parent's work.
 */
public class ReceiveTimeoutException internal constructor(
    /** The peer that was silent. */
    public val remoteAddress: SocketAddress,
    /** The time that it had. */
    public val timeout: Duration,
    /** Bytes that had arrived before, and wait for the rest of their message. */
    public val unconsumedBytes: Int,
) : UringException(
        "receive timed out: no new bytes from $remoteAddress within timeout=$timeout, " +
            "unconsumedBytes=$unconsumedBytes.\n" +
            "  Likely cause: " +
            if (unconsumedBytes == 0) {
                "the peer is idle. Close the connection, or give it a longer timeout."
            } else {
                "the peer stalled in the middle of a message. Close the connection, or give it a longer timeout."
            },
    )

package dev.uring.dsl

import dev.uring.base.UringException
import java.net.SocketAddress
import kotlin.time.Duration

/**
 * The peer did not take enough bytes within the time that the program gave a `send` or `flush`.
 *
 * The connection stays usable and nothing is taken back: what was queued is still being sent, in order. A program that
 * has lost interest aborts the connection.
 */
public class SendTimeoutException internal constructor(
    /** The peer that was too slow. */
    public val remoteAddress: SocketAddress,
    /** The time that it had. */
    public val timeout: Duration,
    /** Bytes that are written and not yet handed to the kernel. */
    public val unsentBytes: Long,
) : UringException(
        "send timed out: $remoteAddress did not take enough bytes within timeout=$timeout, " +
            "unsentBytes=$unsentBytes.\n" +
            "  Likely cause: the peer reads slowly or not at all. Abort the connection, or give it a longer timeout.",
    )

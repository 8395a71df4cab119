package dev.uring.ping

import dev.uring.base.UringException
import dev.uring.client.ClientFailures
import kotlin.time.Duration

/** What goes wrong with a ping. Thread: any. */
public sealed class PingFailure(
    message: String,
    cause: Throwable? = null,
) : UringException(message, cause)

/** The server answers an error; [serverText] is what it says. */
public class PingRefusedException(
    public val serverText: String,
) : PingFailure("PING: the server answers: $serverText")

/** There is no connection, or it was lost before the answer. */
public class PingConnectionException(
    message: String,
    public val wasSent: Boolean,
    cause: Throwable? = null,
) : PingFailure(message, cause)

/** No answer within the time for it. */
public class PingTimeoutException(
    public val timeout: Duration,
    public val wasSent: Boolean,
    detail: String,
) : PingFailure("PING: no answer within $timeout" + (if (wasSent) ", it was sent" else ", it was not sent") + detail)

/** More pings wait for a connection than may. */
public class PingOverloadException(
    message: String,
) : PingFailure(message)

internal object PingFailures : ClientFailures {
    override val protocol: String get() = "ping"

    override fun disconnected(
        message: String,
        wasSent: Boolean,
        cause: Throwable?,
    ) = PingConnectionException(message, wasSent, cause)

    override fun timedOut(
        command: String,
        timeout: Duration,
        wasSent: Boolean,
        detail: String,
    ) = PingTimeoutException(timeout, wasSent, detail)

    override fun overloaded(message: String) = PingOverloadException(message)
}

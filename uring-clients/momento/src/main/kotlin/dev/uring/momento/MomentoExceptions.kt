package dev.uring.momento

import dev.uring.base.UringException
import dev.uring.client.ClientFailures
import dev.uring.momento.codec.StatusCode
import kotlin.time.Duration

/** What goes wrong with Momento. Thread: any. */
public sealed class MomentoFailure(
    message: String,
    cause: Throwable? = null,
) : UringException(message, cause)

/** The server refuses a command, because of [status]; [serverText] is what it says. Subclasses are of one status each. */
public open class MomentoException internal constructor(
    public val command: String,
    public val status: StatusCode,
    public val serverText: String,
    remedy: String = "",
) : MomentoFailure("$command: the server answers: $status: $serverText$remedy") {
    internal companion object {
        fun of(
            command: String,
            status: StatusCode,
            text: String,
        ): MomentoException =
            when (status) {
                StatusCode.UNAUTHENTICATED -> MomentoUnauthenticatedException(command, text)
                StatusCode.PERMISSION_DENIED -> MomentoPermissionDeniedException(command, text)
                StatusCode.NOT_FOUND -> MomentoCacheNotFoundException(command, text)
                StatusCode.INVALID_ARGUMENT -> MomentoInvalidArgumentException(command, text)
                StatusCode.RESOURCE_EXHAUSTED -> MomentoLimitExceededException(command, text)
                StatusCode.UNAVAILABLE -> MomentoUnavailableException(command, text)
                StatusCode.DEADLINE_EXCEEDED -> MomentoDeadlineExceededException(command, text)
                StatusCode.CANCELLED -> MomentoCancelledByServerException(command, text)
                else -> MomentoException(command, status, text)
            }
    }
}

/** There is no valid token: status `UNAUTHENTICATED`. */
public class MomentoUnauthenticatedException internal constructor(
    command: String,
    serverText: String,
) : MomentoException(
        command,
        StatusCode.UNAUTHENTICATED,
        serverText,
        "\n  Likely cause: the API key has expired, or belongs to another region. Check MOMENTO_API_KEY.",
    )

/** The token does not allow this: status `PERMISSION_DENIED`. */
public class MomentoPermissionDeniedException internal constructor(
    command: String,
    serverText: String,
) : MomentoException(
        command,
        StatusCode.PERMISSION_DENIED,
        serverText,
        "\n  Give the API key a permission for this cache.",
    )

/** There is no such cache: status `NOT_FOUND`. An item that there is not is no error. */
public class MomentoCacheNotFoundException internal constructor(
    command: String,
    serverText: String,
) : MomentoException(
        command,
        StatusCode.NOT_FOUND,
        serverText,
        "\n  Create the cache, in the region of the API key, or check its name.",
    )

/** The command is wrong: status `INVALID_ARGUMENT`. */
public class MomentoInvalidArgumentException internal constructor(
    command: String,
    serverText: String,
) : MomentoException(command, StatusCode.INVALID_ARGUMENT, serverText)

/** A limit of the account or the server is reached: status `RESOURCE_EXHAUSTED`. */
public class MomentoLimitExceededException internal constructor(
    command: String,
    serverText: String,
) : MomentoException(
        command,
        StatusCode.RESOURCE_EXHAUSTED,
        serverText,
        "\n  Ask less at a time, or have the limit raised.",
    )

/** The server cannot be used now: status `UNAVAILABLE`. */
public class MomentoUnavailableException internal constructor(
    command: String,
    serverText: String,
) : MomentoException(command, StatusCode.UNAVAILABLE, serverText)

/** The server's own time was over: status `DEADLINE_EXCEEDED`. */
public class MomentoDeadlineExceededException internal constructor(
    command: String,
    serverText: String,
) : MomentoException(command, StatusCode.DEADLINE_EXCEEDED, serverText)

/** The server has given the command up: status `CANCELLED`. No coroutine was cancelled. */
public class MomentoCancelledByServerException internal constructor(
    command: String,
    serverText: String,
) : MomentoException(command, StatusCode.CANCELLED, serverText)

/** There is no connection, or it was lost before the reply. [wasSent]: the command may or may not have had its effect. */
public class MomentoConnectionException(
    message: String,
    public val wasSent: Boolean,
    cause: Throwable? = null,
) : MomentoFailure(message, cause)

/** No reply within the time for it. [wasSent]: the server was told to give it up, and it may still have its effect. */
public class MomentoTimeoutException(
    public val command: String,
    public val timeout: Duration,
    public val wasSent: Boolean,
    detail: String,
) : MomentoFailure(
        "$command: no reply within $timeout" + (if (wasSent) ", it was sent" else ", it was not sent") + detail,
    )

/** More commands wait for a connection, or for somebody to receive their results, than may. */
public class MomentoOverloadException(
    message: String,
) : MomentoFailure(message)

/** What the links of Momento clients throw. */
internal object MomentoFailures : ClientFailures {
    override val protocol: String get() = "Momento's protocol"

    override fun disconnected(
        message: String,
        wasSent: Boolean,
        cause: Throwable?,
    ) = MomentoConnectionException(message, wasSent, cause)

    override fun timedOut(
        command: String,
        timeout: Duration,
        wasSent: Boolean,
        detail: String,
    ) = MomentoTimeoutException(command, timeout, wasSent, detail)

    override fun overloaded(message: String) = MomentoOverloadException(message)
}

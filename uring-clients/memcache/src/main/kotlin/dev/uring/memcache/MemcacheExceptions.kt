package dev.uring.memcache

import dev.uring.base.UringException
import dev.uring.client.ClientFailures
import dev.uring.memcache.codec.MemcacheReply
import dev.uring.memcache.codec.ReplyKind
import kotlin.time.Duration

/** What goes wrong with Memcache. Thread: any. */
public sealed class MemcacheFailure(
    message: String,
    cause: Throwable? = null,
) : UringException(message, cause)

/** The server refuses a command; [serverText] is what it says. The subclasses tell the reasons that a program can act on. */
public open class MemcacheException internal constructor(
    public val command: String,
    public val serverText: String,
    remedy: String = "",
) : MemcacheFailure("$command: the server answers: $serverText$remedy")

/** The value, with its key and the server's own bytes, is larger than the server takes. An older value of the key is gone. */
public class ItemTooLargeException internal constructor(
    command: String,
    serverText: String,
) : MemcacheException(
        command,
        serverText,
        "\n  The value is larger than the server's -I (1 MiB by default). Raise it, compress the value, or split it.",
    )

/** The server has no memory for the item and evicts nothing for it. */
public class MemcacheOutOfMemoryException internal constructor(
    command: String,
    serverText: String,
) : MemcacheException(
        command,
        serverText,
        "\n  The server is at its -m and cannot evict: it runs with -M, or all items of this size are in use.",
    )

/** The server calls the command wrong: a value that is no number, a key it does not take. */
public class MemcacheClientErrorException internal constructor(
    command: String,
    serverText: String,
) : MemcacheException(
        command,
        serverText,
        if ("unauthenticated" in serverText || "authentication failure" in serverText) {
            "\n  Set MemcacheConfig.username and password: the server was started with -Y."
        } else {
            ""
        },
    )

/** The server could not do it. */
public class MemcacheServerErrorException internal constructor(
    command: String,
    serverText: String,
) : MemcacheException(command, serverText)

/** The server does not know the command. */
public class UnknownCommandException internal constructor(
    command: String,
    serverText: String,
) : MemcacheException(
        command,
        serverText,
        "\n  Likely cause: a server before memcached 1.6 has no meta commands, or a proxy does not pass this one.",
    )

/**
 * There is no connection, or it was lost before the reply. [wasSent]: the command may or may not have had its effect.
 */
public class MemcacheConnectionException(
    message: String,
    public val wasSent: Boolean,
    cause: Throwable? = null,
) : MemcacheFailure(message, cause)

/** No reply within the time for it. [wasSent]: the command may still have its effect; its reply will be dropped. */
public class MemcacheTimeoutException(
    public val command: String,
    public val timeout: Duration,
    public val wasSent: Boolean,
    detail: String,
) : MemcacheFailure(
        "$command: no reply within $timeout" +
            (if (wasSent) ", it was sent" else ", it was not sent") + detail,
    )

/** More commands wait for a connection than may. */
public class MemcacheOverloadException(
    message: String,
) : MemcacheFailure(message)

internal object MemcacheFailures : ClientFailures {
    override val protocol: String get() = "memcache"

    override fun disconnected(
        message: String,
        wasSent: Boolean,
        cause: Throwable?,
    ) = MemcacheConnectionException(message, wasSent, cause)

    override fun timedOut(
        command: String,
        timeout: Duration,
        wasSent: Boolean,
        detail: String,
    ) = MemcacheTimeoutException(command, timeout, wasSent, detail)

    override fun overloaded(message: String) = MemcacheOverloadException(message)

    /** What [reply], an error, is to a program that sent [command]. Source: memcached 1.6, proto_text.c and items.c. */
    fun refused(
        command: String,
        reply: MemcacheReply,
    ): MemcacheException {
        val text = reply.text()
        return when (reply.kind()) {
            ReplyKind.ERROR -> {
                UnknownCommandException(command, "ERROR $text".trimEnd())
            }

            ReplyKind.CLIENT_ERROR -> {
                MemcacheClientErrorException(command, "CLIENT_ERROR $text")
            }

            else -> {
                val serverText = "SERVER_ERROR $text"
                when {
                    "too large" in text -> ItemTooLargeException(command, serverText)
                    "out of memory" in text -> MemcacheOutOfMemoryException(command, serverText)
                    else -> MemcacheServerErrorException(command, serverText)
                }
            }
        }
    }
}

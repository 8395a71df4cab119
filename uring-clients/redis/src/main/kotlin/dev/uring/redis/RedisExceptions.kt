package dev.uring.redis

import dev.uring.base.UringException
import dev.uring.client.ClientFailures
import dev.uring.redis.commands.CommandInfo
import dev.uring.redis.commands.CommandTable
import kotlin.time.Duration

/** What goes wrong with Redis. Thread: any. */
public sealed class RedisFailure(
    message: String,
    cause: Throwable? = null,
) : UringException(message, cause)

/**
 * The server refuses a command.
 *
 * [code] is the first word of what it says, such as `ERR`, `WRONGTYPE` or `NOAUTH`; [serverText] is all of it. [server] is
 * which one, where a client has several that are no cluster; else null. [missingModule] is the module, such as `RedisJSON`,
 * that has the command and that the server has not loaded, or not in a version with this command; else null.
 */
public class RedisException(
    public val command: String,
    public val serverText: String,
    public val server: String? = null,
) : RedisFailure(
        "$command: ${server ?: "the server"} answers: $serverText${remedy(command, serverText)}",
    ) {
    public val code: String get() = serverText.substringBefore(' ')

    public val missingModule: String? get() = missing(command, serverText)?.module

    private companion object {
        fun missing(
            command: String,
            text: String,
        ): CommandInfo? {
            if (!text.startsWith("ERR unknown command")) return null
            return CommandTable.commands[command]?.takeIf { it.module != null }
        }

        fun remedy(
            command: String,
            text: String,
        ): String =
            when (text.substringBefore(' ')) {
                "ERR" -> missing(command, text)?.let(::remedyOfModule).orEmpty()
                "NOAUTH" -> "\n  Give a password: redis://:password@host:port or redis://user:password@host:port."
                "WRONGPASS" -> "\n  Likely cause: user or password is wrong. The user is 'default' unless named."
                "WRONGTYPE" -> "\n  Likely cause: the key holds a value of another kind. TYPE key says which."
                "READONLY" -> "\n  Likely cause: this is a replica. Connect to its primary."
                "OOM" -> "\n  The server is at maxmemory: delete keys, let them expire, or choose a maxmemory-policy."
                "MOVED", "ASK" -> "\n  This is one node of a cluster, and the key belongs to another one."
                else -> ""
            }

        fun remedyOfModule(info: CommandInfo): String =
            "\n  Likely cause: the server has not loaded the module ${info.module}, or one that is older than " +
                "${info.since}.\n  MODULE LIST says which it has. Redis 8 brings it along; an older server loads it: " +
                "redis-server --loadmodule FILE, or the image redis/redis-stack-server."
    }
}

/**
 * There is no connection, or it was lost before the reply. [wasSent]: the command may or may not have had its effect.
 */
public class RedisConnectionException(
    message: String,
    public val wasSent: Boolean,
    cause: Throwable? = null,
) : RedisFailure(message, cause)

/** No reply within the time for it. [wasSent]: the command may still have its effect; its reply will be dropped. */
public class RedisTimeoutException(
    public val command: String,
    public val timeout: Duration,
    public val wasSent: Boolean,
    detail: String,
) : RedisFailure(
        "$command: no reply within $timeout" +
            (if (wasSent) ", it was sent" else ", it was not sent") + detail,
    )

/** The thread that waited for a reply in Java's blocking form was interrupted. The command may still have its effect. */
public class RedisInterruptedException(
    cause: InterruptedException,
) : RedisFailure("interrupted while it waited for a reply; the command may or may not have had its effect", cause)

/** More commands wait for a connection than may. */
public class RedisOverloadException(
    message: String,
) : RedisFailure(message)

/** The commands of a [transaction] were not executed because a watched key was changed, as often as it was tried. */
public class RedisTransactionException(
    public val attempts: Int,
) : RedisFailure(
        "the transaction was given up: a watched key changed in each of $attempts attempts.\n" +
            "  Likely cause: many writers of the same key. Allow more attempts, or use a script, which needs no watching.",
    )

/** What the links of Redis clients throw. */
internal class RedisFailures private constructor(
    private val server: String?,
) : ClientFailures {
    override val protocol: String get() = "RESP"

    override fun disconnected(
        message: String,
        wasSent: Boolean,
        cause: Throwable?,
    ) = RedisConnectionException(
        if (server == null || server in message) message else "$server: $message",
        wasSent,
        cause,
    )

    override fun timedOut(
        command: String,
        timeout: Duration,
        wasSent: Boolean,
        detail: String,
    ) = RedisTimeoutException(command, timeout, wasSent, detail)

    override fun overloaded(message: String) = RedisOverloadException(message)

    companion object {
        private val UNNAMED = RedisFailures(null)

        /** Those of [server], which each names; null is the only one there is. */
        fun of(server: String?): RedisFailures = if (server == null) UNNAMED else RedisFailures(server)
    }
}

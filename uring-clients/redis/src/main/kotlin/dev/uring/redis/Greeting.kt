package dev.uring.redis

import dev.uring.client.Link
import dev.uring.redis.codec.Command
import dev.uring.redis.codec.CommandWriter
import dev.uring.redis.session.ReplySession

/**
 * What is said on a new connection before anything else: protocol and password, then database and names. Two round
 * trips, because a server that does not know HELLO is spoken to in another way.
 *
 * Source: Redis HELLO, AUTH, SELECT, CLIENT SETNAME, CLIENT SETINFO (since 7.2; an older server's refusal is no fault).
 */
internal class Greeting(
    private val link: RedisLink,
    private val side: RedisSide,
) {
    private val config = side.config
    private var isRefused = false

    fun begin() {
        if (config.protocol == RespVersion.RESP2) authenticate() else hello()
    }

    private fun hello() {
        val writer = side.writer(HELLO).arg(3)
        config.password?.let { writer.arg("AUTH").arg(config.username ?: DEFAULT_USER).arg(it) }
        ask(writer) { error ->
            when {
                error == null -> settle()
                config.protocol == RespVersion.AUTO && isUnknown(error) -> authenticate()
                else -> refuse(HELLO, error)
            }
        }
    }

    private fun authenticate() {
        val password = config.password ?: return settle()
        val writer = side.writer(AUTH)
        config.username?.let(writer::arg)
        ask(writer.arg(password)) { error -> if (error == null) settle() else refuse(AUTH, error) }
    }

    private fun settle() {
        // Not with AUTH in one packet: after a refused AUTH these would be refused as well, and hide why.
        config.clientName?.let { ask(side.writer(SETNAME).arg(it)) { } }
        ask(side.writer(SETINFO).arg("LIB-NAME").arg("uring")) { }
        if (config.database == 0) {
            ask(side.writer(SETINFO).arg("LIB-VER").arg(LIBRARY_VERSION)) { ready() }
        } else {
            ask(side.writer(SELECT).arg(config.database.toLong())) { error ->
                if (error == null) ready() else refuse(SELECT, error)
            }
        }
    }

    private fun ready() {
        if (isRefused) return
        // A RESP2 subscriber's messages are plain arrays: nothing but their place tells them from replies.
        if (link.kind == Link.Kind.SUBSCRIBER) (link.session as? ReplySession)?.expectPushes()
        link.greeted()
    }

    private fun refuse(
        command: Command,
        error: String,
    ) {
        if (isRefused) return
        isRefused = true
        link.refused(RedisException(command.name(), error))
    }

    private fun ask(
        writer: CommandWriter,
        whenAnswered: (String?) -> Unit,
    ) {
        link.writeAhead(InternalRequest(side, writer, whenAnswered))
    }

    // NOPROTO: a server or proxy that has HELLO and no RESP3.
    private fun isUnknown(error: String): Boolean = error.startsWith("NOPROTO") || "unknown command" in error

    companion object {
        val PING: Command = Command.of("PING", Command.IDEMPOTENT)
        private val HELLO = Command.of("HELLO", Command.CONNECTION)
        private val AUTH = Command.of("AUTH", Command.CONNECTION)
        private val SELECT = Command.of("SELECT", Command.CONNECTION)
        private val SETNAME = Command.of("CLIENT SETNAME", Command.CONNECTION)
        private val SETINFO = Command.of("CLIENT SETINFO", Command.CONNECTION)
        private const val DEFAULT_USER = "default"
        private const val LIBRARY_VERSION = "0.1.0"
    }
}

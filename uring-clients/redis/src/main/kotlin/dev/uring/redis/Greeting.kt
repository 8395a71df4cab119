package dev.uring.redis

import dev.uring.client.Link
import dev.uring.redis.cache.CacheConfig
import dev.uring.redis.cache.TrackingMode
import dev.uring.redis.codec.Command
import dev.uring.redis.codec.CommandWriter
import dev.uring.redis.codec.ReplyReader
import dev.uring.redis.commands.ServerRole
import dev.uring.redis.session.ReplySession

/**
 * What is said on a new connection before anything else: protocol and password, then database, names, and what the
 * connection is for. Two round trips, because a server that does not know HELLO is spoken to in another way.
 *
 * Source: Redis HELLO, AUTH, SELECT, CLIENT SETNAME, CLIENT SETINFO (since 7.2; an older server's refusal is no fault),
 * READONLY, CLIENT TRACKING, ROLE.
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
        ask(writer) { error, _ ->
            when {
                error == null -> settle(RESP3)
                config.protocol == RespVersion.AUTO && isUnknown(error) -> authenticate()
                else -> refuse(HELLO, error)
            }
        }
    }

    private fun authenticate() {
        val password = config.password ?: return settle(RESP2)
        val writer = side.writer(AUTH)
        config.username?.let(writer::arg)
        ask(writer.arg(password)) { error, _ -> if (error == null) settle(RESP2) else refuse(AUTH, error) }
    }

    private fun settle(protocol: Int) {
        // Not with AUTH in one packet: after a refused AUTH these would be refused as well, and hide why.
        config.clientName?.let { tell(side.writer(SETNAME).arg(it)) }
        tell(side.writer(SETINFO).arg("LIB-NAME").arg("uring"))
        if (config.database != 0) demand(side.writer(SELECT).arg(config.database.toLong()))
        if (side.use.readsAsReplica) demand(side.writer(READONLY))
        if (link === side.shared) side.use.cache?.let { track(it, protocol) }
        side.use.role?.let(::expect)
        // Replies come in order: when this one is there, so are the others.
        ask(side.writer(SETINFO).arg("LIB-VER").arg(LIBRARY_VERSION)) { _, _ -> ready() }
    }

    private fun track(
        cache: CacheConfig,
        protocol: Int,
    ) {
        if (protocol ==
            RESP2
        ) {
            return refuse(TRACKING, "a cache hears of changes in RESP3 only, and RESP2 is spoken here")
        }
        val writer = side.writer(TRACKING).arg("ON")
        if (cache.mode == TrackingMode.BROADCAST) writer.arg("BCAST")
        for (prefix in cache.prefixes) writer.arg("PREFIX").arg(prefix)
        demand(writer)
    }

    private fun expect(role: ConnectionUse.Role) =
        ask(side.writer(ROLE)) { error, reader ->
            if (error != null) return@ask refuse(ROLE, error)
            val present = ServerRole.reply.read(reader)
            // Not refused: the next attempt is to another server, or this one becomes what it should be.
            if (!isRefused && !role.isThatOf(present)) {
                isRefused = true
                link.lose(
                    RedisConnectionException(
                        "${config.place}: the server is no ${role.name.lowercase()}: $present",
                        false,
                    ),
                )
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

    private fun tell(writer: CommandWriter) = ask(writer) { _, _ -> }

    private fun demand(writer: CommandWriter) {
        val command = writer.command()
        ask(writer) { error, _ -> if (error != null) refuse(command, error) }
    }

    private fun ask(
        writer: CommandWriter,
        whenAnswered: (String?, ReplyReader) -> Unit,
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
        private val READONLY = Command.of("READONLY", Command.CONNECTION)
        private val TRACKING = Command.of("CLIENT TRACKING", Command.CONNECTION)
        private val ROLE = Command.of("ROLE")
        private const val RESP2 = 2
        private const val RESP3 = 3
        private const val DEFAULT_USER = "default"
        private const val LIBRARY_VERSION = "0.1.0"
    }
}

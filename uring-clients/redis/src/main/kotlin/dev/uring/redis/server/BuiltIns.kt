package dev.uring.redis.server

import dev.uring.redis.codec.RespReplyEncoder
import dev.uring.socket.Endpoint
import java.net.SocketAddress

private const val SERVER_NAME = "uring"

// Clients choose by this what they may send: the Redis whose behaviour is kept.
private const val COMPATIBLE_VERSION = "7.0.0"

private val NOT_A_PROTOCOL_NUMBER = RespError("ERR Protocol version is not an integer or out of range")
private val NO_SUCH_PROTOCOL = RespError("NOPROTO unsupported protocol version")
private val NO_SUCH_USER = RespError("WRONGPASS invalid username-password pair or user is disabled.")
private val NO_SUCH_DATABASE = RespError("ERR DB index is out of range")
private val NOT_A_NAME = RespError("ERR Client names cannot contain spaces, newlines or special characters.")

/** Declares what every client expects of a server, whatever the server is for. */
internal fun <S> RespCommands<S>.declareBuiltIns() {
    command("PING", arity = -1) {
        when (count) {
            1 -> reply.simple("PONG")
            2 -> reply.bulk(arg(1))
            else -> failArity()
        }
    }
    command("ECHO", arity = 2) { reply.bulk(arg(1)) }
    command("QUIT", arity = -1) {
        reply.ok()
        client.close()
    }
    command("RESET", arity = 1) {
        client.reset()
        reply.simple("RESET")
    }
    command("SELECT", arity = 2) {
        if (long(1) != 0L) throw NO_SUCH_DATABASE
        reply.ok()
    }
    command("HELLO", arity = -1) { hello() }
    // The beginning of an HTTP request that a web page has been made to send here: end it before its body is obeyed.
    for (name in listOf("POST", "HOST:")) {
        command(name, arity = -1) {
            reply.error("ERR not an HTTP server")
            client.close()
        }
    }
    declareClientCommands()
    declareCommandCommands()
}

private fun <S> RespCall<S>.hello() {
    val wanted = if (count > 1) long(1, otherwise = NOT_A_PROTOCOL_NUMBER) else client.protocol.toLong()
    if (wanted !in RespReplyEncoder.RESP2..RespReplyEncoder.RESP3) throw NO_SUCH_PROTOCOL
    var name: String? = null
    var at = 2
    while (at < count) {
        when {
            // There are no users and no passwords: like Redis without any, let the default user in with whatever it says.
            isWord(at, "AUTH") && at + 2 < count -> {
                if (text(at + 1) != "default") throw NO_SUCH_USER
                at += 3
            }

            isWord(at, "SETNAME") && at + 1 < count -> {
                name = clientName(at + 1)
                at += 2
            }

            else -> {
                fail("ERR Syntax error in HELLO option '${latin1(at)}'")
            }
        }
    }
    name?.let { client.name = it }
    client.protocol = wanted.toInt()
    reply.protocol = client.protocol
    reply.map(7)
    pair("server", SERVER_NAME)
    pair("version", COMPATIBLE_VERSION)
    reply.bulk("proto")
    reply.integer(client.protocol)
    reply.bulk("id")
    reply.integer(client.id)
    pair("mode", "standalone")
    pair("role", "master")
    reply.bulk("modules")
    reply.array(0)
}

private fun <S> RespCall<S>.pair(
    key: String,
    value: String,
) {
    reply.bulk(key)
    reply.bulk(value)
}

// Printable and without blanks, because CLIENT LIST and logs put names into lines of words.
private fun <S> RespCall<S>.clientName(index: Int): String =
    latin1(index).also { name -> if (name.any { it !in '!'..'~' }) throw NOT_A_NAME }

private fun <S> RespCommands<S>.declareClientCommands() {
    command("CLIENT ID", arity = 2) { reply.integer(client.id) }
    command("CLIENT SETNAME", arity = 3) {
        client.name = clientName(2)
        reply.ok()
    }
    command("CLIENT GETNAME", arity = 2) { if (client.name.isEmpty()) reply.nil() else reply.bulk(client.name) }
    command("CLIENT SETINFO", arity = 4) {
        val attribute = text(2).lowercase()
        if (attribute != "lib-name" && attribute != "lib-ver") fail("ERR Unrecognized option '${latin1(2)}'")
        client.libraryInfo[attribute] = clientName(3)
        reply.ok()
    }
    command("CLIENT INFO", arity = 2) {
        val library = client.libraryInfo
        reply.verbatim(
            "id=${client.id} addr=${client.remoteAddress.hostAndPort()} laddr=${client.localAddress.hostAndPort()} " +
                "name=${client.name} db=0 resp=${client.protocol} user=default " +
                "lib-name=${library["lib-name"].orEmpty()} lib-ver=${library["lib-ver"].orEmpty()}\n",
        )
    }
}

private fun SocketAddress?.hostAndPort(): String = this?.let(Endpoint::text).orEmpty()

private fun <S> RespCommands<S>.declareCommandCommands() {
    command("COMMAND", arity = -1) {
        reply.array(commands.size)
        commands.values.forEach(::describe)
    }
    command("COMMAND COUNT", arity = 2) { reply.integer(commands.size) }
    command("COMMAND LIST", arity = -2) {
        reply.array(commands.size)
        commands.keys.forEach(reply::bulk)
    }
    command("COMMAND INFO", arity = -2) {
        val names = if (count == 2) commands.keys.toList() else (2 until count).map { text(it).lowercase() }
        reply.array(names.size)
        for (name in names) commands[name]?.let(::describe) ?: reply.nilArray()
    }
    // Help texts are Redis's own; clients that find none here fall back to theirs.
    command("COMMAND DOCS", arity = -2) { reply.map(0) }
}

private val <S> RespCall<S>.commands: Map<String, RespCommand<S>> get() = table.all

// As Redis 7: name, arity, flags, first, last and step of the keys, ACL categories, tips, key specifications, subcommands.
private fun <S> RespCall<S>.describe(command: RespCommand<S>) {
    reply.array(10)
    reply.bulk(command.name)
    reply.integer(command.arity)
    reply.set(0)
    reply.integer(command.keyFirst)
    reply.integer(command.keyLast)
    reply.integer(command.keyStep)
    reply.set(0)
    reply.array(0)
    reply.array(0)
    val subcommands = command.subcommands?.all.orEmpty()
    reply.array(subcommands.size)
    subcommands.values.forEach(::describe)
}

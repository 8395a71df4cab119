package dev.uring.redis.commands

import java.io.InputStream
import java.io.OutputStream
import java.net.Socket
import java.net.StandardProtocolFamily
import java.net.UnixDomainSocketAddress
import java.nio.channels.Channels
import java.nio.channels.SocketChannel
import java.nio.file.Path

/** The plainest client there can be: what it learns of the server owes nothing to the client under test. */
internal class WireClient private constructor(
    private val connection: AutoCloseable,
    input: InputStream,
    private val output: OutputStream,
) : AutoCloseable {
    private val input = input.buffered()

    private constructor(channel: SocketChannel) :
        this(channel, Channels.newInputStream(channel), Channels.newOutputStream(channel))

    constructor(socket: Socket) : this(socket, socket.getInputStream(), socket.getOutputStream())

    constructor(url: String) : this(
        SocketChannel.open(StandardProtocolFamily.UNIX).apply {
            connect(UnixDomainSocketAddress.of(Path.of(url.removePrefix("unix:"))))
        },
    )

    /** Sends a command and returns its reply as a tree; errors are [IllegalStateException]s. */
    fun ask(vararg words: String): Any? {
        val request = StringBuilder("*${words.size}\r\n")
        for (word in words) request.append("$${word.toByteArray().size}\r\n$word\r\n")
        output.write(request.toString().toByteArray())
        return reply()
    }

    private fun reply(): Any? {
        val line = line()
        val rest = line.substring(1)
        return when (line[0]) {
            '+', ',', '(' -> rest
            ':' -> rest.toLong()
            '#' -> rest == "t"
            '_' -> null
            '-' -> error(rest)
            '$', '=' -> if (rest == "-1") null else bulk(rest.toInt())
            '*', '~', '>' -> if (rest == "-1") null else List(rest.toInt()) { reply() }
            '%' -> (0..<rest.toInt()).associate { reply() to reply() }
            else -> error("no reply begins like \"$line\"")
        }
    }

    private fun bulk(size: Int): String {
        val text = String(input.readNBytes(size))
        input.skipNBytes(2)
        return text
    }

    private fun line(): String =
        buildString {
            while (true) {
                val byte = input.read()
                check(byte >= 0) { "the server closed the connection" }
                if (byte == '\n'.code) return@buildString
                if (byte != '\r'.code) append(byte.toChar())
            }
        }

    override fun close() = connection.close()
}

package dev.uring.launcher

import java.io.ByteArrayOutputStream
import java.io.IOException
import java.io.InputStream
import java.net.SocketAddress
import java.nio.ByteBuffer
import java.nio.channels.Channels
import java.nio.channels.SocketChannel

/** A client that sends bytes as they are and returns replies as they are. */
class RawClient(
    address: SocketAddress,
) : AutoCloseable {
    private val channel = SocketChannel.open(address)
    private val input: InputStream = Channels.newInputStream(channel).buffered(1 shl 16)

    fun send(bytes: ByteArray) {
        val buffer = ByteBuffer.wrap(bytes)
        while (buffer.hasRemaining()) channel.write(buffer)
    }

    fun ask(vararg arguments: String): String {
        send(encode(arguments.toList()))
        return reply() ?: error("closed after ${arguments.toList()}")
    }

    /** One reply as it stands on the wire; null when the server has closed. */
    fun reply(): String? {
        val line = line() ?: return null
        val number = line.drop(1).trimEnd().toIntOrNull() ?: 0
        return when (line[0]) {
            '$', '=' -> if (number < 0) line else line + String(input.readNBytes(number + 2), Charsets.ISO_8859_1)
            '*', '~', '>' -> line + (0 until number).joinToString("") { reply().orEmpty() }
            '%' -> line + (0 until 2 * number).joinToString("") { reply().orEmpty() }
            else -> line
        }
    }

    /** The elements of an array reply of bulk strings. */
    fun askForList(vararg arguments: String): List<String> = elements(ask(*arguments))

    /** Sends [bytes], says that nothing more will be sent, and returns everything until the server closes. */
    fun sendAndReadToEnd(bytes: ByteArray): String {
        val received = ByteArrayOutputStream()
        try {
            send(bytes)
            channel.shutdownOutput()
        } catch (_: IOException) {
            // A server may close before all of it is sent; what it answered lies here.
        }
        try {
            input.transferTo(received)
        } catch (_: IOException) {
            // A server that closes before it has read everything resets the connection; what it answered has come before.
        }
        return received.toString(Charsets.ISO_8859_1)
    }

    override fun close() = channel.close()

    private fun line(): String? {
        val line = ByteArrayOutputStream()
        while (true) {
            val b = input.read()
            if (b < 0) return null
            line.write(b)
            if (b == '\n'.code) return line.toString(Charsets.ISO_8859_1)
        }
    }

    companion object {
        fun encode(arguments: List<String>): ByteArray =
            arguments
                .joinToString("", "*${arguments.size}\r\n") { "$${it.length}\r\n$it\r\n" }
                .toByteArray(Charsets.ISO_8859_1)

        /** The bulk strings in a flat array reply. */
        fun elements(reply: String): List<String> =
            buildList {
                var at = reply.indexOf("\r\n") + 2
                while (at < reply.length) {
                    val line = reply.indexOf("\r\n", at)
                    val size = reply.substring(at + 1, line).toInt()
                    add(reply.substring(line + 2, line + 2 + size))
                    at = line + size + 4
                }
            }
    }
}

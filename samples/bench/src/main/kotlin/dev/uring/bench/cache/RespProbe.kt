package dev.uring.bench.cache

import java.io.BufferedInputStream
import java.io.IOException
import java.net.InetAddress
import java.net.Socket

/**
 * A blocking client for a few commands: what it takes to fill a cache before a round and to look at it afterwards.
 *
 * Replies as Kotlin values: simple string and bulk string → [String], integer → [Long], nil → null; an error reply is a
 * [RespError].
 */
class RespProbe(
    port: Int,
) : AutoCloseable {
    private val socket = Socket(InetAddress.getLoopbackAddress(), port).apply { soTimeout = REPLY_MILLIS }
    private val input = BufferedInputStream(socket.getInputStream())

    /** Sends one command and reads its reply. */
    fun call(vararg words: String): Any? {
        val request =
            buildString {
                append("*${words.size}\r\n")
                words.forEach { append("\$${it.length}\r\n$it\r\n") }
            }
        socket.getOutputStream().write(request.toByteArray(Charsets.ISO_8859_1))
        val line = readLine()
        return when (line.first()) {
            '+' -> line.drop(1)
            ':' -> line.drop(1).toLong()
            '-' -> throw RespError("${words.first()}: ${line.drop(1)}")
            '$' -> readBulk(line.drop(1).toInt())
            else -> throw RespError("${words.first()}: not understood: $line")
        }
    }

    private fun readBulk(bytes: Int): String? {
        if (bytes < 0) return null
        val value = String(input.readNBytes(bytes), Charsets.ISO_8859_1)
        readLine()
        return value
    }

    private fun readLine(): String {
        val line = StringBuilder()
        while (!line.endsWith("\r\n")) {
            val byte = input.read()
            if (byte < 0) throw IOException("the server closed the connection after \"$line\"")
            line.append(byte.toChar())
        }
        return line.dropLast(2).toString()
    }

    override fun close() = socket.close()

    private companion object {
        const val REPLY_MILLIS = 10_000
    }
}

/** The server answered with an error. */
class RespError(
    message: String,
) : Exception(message)
